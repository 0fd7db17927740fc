// Numbers and their units, and what is said of numbers that are none.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantity, units } from "../../grammar/quantity.ts";

describe("quantity", () => {
  it.each([
    ["64", 64, "count"],
    ["0", 0, "count"],
    ["-3", -3, "count"],
    ["0.5", 0.5, "count"],
    ["1e-3", 1e-3, "count"],
    ["1E+3", 1000, "count"],
    ["2.5e2k", 250_000, "count"],
    ["10k", 10_000, "count"],
    ["4M", 4_000_000, "count"],
    ["2B", 2_000_000_000, "count"],
    ["4.35k", 4350, "count"],
    ["250ms", 0.25, "duration"],
    ["7s", 7, "duration"],
    ["15min", 900, "duration"],
    ["1h", 3600, "duration"],
    ["30d", 2_592_000, "duration"],
    ["-1.5h", -5400, "duration"],
    ["97%", 0.97, "ratio"],
    ["4.35%", 0.0435, "ratio"],
    ["100%", 1, "ratio"],
  ] as const)("%s is %d, a %s", (text, value, dimension) => {
    expect(quantity(text)).toEqual({ value, dimension });
  });

  it.each([
    ["15mins", "15min"],
    ["3hours", "3h"],
    ["2sec", "2s"],
    ["10K", "10k"],
    ["1e3days", "1e3d"],
    ["7parsecs", null],
  ])("the unit of %s is unknown; it suggests %s", (text, suggestion) => {
    expect(quantity(text)).toMatchObject({ problem: "unit", suggestion });
  });

  it.each([
    // Another tool's name of a unit, or a longer one that is near to one unit alone.
    ["10K", "10k", true],
    ["3b", "3B", true],
    ["1minn", "1min", true],
    ["5mss", "5ms", true],
    // Minutes, metres and millions are as likely; and a short one is near to much.
    ["10m", "10M", false],
    ["2dd", "2d", false],
    ["4Mb", "4M", false],
    ["9ss", "9ms", false],
    ["7parsecs", null, false],
  ])("what %s means is %s, for sure: %s", (text, suggestion, sure) => {
    expect(quantity(text)).toMatchObject({ problem: "unit", suggestion, sure });
  });

  it.each([
    ["1.2.3", null],
    [".5", "0.5"],
    ["-.5k", "-0.5k"],
    ["5.", "5"],
    ["1_000", "1000"],
    ["10%5", null],
    ["1e", null],
  ])("%s is no number; it suggests %s", (text, suggestion) => {
    const found = quantity(text);
    expect(found).toHaveProperty("problem");
    expect("suggestion" in found ? found.suggestion : undefined).toBe(suggestion);
  });

  it("refuses what a double cannot hold", () => {
    expect(quantity("1e999")).toEqual({ problem: "range" });
    expect(quantity("1e308B")).toEqual({ problem: "range" });
  });

  it("has no negative zero", () => {
    expect(quantity("-0")).toEqual({ value: 0, dimension: "count" });
  });

  it("reads every decimal with every unit", () => {
    const suffix = fc.constantFrom(...units.keys());
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), suffix, (n, unit) => {
        const found = quantity(`${n}${unit}`);
        const { exponent, factor, dimension } = units.get(unit)!;
        expect(found).toEqual({ value: expect.closeTo(n * 10 ** exponent * factor, 6), dimension });
      }),
      { numRuns: 200 },
    );
  });
});
