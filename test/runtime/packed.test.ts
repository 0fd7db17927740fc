// Values cross between threads packed, and come out as they were.
import { describe, expect, it } from "vitest";
import { emptyRecord } from "../../contract/record.ts";
import { packed, unpacked } from "../../runtime/threads/packed.ts";

const crossed = (value: unknown): unknown => unpacked(structuredClone(packed(value)));

describe("packed", () => {
  it("crosses as it was", () => {
    const hostile = emptyRecord<unknown>();
    for (const [name, value] of [
      ["constructor", 1],
      ["toString", [2]],
      ["__proto__", { deep: -0 }],
    ] as const) {
      hostile[name] = value;
    }
    for (const value of [
      null,
      undefined,
      0,
      -0,
      Number.NaN,
      -Infinity,
      "",
      true,
      12345678901234567890n,
      [],
      {},
      [[], [{}], { a: [] }],
      [undefined, null, [undefined]],
      {
        a: 1,
        b: { a: 2, b: "x" },
        c: [
          { a: 3, b: null },
          { b: 4, a: 5 },
        ],
      },
      { 'a","b': 1, a: 2, "": 3 },
      { numbers: Float32Array.of(1, 2), when: new Date(5) },
    ]) {
      expect(crossed(value)).toStrictEqual(value);
    }
    const found = crossed({ hostile }) as { hostile: Record<string, unknown> };
    expect(Object.entries(found.hostile)).toStrictEqual(Object.entries(hostile));
  });

  it("spells names once a shape", () => {
    const { shapes, others } = packed(Array.from({ length: 100 }, (_, i) => ({ key: "k", at: i, deep: { at: i } })));
    expect(shapes).toEqual([["key", "at", "deep"], ["at"]]);
    expect(others).toHaveLength(100);
  });
});
