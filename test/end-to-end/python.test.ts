// examples/python/rank.py, written from docs/artefacts.md alone, against `twin rank --json`: every kind of feature, index,
// stored precision and miss, on folders that are built here.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { CompileOptions } from "../../compiler/index.ts";
import type { LearnedNumbers } from "../../contract/learned-numbers.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { builtModels, small } from "../kit/built-models.ts";
import { buildInto, cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { fine, root } from "../kit/cli.ts";
import { long } from "../kit/effort.ts";
import { needs, python } from "../kit/needs.ts";
import { rankSource } from "../kit/rank-model.ts";
import { rawItems, rawRequest, words } from "../kit/raw-request.ts";

const program = join(root, "examples/python/rank.py");

interface Answer {
  readonly scores: Readonly<Record<string, readonly number[]>>;
  readonly logits: Readonly<Record<string, readonly number[]>>;
}

interface Ordered extends Answer {
  readonly order: readonly number[];
}

/** What the program prints for a request, or says before it ends with 1. */
function ranked(dir: string, request: string): { readonly answer: Ordered | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(python(), [program, dir, request], { encoding: "utf8" });
  return status === 0 ? { answer: JSON.parse(stdout), said: stderr } : { answer: null, said: stderr };
}

/** Candidates from best to worst, equal ones in their order. */
const bestFirst = (scores: readonly number[]): number[] =>
  scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);

/** Both programs rank a request alike. */
async function alike(dir: string, manifest: Manifest, request: unknown, name: string): Promise<void> {
  const file = join(dir, "..", "request.json");
  writeFileSync(file, JSON.stringify(request));
  const { answer, said } = ranked(dir, file);
  expect(answer, `${name}: ${said}`).not.toBeNull();
  const { stdout } = await fine(["rank", dir, "--request", file, "--json"]);
  const expected: Answer = JSON.parse(stdout);
  for (const { name: label } of manifest.labels) {
    for (const kind of ["scores", "logits"] as const) {
      const [found, due] = [answer?.[kind][label] ?? [], expected[kind][label]];
      expect(found.length).toBe(due.length);
      found.forEach((value, i) => {
        const apart = Math.abs(value - due[i]);
        expect(apart, `${name}, ${kind} of ${label}, candidate ${i}`).toBeLessThanOrEqual(
          1e-5 * Math.max(1, Math.abs(due[i])),
        );
      });
    }
  }
  const scores = expected.scores[manifest.labels[0].name];
  const order = bestFirst(scores);
  // Two versions of ONNX Runtime may turn round what float32 hardly tells apart.
  expect(
    order.every((candidate, place) => {
      const found = answer?.order[place] ?? -1;
      return found === candidate || Math.abs(scores[found] - scores[candidate]) < 1e-6;
    }),
    `${name}: ${answer?.order.join()} where ${order.join()} is due`,
  ).toBe(true);
}

interface Case {
  readonly source: string;
  readonly texts?: boolean;
  /** Items that the tables hold. */
  readonly covered?: number;
  readonly options?: Partial<CompileOptions>;
}

const itemCount = 120;

async function folder({ source, texts = false, covered, options = {} }: Case) {
  const dir = buildInto(join(temporary(), "build"), source, options);
  const manifest: Manifest = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
  const items = rawItems(manifest, itemCount, texts);
  await writeTables(dir, items.keys, items.columns, covered === undefined ? {} : { covered });
  return { dir, manifest, items };
}

/** Two histories, a table each, and every kind of feature; what is learned was learned. */
const everything: Case = {
  source: readFileSync(join(root, "test/good/everything.twin"), "utf8"),
  texts: true,
  covered: 80,
  options: {
    vocabularies: new Map(["item.brand", "item.colours"].map((name) => [name, words])),
    numbers: new Map<string, LearnedNumbers>([
      ["context.heat", { kind: "scale", mean: 0.5, deviation: 2 }],
      ["context.fare", { kind: "edges", edges: [0.5, 1, 40.25], quantiles: 20 }],
    ]),
  },
};

/** What is computed from the request's time. */
const clock: Case = { source: readFileSync(join(root, "test/good/clock.twin"), "utf8"), covered: 80 };

const more = (type: string, onMiss: string) => rankSource(`precision: ${type} on_miss: ${onMiss}`);

const withoutClusters = builtModels().filter(
  ([, { item }]) => !item.features.some(({ encoder }) => encoder.kind === "centroid"),
);

const cases: Readonly<Record<string, Case>> = {
  everything,
  clock,
  "everything, its embeddings outside the graphs": {
    ...everything,
    options: { ...everything.options, outside: "all" },
  },
  ...Object.fromEntries(
    ["float32", "float16", "uint8"].flatMap((type) =>
      ["mask", "zero", "compute"].map((onMiss) => [`${type}, ${onMiss}`, { source: more(type, onMiss), covered: 60 }]),
    ),
  ),
  "two parts in a row": {
    source: more("uint8", "compute").replace("of: relevance.keys", "of: [relevance.keys, interest.values]"),
    covered: 60,
    options: { outside: "all" },
  },
  ...Object.fromEntries(
    withoutClusters.map(([name]): [string, Case] => {
      const text = (path: string) => small(readFileSync(join(root, "models", path), "utf8"));
      return [
        `models/${name}.twin`,
        { source: "", options: { resolve: (path) => text(path === "small.twin" ? `${name}.twin` : path) } },
      ];
    }),
  ),
};

const now = 1_700_000_000;

describe("examples/python/rank.py", needs("python"), () => {
  afterAll(cleanUp);

  it.each(Object.entries(cases))("ranks as `twin rank` does: %s", async (name, one) => {
    const { dir, manifest, items } = await folder(one);
    const longest = Math.max(10, ...manifest.histories.map(({ max }) => max)) + 20;
    const steps = manifest.features.some(({ encoder }) => encoder.kind === "elapsed" && encoder.unit === "steps");
    const time = steps ? 1000 : now;
    const sizes = [
      { seed: 1, behaviours: 0, candidates: 3, time },
      { seed: 2, behaviours: 3, candidates: 1, ...(!steps && { time }) },
      { seed: 3, behaviours: longest, candidates: 25, time: steps ? time : "2023-11-14T22:13:20" },
    ];
    // All but the longest of two models, and without behaviours of each way of a miss: each size is a start of Python.
    const tried = sizes.filter(
      ({ seed }) => long || seed === 3 || /everything|clock/.test(name) || (seed === 1 && /^float32|twin/.test(name)),
    );
    for (const size of tried) {
      await alike(dir, manifest, rawRequest(manifest, items, size), `${name}, seed ${size.seed}`);
    }
  });

  it("refuses a generation with a flipped bit in any of its files, and tables of other weights", async () => {
    const { dir, manifest, items } = await folder({ source: more("float16", "mask") });
    const request = join(dir, "..", "request.json");
    writeFileSync(request, JSON.stringify(rawRequest(manifest, items, { seed: 1, behaviours: 3, candidates: 2 })));
    const generation = join(dir, "tables/generations/1");
    expect(ranked(dir, request).answer).not.toBeNull();
    for (const file of ["keys.index", "items.store", "video_keys.table", "generation.json"]) {
      const path = join(generation, file);
      const sound = readFileSync(path);
      for (const place of [9, Math.floor(sound.length / 2), sound.length - 20]) {
        const damaged = Buffer.from(sound);
        damaged[place] ^= 1;
        writeFileSync(path, damaged);
        expect(ranked(dir, request), `${file}, byte ${place}`).toMatchObject({ answer: null });
      }
      writeFileSync(path, sound);
    }
    await writeTables(dir, items.keys, items.columns, { producer: "0".repeat(64) });
    expect(ranked(dir, request).said).toContain("other weights");
  });
});

const good = (name: string) => readFileSync(join(root, `test/good/${name}.twin`), "utf8");
const clusters = `model clusters
item { id: id(vocab: 40, dim: 2, key: true) cover: pretrained(size: 2) }
history seen { of: item max: 9 }
search near { from: seen by: cluster(item.cover, groups: 3) keep: 2 }
attend interest { over: near by: mean }
tower rating { input: [interest] hidden: [] predict { click: binary } }`;

it.each([
  ["gaps", good("gaps")],
  ["stats", good("stats")],
  ["clusters", clusters],
])("examples/python/rank.py says what it does not count: %s", needs("python"), async (_, source) => {
  const { dir, manifest, items } = await folder({ source });
  const request = join(dir, "..", "request.json");
  writeFileSync(
    request,
    JSON.stringify(rawRequest(manifest, items, { seed: 1, behaviours: 3, candidates: 2, time: now })),
  );
  const { answer, said } = ranked(dir, request);
  expect(answer).toBeNull();
  expect(said).toMatch(
    /^rank\.py neither counts behaviours nor finds clusters, as `\w+` does: rank with Twin itself\n$/,
  );
});

describe("the program", () => {
  it("is at most 200 lines of what it says it needs", () => {
    const text = readFileSync(program, "utf8");
    expect(text.split("\n").length - 1).toBeLessThanOrEqual(200);
    const imported = [...text.matchAll(/^(?:import|from) (.*)$/gm)].flatMap(([, names]) => names.split(", "));
    const standard = ["datetime", "functools", "hashlib", "json", "math", "pathlib", "re", "sys", "time", "zoneinfo"];
    expect(imported.filter((name) => !standard.includes(name))).toEqual(["numpy as np", "onnxruntime", "xxhash"]);
  });
});
