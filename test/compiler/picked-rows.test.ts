// Some rows of a table read and streamed as if there had never been others, wherever its pieces are cut.
import { describe, expect, it } from "vitest";
import type { Parameter } from "../../compiler/model/parameter.ts";
import { pickedRows } from "../../compiler/values/picked-rows.ts";
import type { ParameterValues } from "../../compiler/values/values.ts";

const parameters = [
  { name: "table", shape: [6, 2, 3] },
  { name: "bias", shape: [4] },
] as unknown as readonly Parameter[];
const numbers = { table: Float32Array.from({ length: 36 }, (_, i) => i), bias: Float32Array.of(1, 2, 3, 4) };

/** Values in pieces of so many bytes. */
function cut(by: number, all: Readonly<Record<string, Float32Array>> = numbers): ParameterValues {
  return {
    untrained: true,
    step: 7,
    read: (name) => all[name],
    *chunks(name) {
      const bytes = new Uint8Array(all[name].buffer);
      for (let at = 0; at < bytes.length; at += by) {
        yield bytes.subarray(at, at + by);
      }
    },
  } as ParameterValues;
}

/** Pieces as they come, each kept as it was, and all numbers in them. */
function streamed(values: ParameterValues, name: string) {
  const pieces = [...values.chunks(name)];
  const all = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
  return { lengths: pieces.map(({ length }) => length), numbers: [...new Float32Array(all.buffer)] };
}

/** Of rows of six numbers. */
const rowsOf = (rows: readonly number[]) => rows.flatMap((row) => [...numbers.table.subarray(6 * row, 6 * row + 6)]);

describe("picked rows", () => {
  it.each([[[0]], [[5]], [[0, 5]], [[1, 2, 4]], [[2, 3]], [[0, 1, 2, 3, 4, 5]], [[]]])(
    "%j are read and streamed in their order, others are not",
    (rows) => {
      const picked = new Map([["table", Int32Array.from(rows)]]);
      expect([...pickedRows(parameters, cut(1000), picked).read("table")]).toEqual(rowsOf(rows));
      for (const by of [1, 4, 7, 24, 25, 48, 60, 143, 144, 1000]) {
        const { lengths, numbers: found } = streamed(pickedRows(parameters, cut(by), picked), "table");
        expect(found, `pieces of ${by}`).toEqual(rowsOf(rows));
        expect(lengths).toEqual(rows.length === 0 ? [] : [24 * rows.length]);
      }
    },
  );

  it("leave parameters alone of which none were picked, and say what the values say", () => {
    const values = cut(3);
    const picked = pickedRows(parameters, values, new Map([["table", Int32Array.of(1)]]));
    expect(picked.read("bias")).toBe(numbers.bias);
    expect(streamed(picked, "bias")).toEqual({ lengths: [3, 3, 3, 3, 3, 1], numbers: [1, 2, 3, 4] });
    expect([picked.untrained, picked.step]).toEqual([true, 7]);
  });

  it("of more than a MiB come in pieces of one, a row cut in two", () => {
    const wide = 3000;
    const all = { wide: Float32Array.from({ length: 100 * wide }, (_, i) => i) };
    const rows = Int32Array.from({ length: 90 }, (_, i) => i + 5);
    const values = pickedRows(
      [{ name: "wide", shape: [100, wide] }] as unknown as Parameter[],
      cut(5000, all),
      new Map([["wide", rows]]),
    );
    const pieces = [...values.chunks("wide")];
    expect(pieces.map(({ length }) => length)).toEqual([1 << 20, 4 * 90 * wide - (1 << 20)]);
    const found = new Float32Array(90 * wide);
    new Uint8Array(found.buffer).set(pieces[0]);
    new Uint8Array(found.buffer).set(pieces[1], 1 << 20);
    expect(found.every((value, i) => value === i + 5 * wide)).toBe(true);
  });
});
