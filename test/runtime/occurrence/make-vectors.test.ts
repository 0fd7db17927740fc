// `twin vectors`: planted themes are found again, the future changes nothing, and what a file says of itself is held against
// the samples that read it.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { dataModel } from "../../../cli/data-model.ts";
import { featureSpecs } from "../../../compiler/index.ts";
import { random } from "../../../contract/random.ts";
import {
  checkData,
  learnVocabularies,
  makeVectors,
  prepareDataset,
  readBinding,
  readHistories,
  type VectorOptions,
} from "../../../runtime/data/index.ts";
import { readManifest } from "../../../runtime/host/manifest-file.ts";
import { modelOf } from "../../kit/any-model.ts";
import { built, cleanUp, temporary } from "../../kit/built-twin.ts";
import { writeFiles } from "../../kit/data-files.ts";
import { ask } from "../../kit/database.ts";

afterAll(cleanUp);
const day = 86400;
const begin = 1_500_000_000;

/** Users who watch mostly one of five themes; an item's theme is its number modulo 5. */
function log(days: number, key: (item: number) => string = String): string[] {
  const draw = random(7);
  return Array.from({ length: 60 }, (_, user) => user).flatMap((user) =>
    Array.from({ length: days }, (_, i) => {
      const theme = draw.next() < 0.9 ? user % 5 : draw.below(5);
      return `${user},${key(draw.below(8) * 5 + theme)},${begin + i * day},${draw.below(2)}`;
    }),
  );
}

const heading = "user,movie,at,click";
const yaml = "events: {file: log.csv, user: user, item: movie, time: at}\n";

function folderOf(lines: readonly string[], data = yaml, name = "log.csv"): string {
  const folder = temporary();
  writeFiles(folder, { [name]: [heading, ...lines, ""].join("\n"), "data.yaml": data });
  return folder;
}

const settings = { until: String(begin + 20 * day), dim: 8, window: 5, minCount: 3, shift: 1, seed: 1 } as const;

const make = (folder: string, more: Partial<VectorOptions> = {}) =>
  makeVectors(readBinding(join(folder, "data.yaml")), join(folder, "made"), { ...settings, ...more });

const read = async (folder: string) =>
  (await ask(`SELECT item, vector FROM read_parquet('${folder}/made/vectors.parquet') ORDER BY item`)).map(
    ({ item, vector }) => ({ item, vector: vector as { items: number[] } | number[] as never as number[] }),
  );

const values = (vector: unknown): number[] => (Array.isArray(vector) ? vector : (vector as { items: number[] }).items);

const cosine = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);

describe("vectors of items", () => {
  it("have those of one theme near one another, and are of length 1", async () => {
    const folder = folderOf(log(30));
    const made = await make(folder);
    const rows = (await read(folder)).map(({ item, vector }) => ({ item: Number(item), vector: values(vector) }));
    expect(rows.length).toBe(40);
    expect(made).toMatchObject({ items: 40, without: { alone: 0, rare: 0 } });
    let same = 0;
    for (const { item, vector } of rows) {
      expect(cosine(vector, vector)).toBeCloseTo(1, 5);
      const near = rows
        .filter((one) => one.item !== item)
        .toSorted((a, b) => cosine(b.vector, vector) - cosine(a.vector, vector));
      same += near.slice(0, 7).filter((one) => one.item % 5 === item % 5).length;
    }
    // By chance 7 of 39 neighbours are of the theme.
    expect(same / (40 * 7)).toBeGreaterThan(0.95);
  });

  it("are the same bytes again, and whatever happens at the moment or later, to whomever", async () => {
    const lines = log(20);
    const bytes = async (all: readonly string[]): Promise<string> => {
      const folder = folderOf(all);
      await make(folder);
      return ["vectors.parquet", "vectors.yaml"]
        .map((name) => readFileSync(join(folder, "made", name)).toString("latin1"))
        .join("");
    };
    const first = await bytes(lines);
    expect(await bytes(lines)).toBe(first);
    const at = begin + 20 * day;
    const later = [`3,7,${at},1`, `99,1234,${at + 5},0`, `99,7,${at + 6},0`, `3,8,${at + 0.5},1`];
    expect(await bytes([later[1], ...lines, ...later])).toBe(first);
    // Labels do not count, and what happened before does.
    expect(await bytes(lines.map((line) => line.replace(/.$/, "1")))).toBe(first);
    expect(await bytes([...lines, `3,7,${at - 1},1`])).not.toBe(first);
  });

  it("say what data.yaml and the model need, and data.yaml so written reads them", async () => {
    const folder = folderOf(log(30));
    const made = await make(folder, { until: "2017-08-03" });
    expect(parse(made.needed)).toEqual({
      vectors: { file: "made/vectors.parquet", key: "item" },
      samples_from: "2017-08-03",
    });
    const said = readFileSync(join(folder, "made/vectors.yaml"), "utf8");
    expect(parse(said)).toEqual(made.record);
    expect(said).toContain("#   samples_from: 2017-08-03\n");
    expect(said).toContain("vector: pretrained(size: 8)");
    writeFiles(folder, { "data.yaml": yaml + made.needed });
    const binding = readBinding(join(folder, "data.yaml"));
    expect(binding.samplesFrom).toBe(made.record.until);
    expect(binding.vectors).toEqual({ file: made.path, key: "item" });
  });

  it.each([
    ["texts", (item: number) => `v'"${item} ü`, "VARCHAR"],
    ["numbers beyond 2^53", (item: number) => String(9007199254740993n + BigInt(item)), "BIGINT"],
    ["numbers beyond 64 bits with a sign", (item: number) => String(18446744073709551515n + BigInt(item)), "VARCHAR"],
  ])("have keys that are %s, as they stand in the log, whatever files are called", async (_, key, type) => {
    const quotedKey = (item: number): string => `"${key(item).replaceAll('"', '""')}"`;
    const name = "a [log] 'of' *.csv";
    const folder = folderOf(log(20, quotedKey), yaml.replace("log.csv", JSON.stringify(name)), name);
    const output = join(folder, "it's [made]");
    await makeVectors(readBinding(join(folder, "data.yaml")), output, settings);
    const file = `${output}/vectors.parquet`.replaceAll("'", "''").replace("[", "[[]");
    const rows = await ask(`SELECT item::VARCHAR AS item, typeof(item) AS type FROM read_parquet('${file}')`);
    expect(new Set(rows.map(({ type: found }) => found))).toEqual(new Set([type]));
    expect(rows.map(({ item }) => item).toSorted()).toEqual(Array.from({ length: 40 }, (__, i) => key(i)).toSorted());
  });

  it("are not there for items that are rare", async () => {
    const folder = folderOf([...log(20), `1,777,${begin},1`, `2,777,${begin},1`]);
    const made = await make(folder);
    expect(made.without).toEqual({ alone: 0, rare: 1 });
    expect((await read(folder)).some(({ item }) => Number(item) === 777)).toBe(false);
    expect((await make(folder, { minCount: 2 })).without.rare).toBe(0);
  });

  it("have zeros behind what the pairs have to say", async () => {
    const folder = folderOf(Array.from({ length: 9 }, (_, i) => `1,${1 + (i % 2)},${begin + i},1`));
    const made = await make(folder, { window: 1 });
    expect([made.items, made.rank]).toEqual([2, 2]);
    const [{ vector }] = await read(folder);
    expect(values(vector).slice(2)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it.each([
    ["one item alone", Array.from({ length: 9 }, (_, i) => `1,5,${begin + i},1`), /no two items stand within 5 places/],
    ["nothing before it", [`1,5,${begin + 99 * day},1`], /--until 1501728000: no behaviour lies before it/],
    [
      "rare items alone",
      [`1,5,${begin},1`, `1,6,${begin},1`],
      /no item has 3 behaviours before it; the most frequent has 1: lower --min-count/,
    ],
    ["a time that is missing", [`1,5,,1`, `1,5,${begin},1`], /log\.csv, row 1, column `at`/],
    ["an item that is missing", [`1,,${begin},1`], /log\.csv, row 1, column `movie`: the event has no item/],
  ])("are refused of %s, and nothing is written", async (_, lines, message) => {
    const folder = folderOf(lines);
    await expect(make(folder)).rejects.toThrow(message);
    expect(existsSync(join(folder, "made"))).toBe(false);
  });

  it.each(["events read", "behaviours sorted", "behaviours paired", "pairs multiplied"])(
    "leave nothing where they are stopped at: %s",
    async (task) => {
      const folder = folderOf(log(30));
      const stop = new AbortController();
      const onProgress = (progress: { readonly task: string }): void => {
        if (progress.task === task) {
          stop.abort();
        }
      };
      await expect(make(folder, { onProgress, signal: stop.signal })).rejects.toThrow("nothing was written");
      expect(existsSync(join(folder, "made"))).toBe(false);
    },
  );

  it("are refused for a moment that is none", async () => {
    await expect(make(folderOf(log(3)), { until: "last May" })).rejects.toThrow(/--until: `last May` is no date/);
  });
});

describe("samples before the vectors' moment", () => {
  const themes = `model themes
item { movie: hashed(buckets: 50, dim: 2, key: true) vector: pretrained(size: 8) }
history seen { of: item max: 9 }
search near { from: seen by: inner_product(item.vector) keep: 3 }
attend interest { over: near by: mean }
tower rating { input: [interest] hidden: [] predict { click: binary } }`;
  const model = modelOf(themes);

  async function prepared(more: string, change: (folder: string) => Promise<void> = async () => {}) {
    const folder = folderOf(log(30), `${yaml}vectors: {file: made/vectors.parquet, key: item}\n${more}`);
    await make(folder);
    await change(folder);
    const binding = readBinding(join(folder, "data.yaml"));
    const vocabularies = await learnVocabularies(binding, featureSpecs(model));
    return prepareDataset(binding, dataModel(model), join(folder, "cache"), { vocabularies });
  }

  it("are refused with their number and the way out", async () => {
    await expect(prepared("")).rejects.toThrow(
      /data\.yaml:2:11: item\.vector: these vectors were made of all that happened before 2017-08-03T02:40:00Z, and 1,200 of 1,800 samples lie before it.*`samples_from: 2017-08-03T02:40:00Z`/,
    );
  });

  it("are no samples where samples begin there, and histories still", async () => {
    const { report, spec } = await prepared("samples_from: 2017-08-03T02:40:00Z\n");
    expect(report.parts[0]).toMatchObject({ events: 1800, samples: 600 });
    expect(spec.samples.training).toBe(600);
    expect(report.warnings.join("\n")).not.toContain("vectors");
  });

  const bound = async (more: string) => {
    const folder = folderOf(log(30), `${yaml}vectors: {file: made/vectors.parquet, key: item}\n${more}`);
    await make(folder);
    return readBinding(join(folder, "data.yaml"));
  };
  const from = `samples_from: ${begin + 20 * day}\n`;
  const named = "columns: {predict.click: click}\n";

  it("are refused where rows are scored and where requests are made of them, too", async () => {
    const manifest = readManifest(built(themes));
    const read = async (binding: Awaited<ReturnType<typeof bound>>, samples: "all" | "labelled") => {
      let requests = 0;
      for await (const user of readHistories(binding, manifest, { samples })) {
        requests += [...user.requests].length;
      }
      return requests;
    };
    const [whole, begun] = [await bound(""), await bound(from)];
    for (const samples of ["all", "labelled"] as const) {
      await expect(read(whole, samples)).rejects.toThrow("and 1,200 of 1,800 samples lie before it");
    }
    expect(await read(begun, "labelled")).toBe(600);
    expect(await read(begun, "all")).toBe(1800);
    const vocabularies = await learnVocabularies(begun, featureSpecs(model));
    const score = (binding: typeof whole) =>
      prepareDataset(binding, dataModel(model), join(binding.folder, "cache"), { vocabularies, samples: "all" });
    await expect(score(whole)).rejects.toThrow("and 1,200 of 1,800 samples lie before it");
    await score(begun);
  });

  it("are refused by a check without a model, which knows samples by the labels that the data name", async () => {
    await expect(checkData(await bound(named), null)).rejects.toThrow(
      /data\.yaml:2:11: these vectors were made .*, and 1,200 of 1,800 samples lie before it/,
    );
    expect((await checkData(await bound(named + from), null)).warnings.join("\n")).not.toContain("vectors");
    // No label is named: any row may be a sample.
    expect((await checkData(await bound(""), null)).warnings).toEqual([
      expect.stringContaining("1,200 of 1,800 samples lie before it"),
    ]);
    expect((await checkData(await bound(from), null)).warnings.join("\n")).not.toContain("vectors");
  });

  it("are not looked for in vectors from elsewhere, which say nothing of themselves", async () => {
    const elsewhere = async (folder: string): Promise<void> => {
      const file = join(folder, "made/vectors.parquet");
      await ask(`CREATE TABLE t AS FROM '${file}'; COPY t TO '${file}' (FORMAT parquet)`);
    };
    expect((await prepared("", elsewhere)).report.parts[0].samples).toBe(1800);
  });
});
