// The derivations that serving repeats.
import { describe, expect, it } from "vitest";
import { type Derivation, deriveColumn, deriveValue } from "../../runtime/encode/derive.ts";

const at = (derivation: Derivation, ...values: Parameters<typeof deriveValue>[1][]) =>
  values.map((value) => deriveValue(derivation, value, "a.csv, column `c`"));

describe("derivations", () => {
  it("at_least compares, and leaves missing values missing", () => {
    expect(at({ kind: "at_least", column: "c", value: 4 }, 4, 3.9, 10n, null, Number.NaN, true)).toEqual([
      true,
      false,
      true,
      null,
      null,
      false,
    ]);
  });

  it("split drops empty parts", () => {
    expect(at({ kind: "split", column: "c", by: "|" }, "a|b", "", "|a||", "one", null)).toEqual([
      ["a", "b"],
      [],
      ["a"],
      ["one"],
      null,
    ]);
  });

  it("map reads keys as text, and others become `otherwise`", () => {
    const map: Derivation = { kind: "map", column: "c", values: { a: 1, 5: "five" }, otherwise: null };
    expect(at(map, "a", 5, 5n, "toString", null)).toEqual([1, "five", "five", null, null]);
    expect(at({ ...map, otherwise: 9 }, "b", null)).toEqual([9, 9]);
  });

  it("scale multiplies and adds, in typed columns and in lists alike", () => {
    const scale: Derivation = { kind: "scale", column: "c", by: 0.5, plus: 1 };
    expect(deriveColumn(scale, Float64Array.of(2, 4), "x")).toEqual(Float64Array.of(2, 3));
    expect(deriveColumn(scale, [2, null, 4n], "x")).toEqual([2, null, 3]);
    expect(at(scale, undefined as never)).toEqual([null]);
    expect(deriveColumn(scale, Int32Array.of(3), "x")).toEqual(Float64Array.of(2.5));
  });

  it("of a typed column are those of a list of its values", () => {
    const typed = Float64Array.of(1, 4, 5, Number.NaN);
    for (const derivation of [
      { kind: "at_least", column: "c", value: 4 },
      { kind: "map", column: "c", values: { 4: "four" }, otherwise: "other" },
    ] satisfies Derivation[]) {
      expect(deriveColumn(derivation, typed, "x")).toEqual(deriveColumn(derivation, [...typed], "x"));
    }
    expect(deriveColumn({ kind: "at_least", column: "c", value: 4 }, typed, "x")).toEqual([false, true, true, null]);
  });

  it("says what does not fit, and where", () => {
    expect(() => at({ kind: "split", column: "c", by: "|" }, 3)).toThrow(
      "a.csv, column `c`: split needs a text and found number",
    );
    expect(() => at({ kind: "at_least", column: "c", value: 1 }, "many")).toThrow(
      'at_least needs a number and found the text "many"',
    );
    expect(() => at({ kind: "at_least", column: "c", value: 1 }, [1, 2])).toThrow("needs a number and found a list");
    expect(() => at({ kind: "map", column: "c", values: { "1,2": 5 }, otherwise: null }, [1, 2])).toThrow(
      "map needs a text or a number and found a list",
    );
    expect(() => at({ kind: "at_least", column: "c", value: 1 }, "x".repeat(50))).toThrow(/found the text "x{40}"$/);
  });
});
