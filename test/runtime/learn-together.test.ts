// What is learned of many features in few scans of the data is what is learned of each alone, whatever it is read from, and so is
// what is said where one of them cannot be read.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { dataModel } from "../../cli/data-model.ts";
import { compile } from "../../compiler/index.ts";
import { type Binding, boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { countEntries } from "../../runtime/data/count-entries.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { learnNumbers } from "../../runtime/data/learn-numbers.ts";
import { learnVocabularies } from "../../runtime/data/learn-vocabularies.ts";
import { heldValues, inFewScans } from "../../runtime/data/shared-scans.ts";
import { TrainingData, type ValuesOfRows } from "../../runtime/data/training-values.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";
import { t0 } from "../kit/prepared.ts";

afterAll(cleanUp);

const model = `model shop

item {
  sku:    vocabulary(max: 20, min_count: 1, dim: 4, key: true)
  price:  number(scale: standard)
  weight: bucketed(at: quantiles(4), dim: 2)
  brand:  vocabulary(max: 9, min_count: 1, dim: 2)
  labels: tags(vocabulary: 9, min_count: 2, max: 3, dim: 2)
}

user {
  city: vocabulary(max: 5, min_count: 1, dim: 2)
  age:  number(scale: standard)
}

context {
  tab:  vocabulary(max: 9, min_count: 1, dim: 2)
  wait: number(scale: standard)
  deep: bucketed(at: quantiles(3), dim: 2)
}

history bought {
  of:  item
  max: 10

  cross {
    paid: bucketed(at: quantiles(5), dim: 2)
    way:  vocabulary(max: 9, min_count: 1, dim: 2)
  }
}

metric relevance {
  query: item
  keys:  bought.item
  bias:  bought.cross
  dim:   4
}

search nearest {
  from: bought
  by:   relevance
  keep: 4
}

attend interest {
  over: nearest
  by:   relevance
}

tower ranking {
  input:  [interest, item, user, context]
  hidden: [4]

  predict {
    buy: binary
  }
}
`;
const { model: checked } = compile("shop.twin", { version: "1.0.0", resolve: () => model });
const { features } = dataModel(checked!);

const columns = `CAST(n % 13 AS BIGINT) AS uid, CAST(hash(n) % 17 AS BIGINT) AS sku, ${t0} + n AS ts, n % 3 = 0 AS buy, 't' || hash(n, 1) % 6 AS tab, hash(n, 2) % 1000 / 7.0 AS wait, CASE WHEN n % 11 = 0 THEN NULL ELSE hash(n, 3) % 90 END AS deep, hash(n, 4) % 50 / 4.0 AS paid, 'w' || hash(n, 5) % 4 AS way`;
const items = `n AS sku, n * 1.5 AS price, hash(n, 6) % 100 AS weight, CASE WHEN n = 3 THEN NULL ELSE 'b' || n % 5 END AS brand, 'x' || n % 3 || '|y' || n % 4 AS labels`;

interface Form {
  readonly format?: "csv" | "parquet";
  readonly split?: string;
  /** Whether users and items have files of their own. */
  readonly apart?: boolean;
  readonly rows?: number;
}

const byTime = `split: {by: time, train: ..${t0 + 150}, test: rest}`;

/** A log with all that the model's features are made of. */
async function bound({ format = "csv", split = byTime, apart = true, rows = 200 }: Form = {}): Promise<Binding> {
  const folder = temporary();
  const write = (name: string, sql: string): Promise<unknown> =>
    ask(`COPY (${sql}) TO '${folder}/${name}.${format}' (FORMAT ${format}${format === "csv" ? ", HEADER" : ""})`);
  const log = `SELECT ${columns} FROM range(${rows}) r(n)`;
  const catalogue = `SELECT ${items} FROM range(17) r(n)`;
  const people = "SELECT n AS uid, 'c' || n % 7 AS city, 20 + n * 3 AS age FROM range(13) r(n)";
  const all = `SELECT * FROM (${log}) JOIN (${catalogue}) USING (sku) JOIN (${people}) USING (uid) ORDER BY ts`;
  await write("log", apart ? log : all);
  await write("items", catalogue);
  await write("users", people);
  const others = `items: {file: items.${format}, key: sku}\nusers: {file: users.${format}, key: uid}\n`;
  const yaml = `events: {file: log.${format}, user: uid, item: sku, time: ts}
${apart ? others : ""}columns: {predict.buy: buy, item.labels: {split: {column: labels, by: "|"}}, context.deep: "deep + 1", user.age: {scale: {column: age, by: 0.1}}}
${split}
`;
  return parseBinding(yaml, join(folder, "data.yaml"));
}

async function learned(binding: Binding, most?: number) {
  const told: string[] = [];
  const vocabularies = await learnVocabularies(binding, features, ({ feature }) => told.push(feature), { most });
  const numbers = await learnNumbers(
    binding,
    features,
    ({ feature, values }) => told.push(`${feature} ${values}`),
    most,
  );
  return { vocabularies: [...vocabularies], numbers: [...numbers], told };
}

describe("features that are learned together", () => {
  it.each([
    ["CSV", {}],
    ["Parquet", { format: "parquet" }],
    ["a log alone", { apart: false }],
    ["shares of each user's events", { format: "parquet", split: "split: {by: share, train: 60%, test: rest}" }],
    ["each user's last events", { split: "split: {by: last, test: 2}" }],
  ] satisfies [string, Form][])("are what each is alone, from %s", async (_, form) => {
    const binding = await bound(form);
    const alone = await learned(binding, 1);
    expect(alone.vocabularies.map(([name, entries]) => [name, entries.length > 1])).toEqual(
      ["item.sku", "item.brand", "item.labels", "user.city", "context.tab", "bought.way"].map((name) => [name, true]),
    );
    expect(alone.numbers).toHaveLength(6);
    // Two columns of 200 rows at a time, of the 17 items more, and all.
    for (const most of [450, heldValues]) {
      expect(await learned(binding, most)).toEqual(alone);
    }
  });

  it("have the occurrences of their entries counted alike", async () => {
    const binding = await bound();
    const vocabularies = await learnVocabularies(binding, features);
    const [found] = [await countEntries(binding, features, vocabularies)];
    const tab = features.filter(({ name, key }) => key || name === "context.tab");
    const one = await countEntries(binding, tab, new Map([...vocabularies].filter(([name]) => name === "context.tab")));
    expect(found.get("context.tab")).toEqual(one.get("context.tab"));
    expect(found.get("context.tab")!.reduce((sum, n) => sum + n, 0)).toBe(151);
  });

  it("are read in as few scans as their values allow, and leave no table behind", async () => {
    const binding = await bound();
    const source = await Source.open({ reads: boundFiles(binding) });
    try {
      const training = new TrainingData(source, binding, "int64");
      const all: ValuesOfRows[] = [];
      for (const name of ["context.tab", "item.brand", "context.wait", "bought.way", "item.price", "user.city"]) {
        all.push(await training.values(features.find((one) => one.name === name)!));
      }
      const tables = async (most: number): Promise<string[]> => {
        const from: string[] = [];
        for await (const { sql } of inFewScans(source, all, most)) {
          from.push(/"#values \d+"/.exec(sql)?.[0] ?? "file");
        }
        return from.map((name) => (name === "file" ? name : String([...new Set(from)].indexOf(name))));
      };
      // The users' city is alone in its file.
      expect(await tables(heldValues)).toEqual(["0", "1", "0", "0", "1", "file"]);
      expect(await tables(2 * 151)).toEqual(["0", "1", "0", "file", "1", "file"]);
      expect(await tables(1)).toEqual(Array(6).fill("file"));
      const left = await source.all(`SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '#values%'`);
      expect(left).toEqual([]);
    } finally {
      source.close();
    }
  });
});

describe("a feature that cannot be read", () => {
  it("is named with its row as if it were alone, whoever is learned with it", async () => {
    const folder = temporary();
    const row = (i: number): string =>
      `${i % 3},${i % 5},${t0 + i},1,t,${i === 7 ? "soon" : i},${i === 9 ? "deep" : i},1,w`;
    writeFiles(folder, {
      "log.csv": `uid,sku,ts,buy,tab,wait,deep,paid,way\n${Array.from({ length: 20 }, (_, i) => row(i)).join("\n")}\n`,
    });
    const yaml = `events: {file: log.csv, user: uid, item: sku, time: ts}\ncolumns: {predict.buy: buy, context.wait: "CAST(wait AS DOUBLE)", context.deep: "CAST(deep AS DOUBLE)"}\n`;
    const binding = parseBinding(yaml, join(folder, "data.yaml"));
    const some = features.filter(({ name, key }) => key || name.startsWith("context.") || name.startsWith("bought."));
    const message = async (most?: number): Promise<string> =>
      learnNumbers(binding, some, undefined, most).then(
        () => "",
        (error: Error) => error.message,
      );
    const alone = await message(1);
    expect(alone).toMatch(/soon/);
    expect(await message()).toBe(alone);
  });
});
