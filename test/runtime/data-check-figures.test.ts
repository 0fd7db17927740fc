// What `data check` counts, each figure held against plain loops over the same rows: collisions of hashes, what is new by part,
// repeats among the ones, the time between events, what tables would keep.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataModel } from "../../cli/data-model.ts";
import { reportText } from "../../cli/data-report.ts";
import { hasher } from "../../contract/hash.ts";
import { random } from "../../contract/random.ts";
import { parseBinding } from "../../runtime/data/binding.ts";
import { RowPairs } from "../../runtime/data/check/row-pairs.ts";
import { checkData, type DataReport } from "../../runtime/data/index.ts";
import { modelOf } from "../kit/any-model.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);
const t0 = 1_600_000_000;
const max = 5;

const text = `model figures

item {
  sku:    hashed(buckets: 40, dim: 4, key: true)
  topics: tags(buckets: 15, max: 2, dim: 4)
}

user {
  user_id: hashed(buckets: 64, dim: 4)
}

context {
  last: hashed(shares: item.sku, buckets: 40)
  both: hashed(buckets: 9, hashes: 2, dim: 4)
}

history seen {
  of:  item
  max: ${max}

  cross {
    ago:  elapsed(at: [1min, 1h], dim: 4)
    kind: hashed(buckets: 2, dim: 4)
  }
}

metric relevance {
  query: item
  keys:  seen.item
  bias:  seen.cross
  dim:   4
}

search nearest {
  from: seen
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
    buy:  binary
    like: binary
    stay: regression
  }
}

table item_keys {
  of:       relevance.keys
  coverage: 80%
}
`;

interface Row {
  readonly user: string;
  readonly sku: number;
  readonly time: number;
  readonly buy: number;
  readonly like: number | null;
  readonly last: number | null;
  readonly kind: string | null;
}

const { below: whole } = random(7);
const skus = Array.from({ length: 60 }, (_, i) => 1000 + 7 * i);
const topics = new Map(skus.map((sku) => [sku, Array.from({ length: whole(4) }, () => `t${whole(25)}`)]));
const kinds = ["a", "b", "c", "d", "e", "f", "g", "h"];
const rows: Row[] = Array.from({ length: 900 }, (_, i) => ({
  // Later users and items are new ones; some items are in no items file.
  user: `u${Math.floor((whole(40) * (300 + i)) / 1200)}`,
  sku: whole(20) === 0 ? 5 : skus[Math.floor(((whole(60) * whole(60)) / 60) * ((500 + i) / 1400))],
  time: t0 + 30 * Math.floor(i / 2) + whole(3000),
  buy: Number(whole(3) === 0),
  like: whole(5) === 0 ? null : Number(whole(2) === 0),
  last: whole(4) === 0 ? null : skus[whole(60)],
  kind: whole(6) === 0 ? null : kinds[whole(8)],
}));
const [trainEnd, validationEnd] = [t0 + 9000, t0 + 12_000];
const partOf = ({ time }: Row): number => (time <= trainEnd ? 0 : time <= validationEnd ? 1 : 2);

let report: DataReport;
let bucket: (text: string, buckets: number, seed?: number) => number;

function bindingOf(labels = "predict.buy: buy, predict.like: like, predict.stay: time") {
  const folder = temporary();
  const cells = rows.map((row) => [
    row.user,
    row.sku,
    row.time,
    row.buy,
    row.like ?? "",
    row.last ?? "",
    row.kind ?? "",
  ]);
  writeFiles(folder, {
    "log.csv": `user_id,sku,time,buy,like,last,kind\n${cells.map((row) => row.join()).join("\n")}\n`,
    "items.csv": `sku,topics\n${skus.map((sku) => `${sku},${topics.get(sku)?.join("|")}`).join("\n")}\n`,
  });
  return parseBinding(
    `events: {file: log.csv, user: user_id, item: sku, time: time}
items: {file: items.csv, key: sku}
columns: {${labels}, context.both: last, seen.kind: {map: {column: kind, values: {a: x, b: x, c: y}, otherwise: z}}, item.topics: {split: {column: topics, by: "|"}}}
split: {by: time, train: ..${trainEnd}, validation: ..${validationEnd}, test: rest}
`,
    join(folder, "data.yaml"),
  );
}

beforeAll(async () => {
  const hashes = await hasher();
  bucket = hashes.bucket;
  report = await checkData(bindingOf(), dataModel(modelOf(text)));
});

/** Occurrences, and those in a row of several values. @param others values of features that share the table */
function collided(values: readonly string[], buckets: number, others: readonly string[] = []) {
  const rows = new Map<number, Set<string>>();
  for (const value of [...values, ...others]) {
    const row = bucket(value, buckets);
    rows.set(row, (rows.get(row) ?? new Set()).add(value));
  }
  const shared = values.filter((value) => (rows.get(bucket(value, buckets))?.size ?? 0) > 1).length;
  return { buckets, occurrences: values.length, shared };
}

describe("collisions of hashes", () => {
  const of = (feature: string) => {
    const found = report.collisions?.find((one) => one.feature === feature);
    return found && { buckets: found.buckets, occurrences: found.occurrences, shared: found.shared };
  };
  const known = rows.filter(({ sku }) => topics.has(sku));
  const last = rows.flatMap(({ last }) => (last === null ? [] : [String(last)]));
  const sku = known.map((row) => String(row.sku));

  it("counts values as often as they occur", () => {
    const expected = collided(
      rows.map(({ user }) => user),
      64,
    );
    expect(expected.shared).toBeGreaterThan(50);
    expect(expected.shared).toBeLessThan(expected.occurrences);
    expect(of("user.user_id")).toEqual(expected);
  });
  it("counts of two hashes the values that share both rows with another, in either order", () => {
    const pair = (value: string) => [bucket(value, 9, 0), bucket(value, 9, 1)].sort().join();
    const values = new Map<string, Set<string>>();
    for (const value of last) {
      values.set(pair(value), (values.get(pair(value)) ?? new Set()).add(value));
    }
    const shared = last.filter((value) => values.get(pair(value))!.size > 1).length;
    expect(shared).toBeGreaterThan(50);
    expect(shared).toBeLessThan(last.length);
    expect(of("context.both")).toEqual({ buckets: 9, occurrences: last.length, shared });
    const ordered = new Set(last.map((value) => [bucket(value, 9, 0), bucket(value, 9, 1)].join()));
    expect(values.size).toBeLessThan(ordered.size);
  });
  it("of more pairs than are held looks at some, whatever came to them", () => {
    const [few, all] = [new RowPairs(1000), new RowPairs()];
    for (let value = 0; value < 40_000; value++) {
      const rows = [1 + bucket(`${value}`, 300, 0), 1 + bucket(`${value}`, 300, 1)] as const;
      for (const pairs of [few, all]) {
        pairs.add("f", rows, value, value < 1000 ? 10 : 1);
      }
    }
    const [some, exact] = [few.found("f"), all.found("f")];
    expect(exact.occurrences).toBe(49_000);
    expect(some.occurrences).toBeLessThan(4000);
    expect(some.shared / some.occurrences).toBeCloseTo(exact.shared / exact.occurrences, 1);
  });
  it("counts an item's value once for each event of it, over all features that read the table", () => {
    const bought = new Set(sku);
    // Rows of items that nobody met hold their values all the same.
    const unmet = skus.map(String).filter((one) => !bought.has(one));
    expect(unmet.length).toBeGreaterThan(0);
    expect(of("item.sku")).toEqual(collided(sku, 40, [...last, ...unmet]));
    expect(of("context.last")).toEqual(collided(last, 40, [...sku, ...unmet]));
  });
  it("counts the tags that are encoded", () => {
    const tags = known.flatMap((row) => topics.get(row.sku)?.slice(0, 2) ?? []);
    const unmet = skus.filter((one) => !sku.includes(String(one))).flatMap((one) => topics.get(one)?.slice(0, 2) ?? []);
    expect(of("item.topics")).toEqual(collided(tags, 15, unmet));
  });
  it("tells values apart after their derivation", () => {
    const kept: Readonly<Record<string, string>> = { a: "x", b: "x", c: "y" };
    const values = rows.map(({ kind }) => kept[kind ?? ""] ?? "z");
    const expected = collided(values, 2);
    expect(expected.shared).toBeGreaterThan(0);
    expect(of("seen.kind")).toEqual(expected);
  });
});

describe("what is new by part", () => {
  it("counts samples whose item or user has no training sample", () => {
    const seen = { items: new Set<number>(), users: new Set<string>() };
    // `stay` is a label that every row has, so every row is a sample.
    for (const row of rows.filter((one) => partOf(one) === 0)) {
      seen.items.add(row.sku);
      seen.users.add(row.user);
    }
    const expected = [1, 2].map((part) => {
      const own = rows.filter((one) => partOf(one) === part);
      return {
        items: own.filter(({ sku }) => !seen.items.has(sku)).length,
        users: own.filter(({ user }) => !seen.users.has(user)).length,
      };
    });
    expect(expected.every(({ items, users }) => items > 0 && users > 0)).toBe(true);
    expect(report.parts.map(({ unseen }) => unseen)).toEqual([undefined, ...expected]);
  });
  it("counts samples alone, and without a model all events", async () => {
    const two = dataModel(modelOf(text.replace(/ {4}(buy|stay): .*\n/g, "")));
    const only = await checkData(bindingOf("predict.like: like"), two);
    const labelled = rows.filter(({ like }) => like !== null);
    const expected = (all: readonly Row[]) =>
      [1, 2].map((part) => {
        const training = all.filter((one) => partOf(one) === 0);
        const own = all.filter((one) => partOf(one) === part);
        return {
          items: own.filter((one) => !training.some(({ sku }) => sku === one.sku)).length,
          users: own.filter((one) => !training.some(({ user }) => user === one.user)).length,
        };
      });
    expect(expected(labelled)).not.toEqual(expected(rows));
    expect(only.parts.slice(1).map(({ unseen }) => unseen)).toEqual(expected(labelled));
    const without = await checkData(bindingOf(), null);
    expect(without.parts.slice(1).map(({ unseen }) => unseen)).toEqual(expected(rows));
    expect([without.collisions, without.tables]).toEqual([undefined, undefined]);
  });
});

describe("repeats among the ones", () => {
  it("are counted by label and part, also where no negatives are drawn", () => {
    const before = (row: Row): boolean =>
      rows.some((one) => one.user === row.user && one.sku === row.sku && one.time < row.time);
    for (const [p, part] of report.parts.entries()) {
      const own = rows.filter((row) => partOf(row) === p);
      const expected = [
        ["buy", own.filter((row) => row.buy === 1 && before(row)).length],
        ["like", own.filter((row) => row.like === 1 && before(row)).length],
        ["stay", undefined],
      ];
      expect(part.labels.map(({ name, repeats }) => [name, repeats])).toEqual(expected);
    }
    expect(report.parts[0].labels[0].repeats).toBeGreaterThan(3);
  });
});

describe("the time between events", () => {
  const gaps = [...new Set(rows.map(({ user }) => user))].flatMap((user) => {
    const times = rows.filter((row) => row.user === user).map(({ time }) => time);
    times.sort((a, b) => a - b);
    return times.slice(1).map((time, i) => time - times[i]);
  });
  gaps.sort((a, b) => a - b);

  it("is told by the least times that so many do not exceed", () => {
    const at = (share: number): number | undefined => gaps.find((_, i) => i + 1 >= share * gaps.length);
    expect(report.between).toEqual({ p5: at(0.05), p25: at(0.25), median: at(0.5), p75: at(0.75), p95: at(0.95) });
  });
  it("is not told where nobody has two events", async () => {
    const folder = temporary();
    writeFiles(folder, { "log.csv": `user_id,sku,time\n1,2,${t0}\n2,2,${t0}\n` });
    const lone = parseBinding(
      "events: {file: log.csv, user: user_id, item: sku, time: time}",
      join(folder, "data.yaml"),
    );
    expect((await checkData(lone, null)).between).toBeUndefined();
  });
});

describe("what tables would keep", () => {
  it("is the share of pairs of a request and a behaviour that find their item", () => {
    const pairs = new Map<number, number>();
    let all = 0;
    for (const now of rows) {
      const past = rows
        .map((row, at) => ({ ...row, at }))
        .filter((row) => row.user === now.user && row.time < now.time)
        .sort((a, b) => b.time - a.time || b.at - a.at)
        .slice(0, max);
      for (const { sku } of past) {
        pairs.set(sku, (pairs.get(sku) ?? 0) + 1);
        all++;
      }
    }
    // What has no row in the items file cannot be held.
    const counts = skus.map((sku) => pairs.get(sku) ?? 0).sort((a, b) => b - a);
    let [items, found] = [0, 0];
    while (found < 0.8 * all && items < counts.length) {
      found += counts[items++];
    }
    expect(items).toBeLessThan(counts.length);
    expect(report.tables).toEqual([
      { table: "item_keys", history: "seen", coverage: 0.8, items, reached: found / all },
    ]);
  });
});

describe("samples that bring their histories", () => {
  const samples = [
    ["1", "2", "7|3|2", "a|b|c", 1],
    ["1", "3", "7|7", "a|d", 1],
    ["2", "4", "", "", 0],
    ["3", "2", "4|2", "e|a", 1],
    ["3", "9", "2|5", "f|c", 1],
    ["4", "2", "2", "a", 0],
  ] as const;
  it.each([true, false])("are counted by their lists (users: %s)", async (users) => {
    const folder = temporary();
    const lines = samples.map(([user, sku, past, kinds, buy], i) => {
      const times =
        past === ""
          ? ""
          : past
              .split("|")
              .map((_, at) => t0 - 1000 + at)
              .join("|");
      return [user, sku, t0 + [0, 1, 2, 100, 100, 200][i], past, kinds, times, buy].join();
    });
    writeFiles(folder, { "log.csv": `user,sku,at,past,kinds,times,buy\n${lines.join("\n")}\n` });
    const binding = parseBinding(
      `samples:
  file: log.csv
${users ? "  user: user\n" : ""}  item: sku
  time: at
  histories: {seen: {item: past, by: "|", newest: last, time: times, columns: {seen.kind: kinds}}}
columns: {predict.buy: buy}
split: {by: time, train: ..${t0 + 50}, validation: ..${t0 + 150}, test: rest}
`,
      join(folder, "data.yaml"),
    );
    const model = text
      .replace(/ {4}(like|stay): .*\n/g, "")
      .replace(/ {2}topics:.*\n/, "")
      .replace(/user \{[^}]*\}|context \{[^}]*\}/g, "")
      .replace("[interest, item, user, context]", "[interest, item]");
    const found = await checkData(binding, dataModel(modelOf(model)));
    expect(found.between).toBeUndefined();
    expect(found.parts.map(({ unseen }) => unseen)).toEqual([
      undefined,
      { items: 1, ...(users && { users: 2 }) },
      { items: 0, ...(users && { users: 1 }) },
    ]);
    expect(found.parts.map(({ labels }) => labels[0].repeats)).toEqual([1, 1, 0]);
    const kinds = samples.flatMap(([, , , list]) => (list === "" ? [] : list.split("|")));
    expect(found.collisions?.find(({ feature }) => feature === "seen.kind")).toEqual({
      feature: "seen.kind",
      ...collided(kinds, 2),
    });
    expect(reportText(found)).toMatch(
      users ? /the item of 50.0 % .*, the user of 100 %/ : /the item of 50.0 % of the samples$/m,
    );
  });
});

describe("the text", () => {
  it("says it in a line each", () => {
    const lines = reportText(report).split("\n");
    for (const line of [
      /^time between events of a user: [\d.]+ (s|min|h) at 5 %, .* in the middle, .* at 95 %$/,
      /^ {2}without a training sample: the item of [\d.]+ % of the samples, the user of [\d.]+ %$/,
      /^ {2}buy: [\d.]+ % ones of \d+; [\d.]+ % of the ones are repeats$/,
      /^share their hashed row with another value, by how often they occur: [a-z_.]+ [\d.]+ %(, [a-z_.]+ [\d.]+ %)+$/,
      /^table item_keys \(coverage 80 %\): \d+ items, found by 8\d(\.\d+)? % of the behaviours$/,
    ]) {
      expect(lines.filter((one) => line.test(one)).length).toBeGreaterThan(0);
    }
  });
});
