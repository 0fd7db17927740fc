// The whole life of a page, bundled for a browser and run in a realm that has nothing of Node: data are made, a model compiled
// and trained, stopped and resumed, its table written, requests measured. What comes out, Node's own rooms open and agree with.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { readBinding } from "../../runtime/data/binding.ts";
import { openDataset } from "../../runtime/data/prepare/open.ts";
import { prepareDataset } from "../../runtime/data/prepare/prepare.ts";
import { evaluateHitRate } from "../../runtime/evaluate/hit-rate.ts";
import { generate } from "../../runtime/example/generate.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import type { Batch, Dataset, Part } from "../../runtime/learn/dataset.ts";
import { LocalTwin } from "../../runtime/serve/twin.ts";
import { openFile } from "../../runtime/session/session-node.ts";
import { commitGeneration, nextGeneration } from "../../runtime/store/generation-commit.ts";
import { writeGeneration } from "../../runtime/store/generation-file.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import type { Life, live, OpenBuild } from "../kit/host-free-program.ts";

afterAll(cleanUp);

const size = { users: 30, items: 250, behaviours: 90, categories: 12, seed: 3 };
const cover = 4;
const source = `model page

item {
  video_id: hashed(buckets: 400, dim: 8, key: true)
  category: id(vocab: 100, dim: 8)
  topics:   tags(vocab: 500, max: 8, dim: 4)
  cover:    pretrained(size: ${cover})
}

user {
  user_id: hashed(buckets: 100, dim: 4)
  age:     bucketed(at: [18, 25, 35, 50], dim: 4)
}

context {
  hour: id(vocab: 24, dim: 4)
  tab:  id(vocab: 12, dim: 4)
  day:  weekday(zone: "Europe/Berlin", dim: 4)
}

candidate {
  recall_score: number(scale: none)
}

history watched {
  of:  item
  max: 60
  cross {
    ago:      elapsed(at: [1h, 1d, 7d, 30d], dim: 4)
    progress: bucketed(at: [10%, 50%, 90%], dim: 4)
    liked:    flag(dim: 4)
    place:    place(at: [2, 5, 20], dim: 4)
    gap:      gap(on: item.category, at: [1h, 1d], dim: 4)
  }
}

metric relevance {
  query: item
  keys:  watched.item
  bias:  watched.cross
  heads: 2
  dim:   8
}

search nearest {
  from: watched
  by:   relevance
  keep: 10
}

attend interest {
  over: nearest
  by:   relevance
}

tower ranking {
  input:  [interest, item, user, context, candidate]
  hidden: [32]
  predict {
    click: binary
    like:  binary(weight: 0.5, where: click)
  }
}

table video_keys {
  of:        relevance.keys
  precision: float32
  on_miss:   mask
}

train {
  embeddings: adagrad(rate: 0.1)
  dense:      adam(rate: 5e-3)
  batch:      64
  epochs:     4
}
`;

/** Writes a build to a folder, and opens its graphs there. */
const folders: string[] = [];
const open: OpenBuild = (files) => {
  const dir = join(temporary(), "build");
  folders.push(dir);
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  }
  return async (path) => {
    const session = await openFile(join(dir, path), { providers: ["cpu"], threads: 1, warn: () => undefined });
    const ours = (data: ArrayLike<number>, dtype: string) =>
      dtype === "float32" ? Float32Array.from(data) : Int32Array.from(data);
    return {
      provider: "cpu",
      run: (feeds) =>
        session.run(
          Object.fromEntries(
            Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
              name,
              { dtype, shape: [...shape], data: ours(data, dtype) } as never,
            ]),
          ),
        ),
      close: () => session.close(),
    };
  };
};

/** A realm with what every browser's worker has, and nothing else. */
const browser = {
  AbortController,
  TextEncoder,
  TextDecoder,
  performance,
  MessageChannel,
  structuredClone,
  setTimeout,
  console,
};

/** A module's text as an expression: only modules may wait at their top level. */
function asFunction(module: string): string {
  return `(async () => {${module.replace(/export \{\s*live\s*\};\s*$/, "return { live };")} })()`;
}

let life: Life;
let left: readonly string[];
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "../kit/host-free-program.ts")],
    bundle: true,
    write: false,
    format: "esm",
    legalComments: "none",
    platform: "browser",
    target: "es2022",
    define: { TWIN_VERSION: '"0"' },
  });
  const realm = createContext({ ...browser });
  // What the realm encodes is of its own arrays, as in a browser.
  runInContext(
    "const Outer = TextEncoder; globalThis.TextEncoder = class extends Outer { encode(text) { return Uint8Array.from(super.encode(text)); } };",
    realm,
  );
  const program: { readonly live: typeof live } = await runInContext(asFunction(outputFiles[0].text), realm);
  left = ["process", "Buffer", "require", "setImmediate", "global"].filter((name) =>
    runInContext(`typeof ${name} !== "undefined"`, realm),
  );
  life = await program.live({ source, size, cover, steps: 60, requests: 12, open });
}, 120_000);

describe("without a host", () => {
  it("nothing of Node was at hand", () => {
    expect(left).toEqual([]);
  });

  it("a model learns the planted interests, as far as data go", () => {
    const [before, half, after] = life.aucs;
    expect(life.aucs).toHaveLength(3);
    expect(half).toBeGreaterThan(before);
    expect(before).toBeGreaterThan(0.35);
    expect(before).toBeLessThan(0.65);
    expect(after).toBeGreaterThan(before + 0.05);
    expect(after).toBeLessThan(life.bestAuc + 0.05);
  });

  it("a run that goes on from a checkpoint ends with the same bytes as one that never stopped", () => {
    const [straight, resumed] = life.checkpoints;
    expect(straight.length).toBeGreaterThan(10_000);
    expect(Buffer.compare(straight, resumed)).toBe(0);
    const [all, stopped, wentOn] = life.ends;
    expect([all, wentOn]).toEqual(["all steps", "all steps"]);
    expect(stopped).toBe("after step 30 of 60; the checkpoint is in page. Go on from its last checkpoint");
  });

  it("and logs the same, but for the time that it took", () => {
    const timeless = life.logs.map((lines) =>
      lines.map(({ seconds: _seconds, samples_per_second: _pace, ...line }) => line),
    );
    expect(timeless[1]).toEqual(timeless[0]);
    expect(timeless[0].map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(timeless[0].flatMap(({ step, validation }) => (validation ? [[step, validation.auc]] : []))).toEqual([
      [30, life.aucs[1]],
      [60, life.aucs[2]],
    ]);
  });

  it("a search finds part of what attention looks at, and its table has every behaviour", () => {
    const [rate] = life.hitRates;
    expect(rate).toMatchObject({ search: "nearest", lists: 12 * 8, wanted: 12 * 8 * 10 });
    // One metric, one table with its weights: what is kept is what the oracle keeps.
    expect(rate.hits + rate.tied).toBeGreaterThanOrEqual(rate.wanted);
    expect(rate.found).toBe(rate.looked);
  });
});

describe("what it wrote", () => {
  it("is a build with tables that Node loads, and measures alike", async () => {
    const dir = folders[folders.length - 1];
    const { number, partial } = nextGeneration(dir);
    for (const [file, bytes] of [
      ["video_keys.table", life.table],
      ["items.store", life.store],
      ["keys.index", life.index],
    ] as const) {
      writeFileSync(join(partial, file), bytes);
    }
    const manifest = readManifest(dir);
    const { model, step, fingerprints } = manifest;
    writeGeneration(partial, {
      format: 2,
      number,
      model,
      made_at: new Date(0).toISOString(),
      step,
      items: size.items,
      key: { feature: "video_id", type: "int64" },
      fingerprints: {
        producer: fingerprints.producer,
        metric: fingerprints.metric,
        encoders: encodersFingerprint(manifest),
      },
      tables: { video_keys: { file: "video_keys.table", rows: size.items + 1, coverage_reached: null } },
      index: "keys.index",
      store: "items.store",
    });
    commitGeneration(dir, number, partial);
    const twin = await LocalTwin.open(dir, { threads: 1, maxStaleness: Number.MAX_SAFE_INTEGER });
    const requests = life.requests.map((one) => structuredClone(one));
    expect(await evaluateHitRate(twin, requests)).toEqual(life.hitRates.map((rate) => ({ ...rate })));
    const [first] = requests;
    const prepared = await twin.prepare(first.prepare);
    expect((await prepared.rank(first.rank)).scores.click).toHaveLength(8);
    await twin.close();
  });
});

describe("a log in memory", () => {
  it("gives the samples that preparing the same log gives, value for value", async () => {
    const dir = temporary();
    await generate({ dir, ...size, cover });
    const manifest = readManifest(folders[0]);
    const binding = readBinding(join(dir, "data.yaml"));
    const { folder } = await prepareDataset(binding, manifest, join(dir, "cache"), { vocabularies: new Map() });
    const stored = await openDataset(folder);
    for (const part of ["training", "validation", "test"] as const) {
      expect(bySample(life.dataset, part)).toEqual(bySample(stored, part));
    }
    expect(life.dataset.items.count).toBe(stored.items.count);
    for (const [name, column] of Object.entries(stored.items.columns)) {
      expect([...life.dataset.items.columns[name]], name).toEqual([...column]);
    }
    expect([...life.dataset.items.occurrences]).toEqual([...stored.items.occurrences]);
    stored.close();
  });
});

/** Every sample as plain numbers, by the row of the log that it is of. */
function bySample(dataset: Dataset, part: Part) {
  const all: Batch = dataset.batch(
    part,
    Uint32Array.from({ length: dataset.count(part) }, (_, i) => i),
    {},
  );
  const cut = (values: Int32Array | Float32Array, row: number) => {
    const width = values.length / all.rows;
    return [...values.subarray(row * width, (row + 1) * width)].join();
  };
  const { watched } = all.histories;
  return new Map(
    Array.from({ length: all.rows }, (_, row) => {
      const history = [
        watched.item,
        ...Object.keys(watched.cross)
          .sort()
          .map((name) => watched.cross[name]),
      ];
      const sample = {
        candidate: all.candidate[row],
        time: all.time[row],
        length: watched.lengths[row],
        history: history.map((values) => cut(values, row)),
        single: Object.keys(all.single)
          .sort()
          .map((name) => [name, cut(all.single[name], row)]),
        labels: Object.keys(all.labels)
          .sort()
          .map((name) => [name, all.labels[name][row]]),
      };
      return [all.row[row], sample] as const;
    }).sort(([a], [b]) => a - b),
  );
}
