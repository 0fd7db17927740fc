// SQL in data.yaml: one expression over a row's own columns, and nothing that reaches further or is another value each time.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { checkData } from "../../runtime/data/check/check.ts";
import { countItems } from "../../runtime/data/counts.ts";
import { quoted, Source } from "../../runtime/data/database/source.ts";
import { requireExpression } from "../../runtime/data/expression.ts";
import { openRelation, type Relation } from "../../runtime/data/relation.ts";
import { expression } from "../../runtime/data/resolve.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { refused } from "../kit/cli.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";

const folder = temporary();
const file = join(folder, "e.jsonl");
let source: Source;
let relation: Relation;

const row = {
  a: 3,
  b: "x-y",
  ts: "2020-09-13 12:26:40",
  l: [1, 2],
  s: { f: 5 },
  user: "u",
  'we"ird\nname': 1,
  "a b": 2,
};

beforeAll(async () => {
  writeFiles(folder, { "e.jsonl": `${JSON.stringify(row)}\n` });
  source = await Source.open({ reads: [file] });
  relation = await openRelation(source, file, "here");
});
afterAll(() => {
  source.close();
  cleanUp();
});

const value = async (text: string): Promise<unknown> => {
  const sql = await requireExpression(source, relation, text, "d.yaml:3:5");
  const [found] = await source.all(`SELECT CAST(${sql} AS VARCHAR) AS v FROM ${relation.sql()}`);
  return found.v;
};

describe("an expression of data.yaml", () => {
  it.each([
    ["a >= 3", "true"],
    ["a > 1 -- what was liked", "true"],
    ["a + /* two */ 2", "5"],
    ["-- first a word\n a", "3"],
    ["a\n  + 1", "4"],
    ["(a) + (1)", "4"],
    ["a - -1", "4"],
    ["a IS NOT NULL AND (b = 'x-y' OR a IN (1, 2))", "true"],
    ["a BETWEEN 1 AND 2 + 1", "true"],
    ["case when a = 3 then 'three' else b end", "three"],
    ["CAST(a AS DOUBLE) / 2", "1.5"],
    ["A::VARCHAR || '''; DROP'", "3'; DROP"],
    ["hour(CAST(ts AS TIMESTAMP))", "12"],
    ["extract(year from CAST(ts AS TIMESTAMP))", "2020"],
    ["strptime('13/09/2020', '%d/%m/%Y')", "2020-09-13 00:00:00"],
    ["CAST(ts AS TIMESTAMP) AT TIME ZONE 'Asia/Shanghai'", "2020-09-13 04:26:40+00"],
    ["CAST(ts AS TIMESTAMP) + INTERVAL 1 DAY", "2020-09-14 12:26:40"],
    ["age(TIMESTAMP '2020-01-02', TIMESTAMP '2020-01-01')", "1 day"],
    ["list_transform(l, x -> x + a)", "[4, 5]"],
    ["list_transform(l, lambda x, i: x * i)", "[1, 4]"],
    ["[x + 1 for x in l if x > 1]", "[3]"],
    ["list_sum(l)", "3"],
    ["list_aggr(l, 'max')", "2"],
    ["l[1]", "1"],
    ["len(l)", "2"],
    ["s.f", "5"],
    ["s['f']", "5"],
    ["to_json(s)->'$.f'", "5"],
    ["to_json(s)->>'f'", "5"],
    ["split_part(b, '-', 2)", "y"],
    ["nullif(a, 3)", null],
    ["coalesce(NULL, a)", "3"],
    ["if(a > 2, 1, 0)", "1"],
    ["b.upper()", "X-Y"],
    ["b LIKE 'x%' ESCAPE '!'", "true"],
    ["regexp_extract(b, '(.)-', 1)", "x"],
    ["{'n': a}", "{'n': 3}"],
    ["user", "u"],
    [quoted('we"ird\nname'), "1"],
    ['"a b" * 2', "4"],
    ["$$it's$$", "it's"],
    ["E'a\\'b'", "a'b"],
    ["1e999 > a", "true"],
    ["12345678901234567890123 > a", "true"],
    ["TRY_CAST('x' AS INTEGER)", null],
  ])("may say %j", async (text, due) => {
    expect(await value(text)).toBe(due);
  });

  it.each([
    ["true); COPY (SELECT 1) TO 'out.csv'; SELECT (true", /is no SQL expression: syntax error at or near "\)"/],
    ["true) FROM read_text('/etc/passwd'); SELECT (true", /is no SQL expression/],
    ["a) + (a", /is no SQL expression/],
    ["a, a", /is more than one expression/],
    ["a; SELECT 1", /is more than one expression/],
    ["a;", /is no SQL expression/],
    ["a FROM read_text('/etc/passwd')", /is more than one expression/],
    ["a WHERE true", /is more than one expression/],
    ["a UNION SELECT 2", /is more than one expression/],
    ["a LIMIT 1", /is more than one expression/],
    ["a ORDER BY a", /is more than one expression/],
    ["DISTINCT a", /is more than one expression/],
    ["a GROUP BY ALL", /is (no SQL|more than one) expression/],
    ["a HAVING true", /is more than one expression/],
    ["a QUALIFY true", /is more than one expression/],
    ["a USING SAMPLE 10%", /is more than one expression/],
    ["a INTO x", /is no SQL expression/],
    ["", /is (no SQL|more than one) expression/],
    ["-- a", /is (no SQL|more than one) expression/],
    ["a /* open", /is no SQL expression/],
    ["'open", /is no SQL expression/],
    ['"open', /is no SQL expression/],
    ["$$open", /is no SQL expression/],
    ["$x$ a $$", /is no SQL expression/],
    ["a AS b", /gives itself the name `b`/],
    ["b: a", /gives itself the name `b`/],
    ["*", /stands for many columns/],
    ["* EXCLUDE (a)", /stands for many columns/],
    ["COLUMNS('a')", /stands for many columns/],
    ["COLUMNS(*) + 1", /stands for many columns/],
    ["?", /has a parameter/],
    ["$1", /has a parameter/],
    ["#1", /is no expression over the columns/],
    ["default", /is no (SQL )?expression/],
    ["(SELECT content FROM read_text('/etc/passwd'))", /has a query in it/],
    ["EXISTS (FROM glob('/*'))", /has a query in it/],
    ["a IN (SELECT 1)", /has a query in it/],
    ["a = ANY (SELECT 1)", /has a query in it/],
    ["ARRAY(SELECT 1)", /has a query in it/],
    ["list_transform(l, x -> (SELECT x))", /has a query in it/],
    ["case when (WITH t AS (SELECT 1) SELECT * FROM t) = 1 then a end", /has a query in it/],
    ["format_type(1, 2)", /calls `format_type`, which has a query in it/],
    ["row_number() OVER ()", /has a window, which looks at other rows/],
    ["lag(a) OVER (ORDER BY ts)", /has a window/],
    ["sum(a)", /calls the aggregate `sum`, which looks at other rows/],
    ["count(*)", /calls the aggregate/],
    ["max(a) FILTER (a > 1)", /calls the aggregate `max`/],
    ["geomean(a)", /calls the aggregate `avg`/],
    ["unnest(l)", /calls `unnest`, which makes a table/],
    ["generate_subscripts(l, 1)", /makes a table/],
    ["read_text('/etc/passwd')", /calls `read_text`, which makes a table/],
    ["glob('/*')", /calls `glob`, which makes a table/],
    ["getenv('HOME')", /calls `getenv`, and there is no such function/],
    ["nosuch(a)", /calls `nosuch`, and there is no such function/],
    ["random()", /calls `random`, which is another value in each run/],
    ["RANDOM()", /calls `random`/],
    ["main.random() < 0.5", /calls `random`/],
    ["system.main.random()", /calls `random`/],
    ["a + uuid()::VARCHAR::INT", /calls `uuid`/],
    ["list_transform(l, x -> x + random())", /calls `random`/],
    ["case when a = 3 then now() end", /calls `now`/],
    ["today()", /calls `today`/],
    ["current_date", /has `current_date`, which is another value in each run/],
    ["current_date()", /calls `current_date`/],
    ["CURRENT_TIMESTAMP - CAST(ts AS TIMESTAMP)", /has `CURRENT_TIMESTAMP`/i],
    ["localtimestamp", /which is another value/],
    ["current_localtimestamp()", /which is another value/],
    ["current_date.year()", /which is another value/],
    ["list_transform(l, current_date -> current_date)", /which is another value/],
    ["list_transform(l, lambda current_date: year(current_date))", /which is another value/],
    ["current_user", /which is another value/],
    ["age(CAST(ts AS TIMESTAMP))", /calls `age`/],
    ["ago(INTERVAL 1 DAY)", /calls `ago`, which (has|calls)/],
    ["nextval('s')", /calls `nextval`/],
    ["setseed(0.5)", /calls `setseed`/],
    ["getvariable('x')", /calls `getvariable`/],
    ["current_setting('TimeZone')", /calls `current_setting`/],
    ["version()", /calls `version`/],
    ["sleep_ms(1000)", /calls `sleep_ms`/],
    ["pg_sleep(1)", /calls `pg_sleep`/],
    ["write_log('x')", /calls `write_log`/],
    ["current_query()", /calls `current_query`/],
    ["txid_current()", /calls `txid_current`/],
    ["json_serialize_plan('SELECT 1')", /calls `json_serialize_plan`/],
    ["list_aggr(l, 'reservoir_quantile', 0.5)", /aggregates a list by something/],
    ["list_aggr(l, 'reservoir_' || 'quantile', 0.5)", /aggregates a list by something/],
    ["aa + 1", /is no expression over .*e\.jsonl, which has no column `aa`; did you mean `a`/],
    ['"#row"', /has no column `#row`/],
    ['"#time" > 0', /has no column/],
    ["filename", /has no column/],
    ["rowid", /has no column/],
    ["twin_items.k", /has no column/],
    [`${"(".repeat(200_000)}a`, /is longer than 100000 characters/],
  ])("may not say %j", async (text, message) => {
    await expect(requireExpression(source, relation, text, "d.yaml:3:5")).rejects.toThrow(message);
    await expect(requireExpression(source, relation, text, "d.yaml:3:5")).rejects.toThrow(/^d\.yaml:3:5: `/);
  });

  const deep: [string, (depth: number) => string][] = [
    ["brackets", (n) => `${"(".repeat(n)}a${")".repeat(n)}`],
    ["signs", (n) => `${"- ".repeat(n)}a`],
    ["sums", (n) => `${"a+".repeat(n)}a`],
    ["ands and ors", (n) => `${"a=1 and (a=2 or (".repeat(n)}true${"))".repeat(n)}`],
    ["nots", (n) => `${"not ".repeat(n)}true`],
    ["calls", (n) => `${"abs(".repeat(n)}a${")".repeat(n)}`],
    ["casts", (n) => `a${"::int".repeat(n)}`],
    ["lists", (n) => `${"[".repeat(n)}a${"]".repeat(n)}`],
    ["structs", (n) => `${"{'x':".repeat(n)}a${"}".repeat(n)}`],
    ["cases", (n) => `${"case when true then ".repeat(n)}a${" end".repeat(n)}`],
    ["lambdas", (n) => `${"list_transform(l, x -> ".repeat(n)}a${")".repeat(n)}`],
    ["arrows of JSON", (n) => `to_json(s)${"->'f'".repeat(n)}`],
    ["comprehensions", (n) => `${"[".repeat(n)}x${" for x in l if x > 1]".repeat(n)}`],
    ["parts", (n) => `l${"[1]".repeat(n)}`],
    ["names", (n) => `s${".f".repeat(n)}`],
    ["a long list", (n) => `a in (${"1,".repeat(n)}1)`],
    ["types", (n) => `NULL::int${"[]".repeat(n)}`],
    ["types of structs", (n) => `NULL::${"struct(x ".repeat(n)}int${")".repeat(n)}`],
    ["comments", (n) => `a ${"/* x */".repeat(n)}`],
  ];
  it.each(deep)(
    "that is deep is taken or refused in words, in bounded time: %s",
    async (_, write) => {
      for (const depth of [12, 50, 900, 5000, 19_000]) {
        const text = write(depth);
        const attempt = await expression(source, relation, text, "here").then(
          () => null,
          (error: Error) => error,
        );
        expect([undefined, "TwinError"]).toContain(attempt?.name);
        // No advice that data.yaml cannot follow.
        expect(attempt?.message ?? "").not.toMatch(/\bSET\b|memory/);
      }
    },
    60_000,
  );

  it("is one value in brackets, or is refused in words, whatever the text", async () => {
    const pieces = fc.constantFrom(
      ..."a|b|(|)|,|;|'|\"|--|/*|*/|\n| |$$|SELECT|FROM|e|1|+|AS|read_text('/etc/passwd')|COPY|TO|E'|\\|[|]|{|}|:|->|x|.|true|NULL|AND|OVER|é|\u0000|\ud800".split(
        "|",
      ),
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 12 }), async (parts) => {
        let sql: string;
        try {
          sql = await requireExpression(source, relation, parts.join(""), "here");
        } catch (error) {
          expect((error as Error).name).toBe("TwinError");
          return;
        }
        taken++;
        // What is pasted stays one value of one row, wherever it stands; types may still not fit.
        for (const query of [
          `SELECT 1 AS one, ${sql} AS two FROM ${relation.sql()}`,
          `SELECT 1 AS one, coalesce(${sql}, NULL) AS two FROM ${relation.sql()} WHERE true`,
        ]) {
          const found = await source.all(query).catch((cause: Error) => cause.message);
          if (typeof found === "string") {
            expect(found).not.toMatch(/Parser Error|Permission/);
          } else {
            expect(found.map((one) => Object.keys(one))).toEqual([["one", "two"]]);
          }
        }
      }),
      { numRuns: 400 },
    );
    expect(taken).toBeGreaterThan(5);
  });
});

describe("a hostile data.yaml", () => {
  const manifest = readManifest(built(videoModel()));
  const held = temporary();
  const evil = (sql: string) =>
    sql.replaceAll("OUT", join(held, "out.csv")).replaceAll("SECRET", join(held, "secret.csv"));
  const log =
    "user_id,video,time,click,category,duration,topics,cover,age,hour,recall,progress\n1,7,1600000000,1,2,3,,,4,5,,\n";
  const places: [string, (sql: string) => string][] = [
    ["history.where", (sql) => `history: {watched: {where: ${JSON.stringify(sql)}}}\ncolumns: {predict.click: click}`],
    ["columns", (sql) => `columns: {predict.click: ${JSON.stringify(sql)}}`],
    ["columns of a feature", (sql) => `columns: {predict.click: click, context.hour: ${JSON.stringify(sql)}}`],
    ["columns of an item", (sql) => `columns: {predict.click: click, item.category: ${JSON.stringify(sql)}}`],
    ["columns of a user", (sql) => `columns: {predict.click: click, user.age: ${JSON.stringify(sql)}}`],
    ["weight", (sql) => `weight: ${JSON.stringify(sql)}\ncolumns: {predict.click: click}`],
  ];
  const attacks = [
    "true); COPY (SELECT 1) TO 'OUT'; SELECT (true",
    "(SELECT count(*) > 0 FROM read_text('SECRET'))",
    "true); ATTACH 'OUT' AS x; SELECT (true",
    "true); INSTALL httpfs; SELECT (true",
    "true); LOAD httpfs; SELECT (true",
    "st_point(1, 2) IS NULL",
    "random() < 0.5",
    "true, true) AS x --",
  ];
  const cases = places.flatMap(([place, yaml]) => attacks.map((sql) => [place, sql, yaml] as const));
  it.each(cases)("cannot, in %s: %s", async (_, sql, yaml) => {
    writeFiles(held, { "e.csv": log, "secret.csv": "x\n1\n" });
    const text = `events: {file: e.csv, user: user_id, item: video, time: time}\n${yaml(evil(sql))}`;
    const binding = parseBinding(text, join(held, "data.yaml"));
    expect(boundFiles(binding)).toEqual([join(held, "e.csv")]);
    await expect(checkData(binding, manifest)).rejects.toThrow(/data\.yaml:[23]:\d+: `/);
    expect(readdirSync(held).sort()).toEqual(["e.csv", "secret.csv"]);
  });

  it.each([...attacks, "true, false"])("cannot, where a table counts its behaviours: %s", async (sql) => {
    writeFiles(held, { "e.csv": log, "secret.csv": "x\n1\n" });
    const where = JSON.stringify(evil(sql));
    const text = `events: {file: e.csv, user: user_id, item: video, time: time}\nhistory: {watched: {where: ${where}}}`;
    const binding = parseBinding(text, join(held, "data.yaml"));
    const opened = await Source.open({ reads: boundFiles(binding) });
    try {
      const counted = countItems(opened, binding, "int64", [{ name: "watched", max: 20 }], "counted");
      await expect(counted).rejects.toThrow(/data\.yaml:2:21: `/);
    } finally {
      opened.close();
    }
    expect(readdirSync(held).sort()).toEqual(["e.csv", "secret.csv"]);
  });

  it("cannot, on the command line", async () => {
    const out = join(held, "out.csv");
    const sql = `true); COPY (SELECT 1) TO '${out}'; SELECT (true`;
    writeFiles(held, {
      "e.csv": log,
      "data.yaml": `events: {file: e.csv, user: user_id, item: video, time: time}\nhistory: {watched: {where: ${JSON.stringify(sql)}}}\ncolumns: {predict.click: click}\n`,
      "small.twin": videoModel(),
    });
    const files = readdirSync(held);
    const bound = ["--data", join(held, "data.yaml")];
    for (const args of [
      ["data", "check", join(held, "data.yaml"), "--model", join(held, "small.twin")],
      [
        "data",
        "prepare",
        join(held, "data.yaml"),
        "--model",
        join(held, "small.twin"),
        "-o",
        join(temporary(), "cache"),
      ],
      ["train", join(held, "small.twin"), ...bound, "-o", join(temporary(), "run")],
    ]) {
      await refused(1, args, [/data\.yaml:2:21: `true\); COPY .*is no SQL expression/], null);
    }
    expect(readdirSync(held)).toEqual(files);
  });
});
