// User, item and time of a row as expressions and nested keys, and rows that `events.where` leaves out before anything else.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { checkData } from "../../runtime/data/check/check.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { derivedFeatures } from "../../runtime/data/derived-features.ts";
import { openEvents } from "../../runtime/data/events.ts";
import { openItems } from "../../runtime/data/items.ts";
import { learnVocabulary } from "../../runtime/data/learn-vocabulary.ts";
import { readHistories } from "../../runtime/data/samples.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { shopModel, writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";
import { t0 } from "../kit/prepared.ts";

afterAll(cleanUp);

function bound(files: Readonly<Record<string, string>>, yaml: string) {
  const folder = temporary();
  writeFiles(folder, files);
  return parseBinding(yaml, join(folder, "data.yaml"));
}

/** User, item, time and number of every row that is left. */
async function rows(binding: ReturnType<typeof parseBinding>): Promise<unknown[][]> {
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const events = await openEvents(source, binding, null);
    const found: unknown[][] = [];
    const select = `SELECT "#user" AS u, "#item" AS i, "#time" AS t, "#row"::INTEGER AS r FROM (${events.select}) ORDER BY "#row"`;
    for await (const { columns } of source.stream(select, 100, events.explain())) {
      await events.checkTimes(columns.t as ArrayLike<number | null>);
      for (let row = 0; row < columns.u.length; row++) {
        found.push([columns.u[row], columns.i[row], columns.t[row], columns.r[row]]);
      }
    }
    return found;
  } finally {
    source.close();
  }
}

const log = ["user,site,item,day,clock,event", "7,a,1,2020-09-13,12:26:40,click", "8,b,2,2020-09-14,00:00:00,view", ""];
const expressions = `events: {file: e.csv, user: "concat(site, ':', user)", item: "item * 10", time: "strptime(concat(day, ' ', clock), '%Y-%m-%d %H:%M:%S')"`;

describe("user, item and time", () => {
  it("take an expression each, in files with headings and without", async () => {
    const due = [
      ["a:7", 10n, t0, 0],
      ["b:8", 20n, 1600041600, 1],
    ];
    expect(await rows(bound({ "e.csv": log.join("\n") }, `${expressions}}`))).toEqual(due);
    const bare = `${expressions}}`.replaceAll(/user,|site|item \*|\bday|clock|user\)/g, (name) =>
      name === "user)"
        ? "column0)"
        : ({ site: "column1", "item *": "column2 *", day: "column3", clock: "column4" }[name] ?? name),
    );
    expect(await rows(bound({ "e.csv": log.slice(1).join("\n") }, bare))).toEqual(due);
  });

  it.each(["", ', where: "click IS NOT NULL"'])(
    "take nested keys of JSON lines%s; a column of that name wins",
    async (where) => {
      const line = (id: number | string, item: number, more: object = {}) =>
        `${JSON.stringify({ user: { id, "a b": 1 }, json: { video: { id: item } }, at: { ms: (t0 + item) * 1000 }, click: 1, ...more })}\n`;
      const yaml = `events: {file: e.jsonl, user: user.id, item: "json.video.id", time: {column: at.ms, unit: ms}${where}}`;
      expect(await rows(bound({ "e.jsonl": line(5, 1) + line(6, 2) }, yaml))).toEqual([
        [5n, 1n, t0 + 1, 0],
        [6n, 2n, t0 + 2, 1],
      ]);
      const texts = await rows(bound({ "e.jsonl": line("0017", 1) + line("x", 2) }, yaml));
      expect(texts.map(([user]) => user)).toEqual(["0017", "x"]);
      const named = await rows(bound({ "e.jsonl": line(5, 1, { "user.id": 9 }) }, yaml));
      expect(named.map(([user]) => user)).toEqual([9n]);
    },
  );

  it("take nested keys of Parquet, whatever is in their names, and texts that say a time", async () => {
    const folder = temporary();
    const struct = `{'ü"k': 3, 'when': '2020-09-13T20:26:40+08:00'}`;
    await ask(`COPY (SELECT 1 AS "a'b", ${struct} AS "order") TO '${join(folder, "e.parquet")}'`);
    const yaml = `events: {file: e.parquet, user: "a'b", item: 'struct_extract("order", ''ü"k'')', time: order.when}`;
    expect(await rows(parseBinding(yaml, join(folder, "d.yaml")))).toEqual([[1n, 3n, t0, 0]]);
  });

  const one = { "e.jsonl": `${JSON.stringify({ user: { id: 1 }, item: 1, ts: t0, text: '{"a": 1}' })}\n` };
  it.each([
    ["usr", /events\.user|data\.yaml:1:\d+: .*e\.jsonl has no column `usr`; did you mean `user`/],
    ["USER", /has no column `USER`; did you mean `user`/],
    [
      "user.uid",
      /data\.yaml:1:\d+: `user\.uid`: the objects in column `user` of .* have no such key; they are STRUCT\(id BIGINT\)/,
    ],
    ["text.a", /holds VARCHAR, and no objects with keys; of JSON in a text write `text ->> '\$\.a'`/],
    ["no such column", /has no column `no such column`/],
    ["nothing.id", /has no column `nothing\.id`/],
    ["md5(item", /`md5\(item` is no SQL expression/],
    ["random()", /calls `random`, which is another value in each run/],
    ["current_user", /has no column `current_user`/],
    ["item; DROP TABLE x", /has no column `item; DROP TABLE x`/],
    ["(item); DROP TABLE x", /is no SQL expression|is more than one expression/],
    ["(SELECT 1)", /has a query in it/],
    ["row_number() OVER ()", /has a window/],
    ["#1", /has no column `#1`/],
    ["(#1)", /is no expression over the columns of one row/],
    ["it\\0em", /has the character NUL in it/],
    ["[item]", /holds INTEGER\[\]|holds BIGINT\[\]/],
  ])("refuse %s with the place and the way out", async (user, message) => {
    await expect(rows(bound(one, `events: {file: e.jsonl, user: "${user}", item: item, time: ts}`))).rejects.toThrow(
      message,
    );
  });

  it("name the row whose value does not fit, counted in its file", async () => {
    const files = { "a.csv": "u,item,ts\n1,1,1600000000\n", "b.csv": "u,item,ts\n1,2,1600000001\n1,x,1600000002\n" };
    const yaml = (item: string, time = "ts + 0") =>
      `events: {file: "*.csv", user: u, item: "${item}", time: "${time}", where: "item <> '1'"}`;
    await expect(rows(bound(files, yaml("try_cast(item AS DOUBLE) / 4")))).rejects.toThrow(
      /b\.csv, row 1, column `try_cast\(item AS DOUBLE\) \/ 4`: this value does not fit; whole numbers of 64 bits are due, and it is "0\.5"/,
    );
    await expect(rows(bound(files, yaml("item", "nullif(ts, 1600000002)")))).rejects.toThrow(
      /b\.csv, row 2, column `nullif\(ts, 1600000002\)`: the time is missing/,
    );
  });
});

describe("events.where", () => {
  const manifest = readManifest(built(shopModel("vocabulary(max: 10, min_count: 1, dim: 4, key: true)")));
  const shop = (where: string) =>
    bound(
      {
        "e.csv": `user,sku,ts,event,recall\n${[
          ["u1", "a", 0, "view"],
          ["u1", "b", 1, "buy"],
          ["", "bad", 2, "view"],
          ["u1", "c", 3, ""],
          ["u1", "b", 4, "buy"],
          ["u2", "d", 5, "buy"],
        ]
          .map(([user, sku, at, event]) => `${user},${sku},${t0 + Number(at)},${event},1\n`)
          .join("")}`,
      },
      `events: {file: e.csv, user: user, item: sku, time: ts${where}}\ncolumns: {predict.buy: "user <> 'u2'"}`,
    );
  const bought = `, where: "event = 'buy'"`;

  it("leaves rows out before anything: samples, histories, items, vocabularies; rows keep their numbers", async () => {
    const binding = shop(bought);
    expect((await rows(binding)).map(([user, item, , row]) => [user, item, row])).toEqual([
      ["u1", "b", 1],
      ["u1", "b", 4],
      ["u2", "d", 5],
    ]);
    const seen: unknown[] = [];
    for await (const { requests } of readHistories(binding, manifest)) {
      for (const request of requests) {
        seen.push([...request.rows, [...(request.history.bought.item as string[])]]);
      }
    }
    expect(seen.toSorted()).toEqual([
      [1, []],
      [4, ["b"]],
      [5, []],
    ]);
    const source = await Source.open({ reads: boundFiles(binding) });
    try {
      const features = manifest.features.filter(({ group }) => group === "item");
      const items = await openItems(source, binding, features, "string");
      expect(await items.check()).toBe(2);
      expect(await learnVocabulary(features[0], binding, source, "string")).toEqual(["b", "d"]);
    } finally {
      source.close();
    }
  });

  it("says how many of how many", async () => {
    const report = await checkData(shop(bought), null);
    expect(report.dropped).toEqual({ rows: 3, of: 6 });
    expect(report.events).toBe(3);
    expect((await checkData(shop(`, where: "user IS NOT NULL"`), null)).dropped).toEqual({ rows: 1, of: 6 });
    await expect(checkData(shop(`, where: "event = 'sale'"`), null)).rejects.toThrow(
      /data\.yaml:1:\d+: `event = 'sale'` holds for none of the 6 rows of .*e\.csv: nothing is left/,
    );
    // The row without a user is counted in the file, not among those that are left.
    await expect(checkData(shop(`, where: "sku <> 'a'"`), null)).rejects.toThrow(
      /e\.csv, row 3, column `user`: the event has no user/,
    );
  });

  it.each([
    ["event", /`event` is VARCHAR; a condition \(true or false\) is due/],
    ["evnt = 'buy'", /which has no column `evnt`; did you mean `event`/],
    ["random() < 0.5", /another value in each run/],
  ])("refuses %s", async (where, message) => {
    await expect(rows(shop(`, where: "${where}"`))).rejects.toThrow(message);
  });

  it("and expressions are no features that a request must bring, unless a feature is bound to one", async () => {
    const binding = bound(
      { "e.jsonl": `${JSON.stringify({ user: { id: 1 }, sku: 1, ts: t0, n: { x: 1 } })}\n` },
      `events: {file: e.jsonl, user: user.id, item: sku, time: ts}\ncolumns: {candidate.recall: "user.id"}`,
    );
    expect(await derivedFeatures(binding, manifest.features)).toEqual([
      { feature: "candidate.recall", kind: "sql", sql: "user.id" },
    ]);
  });
});
