// `twin build --target web --budget`: what it builds fits what a page really fetches, is an ordinary build, and says what it costs.
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BudgetSection } from "../../contract/budget-section.ts";
import { smallParityFile } from "../../contract/parity-place.ts";
import { pageBytes } from "../../runtime/build-table/page-bytes.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { load } from "../../runtime/index.ts";
import { openFolder } from "../../runtime/web/folder.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { long } from "../kit/effort.ts";
import { unrulyServer } from "../kit/unruly-server.ts";
import { rankBy, webEngine } from "../kit/web-engine.ts";

const model = (name: string, more: string, table: string) => `model ${name}

item {
  video_id: vocabulary(max: 4k, dim: 16, key: true)
  topics:   tags(vocabulary: 500, max: 8, dim: 8)
  category: id(vocab: 100, dim: 4)
}

user {
  user_id: vocabulary(max: 1k, dim: 8)
}

history watched {
  of:  item
  max: 60
  cross {
    ago:   elapsed(at: [1d, 7d], dim: 4)
    liked: flag(dim: 2)
  }
}

metric relevance { query: item keys: watched.item bias: watched.cross heads: 2 dim: 8 }
${more}
tower ranking {
  input:  [interest, item, user]
  hidden: [16]
  predict { click: binary like: binary }
}
${table}
`;

const searched = model(
  "searched",
  "search nearest { from: watched by: relevance keep: 10 }\nattend interest { over: nearest by: relevance }",
  "table video_keys { of: relevance.keys precision: float32 coverage: 80% on_miss: compute }",
);
const attended = model("attended", "attend interest { over: watched.last(20) by: relevance }", "");

const folder = temporary();
const data = join(folder, "data/data.yaml");
const at = (name: string) => join(folder, name);
const weights = (name: string) => ["--weights", join(at(`${name}-base`), "weights.safetensors")];
const build = (name: string, out: string, ...more: string[]) => [
  "build",
  at(`${name}.twin`),
  "-o",
  out,
  ...weights(name),
  ...more,
];
const budgeted = (name: string, out: string, budget: string | number, ...more: string[]) =>
  build(name, out, "--data", data, "--target", "web", "--budget", String(budget), ...more);

const sectionOf = (dir: string) => readManifest(dir).extensions.budget?.content as BudgetSection | undefined;
/** The exact bytes that a text names. */
const exact = (text: string): number => Number(/\((\d+) bytes\)/.exec(text)?.[1]);

function contents(dir: string, below = ""): Map<string, string> {
  return new Map(
    readdirSync(join(dir, below)).flatMap((name): [string, string][] => {
      const path = below === "" ? name : `${below}/${name}`;
      return statSync(join(dir, path)).isDirectory()
        ? [...contents(dir, path)]
        : [[path, readFileSync(join(dir, path)).toString("base64")]];
    }),
  );
}

beforeAll(async () => {
  await fine(["example", at("data"), "--users", "20", "--items", "300", "--behaviours", "60"]);
  for (const [name, text] of Object.entries({ searched, attended })) {
    writeFileSync(at(`${name}.twin`), text);
    await fine(["build", at(`${name}.twin`), "-o", at(`${name}-base`), "--data", data]);
  }
}, 240_000);
afterAll(cleanUp);

describe.each(["searched", "attended"])("the model %s", (name) => {
  const before = new Map<string, string>();
  let whole: number;
  let least: number;

  beforeAll(async () => {
    for (const [path, bytes] of contents(at(`${name}-base`))) {
      before.set(path, bytes);
    }
    const { stdout } = await fine(budgeted(name, at(`${name}-whole`), "1GB"));
    expect(stdout).toMatch(/nothing was given up/);
    whole = exact(stdout);
    const { stderr } = await refused(1, budgeted(name, at(`${name}-none`), "1kB"), [
      /a page fetches .* \(\d+ bytes\) at the least to rank by this model, and --budget allows 1 kB\. What takes it/,
      /request\.onnx|rank\.onnx/,
      / kB {2}weights\.safetensors\n.* {2}of which /,
      /twin pack DIR --items ids\.txt/,
    ]);
    expect(existsSync(at(`${name}-none`))).toBe(false);
    least = exact(stderr);
  }, 240_000);

  it("as it is: builds what it always builds, with its tables, and leaves the weights alone", async () => {
    const dir = at(`${name}-whole`);
    expect(pageBytes(dir).bytes).toBe(whole);
    expect(sectionOf(dir)).toBeUndefined();
    const plain = contents(at(`${name}-base`));
    const built = contents(dir);
    expect(plain).toEqual(before);
    for (const path of plain.keys()) {
      // The base was drawn, and says so.
      if (/\.onnx$|^vocabularies/.test(path) && !path.startsWith("train/")) {
        expect([path, built.has(path)]).toEqual([path, true]);
      }
    }
    expect(built.has("tables/current")).toBe(true);
  });

  it.each(long ? [0.4, 0.05, 0] : name === "searched" ? [0.05, 0] : [0.05])(
    "fits a budget of the least and %d of what is above it",
    async (share) => {
      const out = at(`${name}-${share}`);
      const budget = Math.round(least + share * (whole - least));
      const { stdout } = await fine(budgeted(name, out, budget));
      const page = pageBytes(out);
      expect(page.bytes).toBeLessThanOrEqual(budget);
      expect(exact(stdout)).toBe(page.bytes);
      await fine(["verify", out]);
      const said = sectionOf(out);
      expect(said).toMatchObject({ target: "web", bytes: budget, counted: true });
      const manifest = readManifest(out);
      for (const { feature, entries, of, lost } of said?.vocabularies ?? []) {
        expect(manifest.vocabularies.find((one) => one.name === feature)?.entries).toBe(entries);
        expect(entries).toBeLessThan(of);
        expect(lost).toBeGreaterThan(0);
        expect(stdout).toContain(`pruned: ${feature}: ${entries} of ${of} entries stay; those that went made up `);
      }
      if (share === 0) {
        // A table has a row behind row 0 in any case: the first entry of a vocabulary takes its line alone.
        expect(said?.vocabularies.map(({ entries }) => entries <= 1)).toEqual([true, true, true]);
      }
      expect(stdout).toMatch(
        /what it costs, on the test part of .* \(120 rows\), before → after:\n {2}click: AUC 0\.\d+ → 0\.\d+ \([+−]0\.\d+\), GAUC /,
      );
      expect(stdout).toMatch(
        name === "searched"
          ? /nearest: hit rate \d+\.\d\d % → \d+\.\d\d % \(/
          : /no hit rate: the model has no search by a metric/,
      );
    },
  );

  it("counts what a page fetches, and ranks there as in Node", async () => {
    const dir = at(`${name}-0.05`);
    const server = await unrulyServer(dir);
    try {
      const folderOf = await openFolder(server.url);
      const engine = webEngine(folderOf);
      const [item] = entriesOf(at(`${name}-whole`), "item.video_id");
      const user = {
        user: { user_id: 1001 },
        time: 1.7e9,
        history: { watched: { item: [item], time: [1.6e9], liked: [true] } },
      };
      const candidates = { candidates: { item: entriesOf(at(`${name}-whole`), "item.video_id").slice(0, 20) } };
      const found = await rankBy(engine, user, candidates);
      const twin = await load(dir, { threads: 1 });
      const { scores } = await (await twin.prepare(user)).rank(candidates);
      await twin.close();
      expect([...found.scores.click]).toEqual([...scores.click]);
      // A row that a table misses is projected only where one is missed: for this the budget has room.
      const counted = pageBytes(dir).files.find(({ path }) => path === "projector.onnx");
      const spared = counted === undefined || server.log.includes(counted.path) ? 0 : counted.bytes;
      expect(folderOf.traffic.network + sizeOf(dir, smallParityFile) + spared).toBe(pageBytes(dir).bytes);
      await engine.sessions.close();
    } finally {
      await server.close();
    }
  });

  it("ranks an item that was left out as one whose key nobody knows", async () => {
    const dir = at(`${name}-0.05`);
    const kept = new Set(entriesOf(dir, "item.video_id"));
    const gone = entriesOf(at(`${name}-whole`), "item.video_id").filter((entry) => !kept.has(entry));
    expect(gone.length).toBeGreaterThan(10);
    const items = { category: gone.map((_, i) => i % 50), topics: gone.map(() => []) };
    const twin = await load(dir, { threads: 1 });
    const user = { user: { user_id: "nobody" }, time: 1.7e9, history: { watched: { item: [], time: [], liked: [] } } };
    const prepared = await twin.prepare(user);
    const logits = async (item: string[]) => [...(await prepared.rank({ candidates: { item, items } })).logits.click];
    const unknown = gone.map((_, i) => String(9e15 + i));
    expect(await logits(gone)).toEqual(await logits(unknown));
    await twin.close();
    const whole = await load(at(`${name}-whole`), { threads: 1 });
    const there = await whole.prepare(user);
    const before = async (item: string[]) => [...(await there.rank({ candidates: { item, items } })).logits.click];
    expect(await before(gone)).not.toEqual(await before(unknown));
    expect(await before(unknown)).toEqual(await (async () => before(gone.map((_, i) => String(8e15 + i))))());
    await whole.close();
  });
});

const sizeOf = (dir: string, path: string): number => statSync(join(dir, path)).size;

function entriesOf(dir: string, feature: string): string[] {
  const [, ...lines] = readFileSync(join(dir, `vocabularies/${feature}.jsonl`), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => JSON.parse(line));
}

it("gives the same bytes again, but for the time in the generation, in a folder that held another build", async () => {
  const [first, again] = [at("searched-0.05"), at("again")];
  cpSync(at("searched-whole"), again, { recursive: true });
  const { bytes } = sectionOf(first)!;
  await fine(budgeted("searched", again, bytes));
  const timeless = (dir: string) =>
    [...contents(dir)].map(([path, content]) => {
      const bytesOf = Buffer.from(content, "base64");
      if (path.endsWith("generation.json")) {
        const { made_at: _, files: __, checksum: ___, ...rest } = JSON.parse(bytesOf.toString());
        return [path, JSON.stringify(rest)];
      }
      // A block file says when it was made in its first 4,096 bytes.
      return [path, path.startsWith("tables/generations/") ? bytesOf.subarray(4096).toString("base64") : content];
    });
  expect(timeless(again)).toEqual(timeless(first));
}, 120_000);

it("leaves the last entries out where there is no data, and says that nothing was measured", async () => {
  const out = at("no-data");
  const plain = (budget: string) => build("searched", out, "--target", "web", "--budget", budget);
  const most = exact((await fine(plain("1GB"))).stdout);
  const { stderr } = await refused(1, plain("1kB"), [/at the least/]);
  const budget = Math.round((exact(stderr) * 9 + most) / 10);
  const { stdout } = await fine(plain(String(budget)));
  expect(pageBytes(out).bytes).toBeLessThanOrEqual(budget);
  expect(stdout).toMatch(/what it costs was not measured: name labelled data by --data data\.yaml/);
  expect(stdout).toMatch(/no tables are built, and none is counted/);
  expect(sectionOf(out)?.counted).toBe(false);
  const kept = entriesOf(out, "item.video_id");
  const all = entriesOf(at("searched-whole"), "item.video_id");
  expect(kept.length).toBeLessThan(all.length);
  expect(kept).toEqual(all.slice(0, kept.length));
  expect(existsSync(join(out, "tables/current"))).toBe(false);
  await fine(["verify", out]);
}, 120_000);

it("refuses what is no size, and options that do not go together", async () => {
  const words = ["build", at("searched.twin"), "-o", at("refused")];
  for (const size of ["8M", "lots", "0", "-8MB", "8MiB", "8,5MB", "1.5"]) {
    await refused(
      2,
      [...words, "--target", "web", `--budget=${size}`],
      [/a size is due, such as 8MB, 512kB or 1\.5GB/],
    );
  }
  await refused(2, [...words, "--budget", "8MB"], [/add --target web/]);
  await refused(2, [...words, "--target", "web"], [/say how many, as in --budget 8MB/]);
  await refused(2, [...words, "--target", "phone", "--budget", "8MB"], [/web/]);
  await refused(
    2,
    [...words, "--target", "web", "--budget", "8MB", "--table-input", "uint8"],
    [/leave out --table-input/],
  );
  expect(existsSync(at("refused"))).toBe(false);
});
