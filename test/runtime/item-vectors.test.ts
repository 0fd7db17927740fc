// `vectors:` of data.yaml: what a second file says of items, by their key, whatever the items are read from.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { featureSpecs } from "../../compiler/index.ts";
import { boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { derivedFeatures, learnVocabularies, prepareDataset } from "../../runtime/data/index.ts";
import { type KeyType, openItems } from "../../runtime/data/items.ts";
import { centroidsOf } from "../../runtime/encode/clusters.ts";
import { modelOf } from "../kit/any-model.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);
const model = modelOf(`model covers
item { id: hashed(buckets: 50, dim: 2, key: true) kind: id(vocab: 9, dim: 2) cover: pretrained(size: 2) }
history seen { of: item max: 9 }
search near { from: seen by: cluster(item.cover, groups: 2) keep: 3 }
attend interest { over: near by: mean }
tower rating { input: [interest, item] hidden: [] predict { click: binary } }`);
const specs = featureSpecs(model);
const features = specs.filter(({ group }) => group === "item");

const log = ["user,movie,kind,at,click", "u,7,1,1500000100,1", "u,3,2,1500000200,0", "v,7,1,1500000300,1", ""].join(
  "\n",
);
const movies = ["movie,kind", "9,4", "7,1", "3,2", ""].join("\n");
const vectors = (rows: Readonly<Record<string, readonly number[]>>): string =>
  Object.entries(rows)
    .map(([item, cover]) => `{"item": ${item}, "cover": ${JSON.stringify(cover)}}\n`)
    .join("");
const events = "events: {file: log.csv, user: user, item: movie, time: at}\n";
const beside = "vectors: {file: vectors.jsonl, key: item}\n";

async function read(yaml: string, files: Readonly<Record<string, string>>, keyType: KeyType = "int64") {
  const folder = temporary();
  writeFiles(folder, { "log.csv": log, "movies.csv": movies, ...files });
  const binding = parseBinding(yaml, join(folder, "data.yaml"));
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const items = await openItems(source, binding, features, keyType);
    await items.check();
    const rows = async (ordered?: { join: string; by: string }) => {
      const found: unknown[] = [];
      for await (const { keys, columns } of items.chunks(2048, ordered)) {
        for (let i = 0; i < keys.length; i++) {
          const cover = columns["item.cover"][i] as readonly number[] | null;
          found.push([keys[i], Number(columns["item.kind"][i]), cover === null ? null : [...cover]]);
        }
      }
      return found;
    };
    return { rows: await rows(), backwards: await rows({ join: "", by: '"#row" DESC' }), binding, folder };
  } finally {
    source.close();
  }
}

describe("vectors", () => {
  it("stand beside the items file's rows, in its order, and are missing where no row has the key", async () => {
    const found = await read(`${events}items: {file: movies.csv, key: movie}\n${beside}`, {
      "vectors.jsonl": vectors({ 3: [1, 2], 12: [5, 5], 7: [0, -1] }),
    });
    expect(found.rows).toEqual([
      [9n, 4, null],
      [7n, 1, [0, -1]],
      [3n, 2, [1, 2]],
    ]);
    expect(found.backwards).toEqual([...found.rows].reverse());
  });

  it("stand beside the log's items", async () => {
    const { rows, backwards } = await read(`${events}${beside}`, {
      "vectors.jsonl": vectors({ 3: [1, 2], 9: [3, 3] }),
    });
    expect(rows).toEqual([
      [3n, 2, [1, 2]],
      [7n, 1, null],
    ]);
    expect(backwards).toEqual([...rows].reverse());
  });

  it("stand beside the items of samples that bring their histories", async () => {
    const yaml = `samples: {file: rows.csv, item: movie, time: at, histories: {seen: {item: past, by: "|"}}}\n${beside}`;
    const { rows, binding, folder } = await read(yaml, {
      "rows.csv": "movie,kind,past,at,click\n7,1,3|9,1500000100,1\n3,2,,1500000000,0\n",
      "vectors.jsonl": vectors({ 9: [1, 2] }),
    });
    expect(rows).toEqual([
      [3n, 2, null],
      [7n, 1, null],
      [9n, 0, [1, 2]],
    ]);
    const data = { model: "covers", features: specs, histories: [{ name: "seen", max: 9, cross: [] }], labels: [] };
    const labels = [{ name: "click", kind: "binary" }] as const;
    const vocabularies = await learnVocabularies(binding, specs);
    const { report } = await prepareDataset(binding, { ...data, labels }, join(folder, "cache"), { vocabularies });
    expect(report.features.find(({ name }) => name === "item.cover")).toMatchObject({ values: 3, missing: 2 });
  });

  it("are found by keys that are texts on one side", async () => {
    const { rows } = await read(
      `${events}items: {file: movies.csv, key: movie}\n${beside}`,
      {
        "log.csv": log.replace("v,7", "v,x7"),
        "movies.csv": movies.replace("\n7", "\nx7"),
        "vectors.jsonl": vectors({ 9: [1, 2], '"x7"': [4, 4] }),
      },
      "string",
    );
    expect(rows).toEqual([
      ["9", 4, [1, 2]],
      ["x7", 1, [4, 4]],
      ["3", 2, null],
    ]);
  });

  it("are clustered as the training part's items have them", async () => {
    const yaml = `${events}${beside}split: {by: time, train: ..1500000250, test: rest}\n`;
    const { binding } = await read(yaml, {
      "log.csv": `${log}w,5,1,1500000900,1\n`,
      "vectors.jsonl": vectors({ 3: [1, 2], 7: [-4, 0], 5: [90, 90] }),
    });
    const learned = await learnVocabularies(binding, specs);
    const entries = learned.get("item.cover.cluster_2")!;
    expect([...centroidsOf({ feature: "f", entries }, 2)].toSorted()).toEqual([-4, 0, 1, 2].toSorted());
  });

  it("are columns, not expressions, for whoever serves", async () => {
    const { binding } = await read(
      `${events}items: {file: movies.csv, key: movie}\n${beside}columns: {item.cover: also}`,
      {
        "vectors.jsonl": vectors({ 3: [1, 2] }).replace("cover", "also"),
      },
    );
    expect(await derivedFeatures(binding, specs)).toEqual([]);
  });

  it.each([
    [
      "a key twice",
      { "vectors.jsonl": vectors({ 3: [1, 2] }).repeat(2) },
      "",
      /vectors\.jsonl, column `item`: the key 3 is given more than once/,
    ],
    [
      "a key that is missing",
      { "vectors.jsonl": `${vectors({ 3: [1, 2] })}{"cover": [1, 2]}\n` },
      "",
      /vectors\.jsonl, row 2, column `item`: the item's key is missing/,
    ],
    [
      "a column in both files",
      { "vectors.jsonl": vectors({ 3: [1, 2] }), "log.csv": log.replaceAll("click", "cover") },
      "",
      /data\.yaml:2:1: .*both have a column `cover`, so that item\.cover may be either/,
    ],
    [
      "numbers for texts",
      { "vectors.jsonl": vectors({ '"x"': [1, 2] }) },
      "",
      /vectors\.jsonl, row 1, column `item`: this value does not fit; whole numbers/,
    ],
    ["no such file", {}, "", /data\.yaml:2:11: there is no file .*vectors\.jsonl/],
    [
      "no key",
      { "vectors.jsonl": vectors({ 3: [1, 2] }) },
      "id",
      /data\.yaml:2:32: .*vectors\.jsonl has no column `id`/,
    ],
  ])("refuse %s", async (_, files, key, message) => {
    const yaml = `${events}${key === "" ? beside : beside.replace("key: item", `key: ${key}`)}`;
    await expect(read(yaml, files as Record<string, string>)).rejects.toThrow(message);
  });
});
