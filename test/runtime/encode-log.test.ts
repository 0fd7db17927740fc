// A log in memory refuses what it cannot order or find, with the place.
import { expect, it } from "vitest";
import type { RawValue } from "../../runtime/encode/raw.ts";
import { encodeLog, type RawLog } from "../../runtime/learn/encode-log.ts";

const logOf = (times: readonly RawValue[]): RawLog => ({
  items: { rows: 1, columns: { id: [1] }, key: "id" },
  users: { rows: 1, columns: { user: [1] }, key: "user" },
  events: {
    rows: times.length,
    columns: { user: times.map(() => 1), id: times.map(() => 1), time: times },
    user: "user",
    item: "id",
    time: "time",
  },
  split: { train: 0.8, validation: 0.9 },
});

const encode = (log: RawLog) =>
  encodeLog(log, { features: [], histories: [], labels: [] }, (where) => {
    throw new Error(`no feature asks for ${where}`);
  });

it.each([
  ["a missing time", null],
  ["a date as text", "2024-01-01"],
  ["NaN", Number.NaN],
  ["a flag", true],
])("names the row of %s", (_, value) => {
  expect(() => encode(logOf([3, value]))).toThrow(/^events: time\[1\] is no number/);
});

it("takes integers beyond 32 bits", () => {
  expect(encode(logOf([1_700_000_000, 1_700_000_001n])).count("training")).toBe(0);
});

it("names a column that is not there", () => {
  const log = logOf([1]);
  expect(() => encode({ ...log, events: { ...log.events, time: "when" } })).toThrow("the events have no column when");
});
