// Hours and weekdays of zones against Python's zoneinfo around changes of the clock, and the days that are kept against Intl itself.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { zoneNames } from "../../compiler/catalog/zones.ts";
import type { Encoder } from "../../contract/encoder-spec.ts";
import { hasher } from "../../contract/hash.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { encodeColumn } from "../../runtime/encode/column.ts";
import { earliest, latest } from "../../runtime/encode/instant.ts";
import { ZoneClock } from "../../runtime/encode/zone.ts";
import { root } from "../kit/cli.ts";
import { numbers } from "../kit/rank-model.ts";

const hash = await hasher();

function encode(encoder: Encoder, rows: number, now?: number | Float64Array): number[] {
  const feature: FeatureSpec = {
    name: "context.f",
    group: "context",
    column: "f",
    formerly: null,
    key: false,
    encoder: structuredClone(encoder) as FeatureSpec["encoder"],
    dtype: "int32",
    shape: [],
    embedding: null,
    vocabulary: null,
  };
  const vocabulary = (name: string): never => {
    throw new Error(`nothing is looked up in ${name}`);
  };
  return [
    ...encodeColumn(feature, undefined, rows, {
      hasher: hash,
      vocabulary,
      where: "context",
      ...(now !== undefined && { now }),
    }),
  ];
}

const table = readFileSync(join(root, "test/runtime/zone-times.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split(" "));
const zones = [...new Set(table.map(([zone]) => zone))];

describe("the clock of a zone", () => {
  it.each(zones)("tells what Python's zoneinfo tells: %s", (zone) => {
    const rows = table.filter(([name]) => name === zone);
    expect(rows.length).toBeGreaterThanOrEqual(4);
    const times = Float64Array.from(rows, ([, time]) => Number(time));
    expect(encode({ kind: "hour", zone }, rows.length, times)).toEqual(rows.map(([, , hour]) => 1 + Number(hour)));
    expect(encode({ kind: "weekday", zone }, rows.length, times)).toEqual(rows.map(([, , , day]) => 1 + Number(day)));
    // One time for all rows, and a fraction of a second, which has not passed.
    const [time, hour] = [times[3] + 0.999, 1 + Number(rows[3][2])];
    expect(encode({ kind: "hour", zone }, 2, time)).toEqual([hour, hour]);
  });

  it("has the offset of Intl at every second around changes that lie on no quarter of an hour", () => {
    // Newfoundland until 2011 and Gaza in 2010 at a minute past midnight; Lord Howe by half an hour.
    for (const [zone, from] of [
      ["America/St_Johns", 1_173_583_860],
      ["Asia/Gaza", 1_269_640_860],
      ["Australia/Lord_Howe", 1_207_407_600],
    ] as const) {
      const clock = new ZoneClock(zone);
      const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", hour: "2-digit" });
      const due = (time: number) => Number(format.format(time * 1000));
      const found = new Set<number>();
      for (let time = from - 7200; time <= from + 7200; time++) {
        found.add(clock.offset(time));
        if (clock.hour(time) !== due(time)) {
          expect(clock.hour(time), `${zone} ${time}`).toBe(due(time));
        }
      }
      expect(found.size, zone).toBe(2);
    }
  });

  it("asks Intl for days and not for rows", () => {
    const asked = vi.spyOn(Intl.DateTimeFormat.prototype, "formatToParts");
    try {
      const clock = new ZoneClock("Europe/Berlin");
      const draw = numbers(5);
      for (let i = 0; i < 100_000; i++) {
        clock.hour(1_704_067_200 + Math.floor(draw() * 366 * 86_400));
      }
      // 366 days have 367 bounds, and two of them a change, which 17 halvings find.
      expect(asked.mock.calls.length).toBeLessThanOrEqual(367 + 2 * 17);
      expect(asked.mock.calls.length).toBeGreaterThan(360);
    } finally {
      asked.mockRestore();
    }
  });

  it("knows every instant that a time may be, and none beyond", () => {
    const utc: Encoder = { kind: "hour", zone: "UTC" };
    const ends = Float64Array.of(earliest, latest - 1, latest, Number.NaN);
    expect(encode(utc, 4, ends)).toEqual([1, 24, 1, 0]);
    expect(encode({ kind: "weekday", zone: "UTC" }, 3, ends.subarray(0, 3))).toEqual([1, 4, 5]);
    expect(encode({ kind: "hour", zone: "Pacific/Kiritimati" }, 1, latest)).toEqual([15]);
    expect(() => encode(utc, 2, Float64Array.of(earliest, 17))).toThrow(
      "context: feature context.f, index 1: 17 where a time between 1990 and 2100, in epoch seconds, is due",
    );
    expect(() => encode(utc, 1)).toThrow(/feature context.f needs the time of the request: bring `time`/);
    expect(() => encode(utc, 3, ends)).toThrow(/has 3 rows and 4 times/);
    expect(() => encode({ kind: "hour", zone: "Mars/Olympus" }, 1, latest)).toThrow(
      /this host does not know the time zone "Mars\/Olympus"/,
    );
  });

  it("runs in every zone that the language takes, on a host whose Intl has all that this Node brings", () => {
    const unknown = zoneNames.filter((zone) => {
      try {
        return !Number.isInteger(new ZoneClock(zone).hour(1_700_000_000));
      } catch {
        return true;
      }
    });
    // Zones that were made after this host's Intl: an old host lacks a few, none lacks many.
    expect(unknown.length).toBeLessThanOrEqual(3);
    expect(new Set(zoneNames).size).toBe(zoneNames.length);
    expect(Intl.supportedValuesOf("timeZone").filter((zone) => !zoneNames.includes(zone)).length).toBeLessThanOrEqual(
      5,
    );
  });
});
