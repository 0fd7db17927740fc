// Where training ends: by time, by share, by users; what is no end is refused, with its place.
import { describe, expect, it } from "vitest";
import { readDuration, readSplit } from "../../runtime/data/split.ts";

const place = (...path: readonly (string | number)[]) => `data.yaml, ${path.join(".")}`;
const split = (written: Parameters<typeof readSplit>[0], steps = false) => readSplit(written, steps, place);

describe("a duration", () => {
  it.each([
    ["30s", 30],
    [" 15 min ", 900],
    ["1.5h", 5400],
    ["0.125min", 7.5],
    ["7d", 604_800],
    ["250ms", 0.25],
    [90, 90],
    ["0", 0],
  ])("%s is %d seconds", (written, seconds) => {
    expect(readDuration(written, false, "here")).toBe(seconds);
  });

  it("is a number of steps where the data has an order only", () => {
    expect([readDuration(12, true, "here"), readDuration("0s", true, "here"), readDuration("3", true, "here")]).toEqual(
      [12, 0, 3],
    );
    expect(() => readDuration("3s", true, "here")).toThrow("here: `3s` needs a clock");
  });

  it.each(["", "-1", "1 week", "x1s", "1sx", "1.s", ".5h", "1.x5"])("%s is none", (written) => {
    expect(() => readDuration(written, false, "here")).toThrow(/^here: `.*` is no duration/);
  });
});

describe("ends in time", () => {
  const day = Date.UTC(2018, 5, 30) / 1000;
  const time = (train: string | number, validation?: string | number, steps = false) => {
    const read = split({ by: "time", train, ...(validation !== undefined && { validation }) }, steps);
    if (read.kind !== "time") {
      throw new Error(`the split is by ${read.kind}`);
    }
    return read;
  };

  it("hold the whole of a day, and an instant up to itself", () => {
    const { kind, train, validation } = time("..2018-06-30", " .. 2018-07-01 ");
    expect(kind).toBe("time");
    // The last float64 before the next day begins.
    expect([train < day + 86_400, train + 2 ** -22 >= day + 86_400]).toEqual([true, true]);
    expect([validation < day + 2 * 86_400, validation + 2 ** -22 >= day + 2 * 86_400]).toEqual([true, true]);
    expect(time("..2018-06-30T12:00:00Z").train).toBe(day + 43_200);
    expect(time("..2018-06-30T12:00:00+08:00").train).toBe(day + 4 * 3600);
    expect(time(`..${day}`, `..${day}.5`)).toMatchObject({ train: day, validation: day + 0.5 });
    // Without a validation end there is no such part.
    expect(time("..2018-06-30T12:00:00").validation).toBe(day + 43_200);
    expect(time(`..${day}.25`).train).toBe(day + 0.25);
    expect(time("..631152000", "..4102444800")).toMatchObject({ train: 631_152_000, validation: 4_102_444_800 });
    expect(time("..1990-01-01T00:00:00", "..2100-01-01T00:00:00")).toMatchObject({ train: 631_152_000 });
  });

  it("are numbers of steps where there is an order only", () => {
    expect(time("..-5", "..12", true)).toMatchObject({ train: -5, validation: 12 });
    expect(() => time("..2018-06-30", undefined, true)).toThrow(/split.train: `..2018-06-30` needs a clock/);
  });

  it.each([
    ["2018-06-30", /is no end in time; write it like ..2018-06-30/],
    ["..", /is no end in time/],
    ["..1530000000000", /seconds lie outside 1990–2100; ends are in seconds, whatever the unit/],
    ["..631152000000", /ends are in seconds/],
    ["..4102444800000000000", /ends are in seconds/],
    ["until ..2018-06-30", /is no end in time/],
    ["..99999999999999999999999", /lie outside 1990–2100; write a day/],
    ["..12", /`12` seconds lie outside 1990–2100; write a day/],
    ["..4102444801", /lie outside 1990–2100; write a day/],
    ["..2020-9-13", /`2020-9-13` is no date/],
    ["..2020-02-31", /is no date/],
    ["..1989-12-31", /`1989-12-31` lies outside 1990–2100/],
    ["..2100-01-01T00:00:01", /lies outside 1990–2100/],
  ])("refuses %s", (train, message) => {
    expect(() => time(train)).toThrow(message);
  });

  it("come one after the other", () => {
    expect(() => time("..2018-06-30", "..2018-06-29")).toThrow(
      /split.validation: validation ends before training does/,
    );
    expect(() => time("..2018-06-30", "..2018-06-30")).not.toThrow();
    expect(() => split({ by: "time", train: "..2018-06-30", test: "20%" })).toThrow(/split.test: .*write `test: rest`/);
    expect(() => split({ by: "time", train: "..2018-06-30", test: "rest" })).not.toThrow();
  });
});

describe("shares", () => {
  it("add up as they are meant", () => {
    expect(split({ by: "share", train: 0.7, validation: 0.1 })).toEqual({ kind: "share", train: 0.7, validation: 0.8 });
    expect(split({ by: "share", train: "80%", test: "20%" })).toEqual({ kind: "share", train: 0.8, validation: 0.8 });
    expect(split({ holdout: "users", train: " 12.5 % ", validation: "0.5", test: "rest" })).toEqual({
      kind: "users",
      train: 0.125,
      validation: 0.625,
    });
    expect(split({ by: "share", train: "12.25%", validation: "0.125" })).toMatchObject({
      train: 0.1225,
      validation: 0.2475,
    });
    expect(split({ by: "share", train: 1, validation: 0, test: 0 }).validation).toBe(1);
    expect(split({ by: "share", train: 0, validation: 1 })).toMatchObject({ train: 0, validation: 1 });
  });

  it.each([
    [{ by: "share", train: "1.2" }, /split.train: `1.2` is no share/],
    [{ by: "share", train: "-1%" }, /is no share/],
    [{ by: "share", train: "80%x" }, /is no share/],
    [{ by: "share", train: "x80%" }, /is no share/],
    [{ by: "share", train: "101%" }, /is no share/],
    [{ by: "share", train: 0.8, validation: 0.3 }, /split: the shares of train and validation are more than the whole/],
    [{ by: "share", train: 0.8, test: 0.1 }, /split.test: what is left for test is 0.2; write `test: rest`/],
    [{ by: "share", train: 0.8, test: 0.3 }, /what is left for test is 0.2/],
    [{ train: 0.8 }, /split: say how to split/],
    [{ by: "share", holdout: "users", train: 0.8 }, /split.by: `by` and `holdout` are both given; keep one/],
  ] as const)("%j is refused", (written, message) => {
    expect(() => split(written)).toThrow(message);
  });
});
