// Times as users bring them, and clocks in the wrong unit.
import { expect, test } from "vitest";
import { isDay } from "../../runtime/encode/instant.ts";
import { parseTime, parseTimes } from "../../runtime/encode/time.ts";

test("seconds, BigInts, dates and ISO texts are one time, on every machine", () => {
  const seconds = 1714566600;
  for (const value of [
    seconds,
    1714566600n,
    new Date(seconds * 1000),
    "2024-05-01T12:30:00Z",
    "2024-05-01 12:30",
    "2024-05-01T14:30:00+02:00",
  ]) {
    expect(parseTime(value, "x")).toBe(seconds);
  }
  for (const [text, hours] of [
    ["2024-05-01 12:30-00:30", 0.5],
    ["2024-05-01 12:30+05:45", -5.75],
    ["2024-05-01 12:30-09:59", 9 + 59 / 60],
    ["2024-05-01T12:30:00+14:00", -14],
    [" 2024-05-01T12:30Z ", 0],
  ] as const) {
    expect(parseTime(text, "x"), text).toBe(seconds + hours * 3600);
  }
  expect(parseTime("2024-05-01T23:59:59Z", "x")).toBe(seconds + 11.5 * 3600 - 1);
  expect(parseTime("2024-05-01", "x")).toBe(seconds - 12.5 * 3600);
  expect(parseTime("2024-05-01T12:30:00.250Z", "x")).toBe(seconds + 0.25);
  expect(parseTime(42, "x", "steps")).toBe(42);
});

test("a text keeps its microseconds, as the same time in the data does", () => {
  expect(parseTime("2024-05-01T12:30:00.123456Z", "x")).toBe(1714566600123456 / 1e6);
  expect(parseTime("2024-05-01T12:30:00.000001", "x")).toBe(1714566600000001 / 1e6);
  expect(parseTime("2024-05-01 12:30:59.999999+00:00", "x")).toBe(1714566659999999 / 1e6);
});

test.each([
  [1714566600_000, /request: time is 1714566600000, .* outside 1990–2100: it looks like milliseconds. Bring seconds/],
  [1714566600_000_000_000n, /looks like nanoseconds/],
  [12, /outside 1990–2100. Bring seconds/],
  [Number.NaN, /time is NaN: bring a finite number/],
  ["yesterday", /time is "yesterday": bring epoch seconds or ISO 8601/],
  ["2024-02-30", /time is "2024-02-30"/],
  ["2024-13-01T00:00Z", /bring epoch seconds/],
  ["01/05/2024", /bring epoch seconds/],
  ["2024-5-1", /bring epoch seconds/],
  ["2024-05-01T24:00:00Z", /bring epoch seconds/],
  ["2016-12-31T23:59:60Z", /bring epoch seconds/],
  ["2024-05-01T12:60:00Z", /bring epoch seconds/],
  ["2024-05-01T12:30:00+15:00", /bring epoch seconds/],
  ["2024-05-01T12:30:00+14:01", /bring epoch seconds/],
  ["0024-05-01T12:30:00Z", /bring epoch seconds/],
  ["2024-00-10", /bring epoch seconds/],
  ["2024-04-31", /bring epoch seconds/],
  ["2024-05-01T12:30:00+08:60", /bring epoch seconds/],
  ["2023-02-29T12:30:00Z", /bring epoch seconds/],
  ["2024-05-01T12:30:00 Europe/Berlin", /bring epoch seconds/],
  [new Date(Number.NaN), /bring a finite number/],
  [{} as never, /time is an object/],
])("refuses %s", (value, message) => {
  expect(() => parseTime(value, "request")).toThrow(message);
});

test("columns keep missing times as NaN and name the index of a wrong one", () => {
  const values = [1714566600, null, "2024-05-01T12:30:00Z", undefined, Number.NaN];
  expect(parseTimes(values, "x")).toEqual(Float64Array.of(1714566600, Number.NaN, 1714566600, Number.NaN, Number.NaN));
  expect(parseTimes(BigInt64Array.of(1714566600n), "x")).toEqual(Float64Array.of(1714566600));
  expect(parseTimes(Int32Array.of(3, 1), "x", "steps")).toEqual(Float64Array.of(3, 1));
  expect(() => parseTimes([1714566600, 5], "history watched")).toThrow(/history watched, index 1: time is 5/);
  expect(() => parseTimes(["2024-05-01"], "x", "steps")).toThrow(/counts steps/);
  expect(() => parseTimes("x" as never, "y")).toThrow(/times must be an array/);
});

test("a clock's seconds lie from 1990 on, and before 2100", () => {
  const [first, end] = [Date.UTC(1990, 0, 1) / 1000, Date.UTC(2100, 0, 1) / 1000];
  expect([...parseTimes([first, end - 1], "x")]).toEqual([first, end - 1]);
  expect(parseTime(first, "x")).toBe(first);
  for (const value of [first - 1, end]) {
    expect(() => parseTimes([value], "x")).toThrow("outside 1990–2100");
    expect(() => parseTime(value, "x")).toThrow("outside 1990–2100");
  }
});

test("a day is a date alone, with all its digits", () => {
  expect(["2024-05-01", "0000-99-99"].map(isDay)).toEqual([true, true]);
  const others = ["x2024-05-01", "2024-05-01T", "4-05-01", "2o24-05-01", "2024-x5-01", "2024-0x-01", "2024-05-x1"];
  expect([...others, "2024-05-0x", "2024-5-01", "abcd-ef-gh"].filter(isDay)).toEqual([]);
});
