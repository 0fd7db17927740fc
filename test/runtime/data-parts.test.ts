// Parts that the data say themselves, in files or in a column, and the last events of each user: which row is of which part,
// and what is wrong with parts.
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { type Binding, parseBinding } from "../../runtime/data/binding.ts";
import { checkData } from "../../runtime/data/check/check.ts";
import { learnVocabularies } from "../../runtime/data/learn-vocabularies.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { shopModel, writeFiles } from "../kit/data-files.ts";
import { partsOf as parts } from "../kit/parts-of.ts";
import { prepared, t0 } from "../kit/prepared.ts";

afterAll(cleanUp);
const manifest = readManifest(built(shopModel("vocabulary(max: 100, min_count: 1, dim: 4, key: true)")));

type Row = readonly [user: number | string, item: string, at: number, label?: number | "", set?: string | number];
const heading = "user,sku,ts,buy,set,recall\n";
const csv = (rows: readonly Row[]): string =>
  heading +
  rows.map(([user, item, at, label = 1, set = ""]) => `${user},${item},${t0 + at},${label},${set},1\n`).join("");

function bound(files: Readonly<Record<string, readonly Row[] | string>>, file: string, more = ""): Binding {
  const folder = temporary();
  const written = Object.entries(files).map(([name, rows]) => [name, typeof rows === "string" ? rows : csv(rows)]);
  writeFiles(folder, Object.fromEntries(written));
  return parseBinding(`events: {file: ${file}, user: user, item: sku, time: ts}\n${more}`, join(folder, "data.yaml"));
}

const three = "{train: train.csv, validation: valid.csv, test: test.csv}";
const files = (): Record<string, readonly Row[]> => ({
  "train.csv": [
    [1, "a", 0],
    [2, "b", 1, 0],
    [1, "c", 2],
  ],
  "valid.csv": [
    [1, "d", 10],
    [2, "b", 11, 0],
  ],
  "test.csv": [
    [2, "e", 20],
    [1, "a", 21, 0],
  ],
});

describe("parts in files", () => {
  it("are told by the file, globs and empty files among them", async () => {
    expect(await parts(bound(files(), three))).toEqual(["a0", "b0", "c0", "d1", "b1", "e2", "a2"]);
    expect(await parts(bound(files(), "{train: train.csv, test: test.csv}"))).toEqual(["a0", "b0", "c0", "e2", "a2"]);
    const glob = { "b1.csv": [[1, "a", 0]], "b2.csv": "", "a.csv": [[1, "z", 5]] } as const;
    expect(await parts(bound(glob, '{train: "b*.csv", test: a.csv}'))).toEqual(["a0", "z2"]);
    const where = `{file: ${three}, user: user, item: sku, time: ts, where: "buy = 1"}`;
    const left = bound(files(), three);
    expect(await parts(parseBinding(`events: ${where}`, left.path))).toEqual(["a0", "c0", "d1", "e2"]);
  });

  it("teach vocabularies and count samples by part; prepared data stay valid until a file changes", async () => {
    const binding = bound(files(), three);
    const learned = await learnVocabularies(binding, manifest.features);
    expect([...(learned.get("item.sku") ?? [])].toSorted()).toEqual(["a", "b", "c"]);
    const folder = join(temporary(), "cache");
    const { spec, report } = await prepared(binding, manifest, { vocabularies: learned }, folder);
    expect(spec.samples).toEqual({ training: 3, validation: 2, test: 2 });
    expect(report.warnings).toEqual([]);
    expect((await prepared(binding, manifest, { vocabularies: learned }, folder)).reused).toBe(true);
    writeFileSync(join(dirname(binding.path), "test.csv"), csv([[2, "e", 20]]));
    const again = await prepared(binding, manifest, { vocabularies: learned }, folder);
    expect([again.reused, again.spec.samples.test]).toEqual([false, 1]);
  });

  it("are refused where a file is missing, of two parts, of another format, or beside `split`", async () => {
    const read = (file: string, more?: string) => parts(bound(files(), file, more));
    await expect(read("{train: train.csv, validation: no.csv}")).rejects.toThrow(
      /data\.yaml:1:35: there is no file .*no\.csv/,
    );
    await expect(read('{train: "t*.csv", test: test.csv}')).rejects.toThrow(/test\.csv is a file of another part, too/);
    await expect(read("{train: train.csv, test: test.parquet}")).rejects.toThrow(/there is no file/);
    await expect(async () => read(three, "split: {by: last, test: 1}")).rejects.toThrow(
      /data\.yaml:2:1: the files say which rows are of which part: leave `split` out/,
    );
    await expect(async () => read("{train: train.csv, valid: valid.csv}")).rejects.toThrow(/valid/);
    const own = bound({ "t.csv": "user,sku,ts,#set\n1,a,1600000000,2\n" }, "t.csv");
    await expect(parts(own)).rejects.toThrow(/has a column `#set`, a name that reading keeps for itself/);
    const binding = bound(files(), three);
    rmSync(join(dirname(binding.path), "valid.csv"));
    await expect(parts(binding)).rejects.toThrow(/there is no file/);
  });
});

describe("a column that says the part", () => {
  const split = (more = "", column = "set") =>
    `split: {by: part, column: "${column}", train: train, validation: [valid, dev], test: test${more}}`;
  const row = (item: string, at: number, set: string | number, label = 1): Row => [1, item, at, label, set];
  const rows = [row("a", 0, "train"), row("b", 1, "dev"), row("c", 2, "valid"), row("d", 3, "test")];

  it("is a column or an expression, of texts, numbers or truths", async () => {
    expect(await parts(bound({ "e.csv": rows }, "e.csv", split()))).toEqual(["a0", "b1", "c1", "d2"]);
    expect(await parts(bound({ "e.csv": rows }, "e.csv", split("", "concat(set, '')")))).toEqual([
      "a0",
      "b1",
      "c1",
      "d2",
    ]);
    const numbers = [row("a", 0, 0), row("b", 1, "1.0"), row("c", 2, 2.5)];
    const byNumber = (train: string, test: string) => `split: {by: part, column: set, train: ${train}, test: ${test}}`;
    expect(await parts(bound({ "e.csv": numbers }, "e.csv", byNumber("[0, 2.5]", "1")))).toEqual(["a0", "b2", "c0"]);
    const truths = [row("a", 0, "false"), row("b", 1, "true")];
    expect(await parts(bound({ "e.csv": truths }, "e.csv", byNumber("false", "true")))).toEqual(["a0", "b2"]);
    await expect(parts(bound({ "e.csv": truths }, "e.csv", byNumber("false", "constructor")))).rejects.toThrow(
      /`constructor` is no value of column `set` of .*, which holds BOOLEAN/,
    );
    const days = [row("a", 0, "2020-09-13"), row("b", 1, "2020-09-14")];
    expect(await parts(bound({ "e.csv": days }, "e.csv", byNumber('"2020-09-13"', '"2020-09-14"')))).toEqual([
      "a0",
      "b2",
    ]);
  });

  it.each([
    [
      "other",
      /e\.csv, row 2, column `set`: this value does not fit; `train`, `valid`, `dev`, `test`, as `split` says \(`events\.where` leaves other rows out\), are due, and it is "other"/,
    ],
    ["", /e\.csv, row 2, column `set`: this value does not fit; .* are due, and it is missing/],
  ])("is refused where a row has %o", async (set, message) => {
    const binding = bound(
      { "e.csv": [rows[0], row("x", 1, set), ...rows.slice(1)] },
      "e.csv",
      `columns: {predict.buy: buy}\n${split()}`,
    );
    await expect(parts(binding)).rejects.toThrow(message);
    await expect(checkData(binding, manifest)).rejects.toThrow(message);
    await expect(learnVocabularies(binding, manifest.features)).rejects.toThrow(message);
    await expect(prepared(binding, manifest, { vocabularies: new Map([["item.sku", ["a"]]]) })).rejects.toThrow(
      message,
    );
  });

  it.each([
    ["split: {by: part, column: st, train: a}", /data\.yaml:2:19: .*e\.csv has no column `st`; did you mean `ts`/],
    [
      "split: {by: part, column: set, train: [a, b], test: b}",
      /data\.yaml:2:47: `b` stands here twice, or for two parts/,
    ],
    ["split: {by: part, train: a}", /`split\.column` is missing/],
    ["split: {by: part, column: set, train: a, tets: b}", /`tets` is not known here; did you mean `test`/],
    [
      "split: {by: part, column: ts, train: train}",
      /data\.yaml:2:31: `train` is no value of column `ts` of .*, which holds BIGINT/,
    ],
    ["split: {by: last}", /say how many are left out: `test: 1`/],
    ["split: {by: last, test: -1}", /0 or more is due here/],
    ["split: {by: last, test: 1.5}", /a whole number is due here/],
    ["split: {by: parts, train: 1}", /time, share, part or last/],
  ])("and %s is refused", async (more, message) => {
    await expect(async () => parts(bound({ "e.csv": rows }, "e.csv", more))).rejects.toThrow(message);
  });
});

describe("the last of each user", () => {
  it("are test, and before them validation; one event at least stays in training", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 5 })), {
          minLength: 1,
          maxLength: 25,
        }),
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 1, max: 3 }),
        async (log, validation, test) => {
          const rows = log.map(([user, at], i): Row => [user, `i${i}_`, at]);
          const found = await parts(
            bound({ "e.csv": rows }, "e.csv", `split: {by: last, validation: ${validation}, test: ${test}}`),
          );
          const due = new Array<number>(log.length).fill(0);
          for (const user of new Set(log.map(([one]) => one))) {
            // In order of time, of the file at one time: as leave-one-out does it elsewhere.
            const own = log
              .flatMap(([one, at], i) => (one === user ? [{ at, i }] : []))
              .sort((a, b) => a.at - b.at || a.i - b.i);
            const out = Math.min(validation + test, own.length - 1);
            own.slice(own.length - out).forEach(({ i }, k) => {
              due[i] = k >= out - test ? 2 : 1;
            });
          }
          expect(found).toEqual(due.map((part, i) => `i${i}_${part}`));
        },
      ),
      { numRuns: 15 },
    );
  });

  it("come with the warnings that there are: others' later events, short users, equal times, no labels", async () => {
    const rows: Row[] = [
      [1, "a", 0],
      [1, "b", 1, 0],
      [1, "c", 2],
      [1, "d", 2, 0],
      [2, "a", 50, 0],
      [2, "b", 60, 1],
      [2, "c", 70],
      [2, "d", 80, ""],
      [3, "a", 5, 1],
    ];
    const binding = bound(
      { "e.csv": rows },
      "e.csv",
      "columns: {predict.buy: buy}\nsplit: {by: last, validation: 1, test: 1}",
    );
    const { warnings, parts: told } = await checkData(binding, manifest);
    expect(told.map(({ events, samples }) => [events, samples])).toEqual([
      [5, 5],
      [2, 2],
      [2, 1],
    ]);
    expect(warnings[0]).toMatch(
      /data\.yaml:3:1: `by: last` .* others' later events are trained on, .*: training holds events later than 1 of the 2 samples of validation, and training holds events later than 1 of the 1 samples of test\. /,
    );
    expect(warnings[1]).toMatch(/1 of 3 users have fewer than 3 events: their first stays in training/);
    expect(warnings[2]).toMatch(/1 times a user has events of one time in two parts/);
    expect(warnings[3]).toMatch(
      /1 of the 4 events that are left out have no label and are not learned from: .* `events\.where`/,
    );
    const again = await prepared(binding, manifest, { vocabularies: new Map([["item.sku", ["a"]]]) });
    expect(again.report.warnings.slice(0, 4)).toEqual(warnings.slice(0, 4));
  });

  it("of one user with one event are none", async () => {
    const one = bound({ "e.csv": [[1, "a", 0]] }, "e.csv", "split: {by: last, test: 1}");
    expect(await parts(one)).toEqual(["a0"]);
  });
});

describe("parts that cannot be meant so", () => {
  const label = "columns: {predict.buy: buy}\n";
  const check = (change: Record<string, readonly Row[] | string>, more = "") =>
    checkData(bound({ ...files(), ...change }, three, `${label}${more}`), manifest);

  it("are parts without rows, or without labels", async () => {
    await expect(check({ "valid.csv": heading })).rejects.toThrow(
      /data\.yaml:1:35: the validation part has no samples .*: there is no row of it/,
    );
    await expect(check({ "valid.csv": "" })).rejects.toThrow(/the validation part has no samples/);
    await expect(check({ "test.csv": heading })).rejects.toThrow(/data\.yaml:1:58: the test part has no rows/);
    await expect(check({ "train.csv": heading })).rejects.toThrow(/data\.yaml:1:17: the training part has no samples/);
    await expect(check({ "train.csv": [[1, "a", 0, ""]] })).rejects.toThrow(/it has 1 rows, and none of them a label/);
    const { warnings } = await check({ "test.csv": [[2, "e", 20, ""]] });
    expect(warnings).toEqual([
      expect.stringMatching(/the test part has no samples: it has 1 rows, and none of them a label/),
    ]);
  });

  it("are parts that share a sample: both places are said", async () => {
    const shared: Row = [1, "c", 2];
    await expect(check({ "test.csv": [[2, "e", 20], shared] })).rejects.toThrow(
      /test\.csv, row 2: this sample of the test part stands in .*train\.csv, row 3 of the training part, too, with the same user, item, time and values: remove one of them/,
    );
    const { warnings } = await check({
      "test.csv": [
        [2, "e", 20],
        [1, "c", 2, 0],
      ],
    });
    expect(warnings).toContainEqual(
      expect.stringMatching(/1 times the same user, item and time stand in two parts: each counts/),
    );
    const rows: Row[] = [
      [1, "a", 0, 1, "train"],
      [1, "b", 1, 0, "train"],
      [1, "a", 0, 1, "test"],
    ];
    const by = bound({ "e.csv": rows }, "e.csv", `${label}split: {by: part, column: set, train: train, test: test}`);
    await expect(checkData(by, manifest)).rejects.toThrow(
      /e\.csv, row 3: this sample of the test part stands in .*e\.csv, row 1/,
    );
  });

  it("share no sample where few are equal at equal steps: something may have been shown twice", async () => {
    const steps = (same: number): Binding => {
      const train = Array.from({ length: 10 }, (_, i): Row => [1, "c", i, i % 2]);
      const test = Array.from(
        { length: 200 },
        (_, i): Row => (i < same ? (train[i] ?? [1, "c", i]) : [1, "d", 1000 + i]),
      );
      const { path } = bound({ "a.csv": train, "b.csv": test }, "a.csv");
      const file = "{train: a.csv, test: b.csv}";
      return parseBinding(`events: {file: ${file}, user: user, item: sku, order: ts}\n${label}`, path);
    };
    const { warnings } = await checkData(steps(2), manifest);
    expect(warnings).toContainEqual(expect.stringMatching(/2 times the same user, item and time stand in two parts/));
    await expect(checkData(steps(3), manifest)).rejects.toThrow(
      /b\.csv, row 1: this sample of the test part stands in .*a\.csv, row 1 .* \(the first of 3 such samples\)/,
    );
  });

  it("are later parts that lie before the end of training: a warning with the figure", async () => {
    const { warnings } = await check({
      "valid.csv": [
        [1, "d", 1],
        [2, "b", 11, 0],
      ],
    });
    expect(warnings).toEqual([
      expect.stringMatching(/data\.yaml:1:10: training holds events later than 1 of the 2 samples of validation/),
    ]);
  });
});
