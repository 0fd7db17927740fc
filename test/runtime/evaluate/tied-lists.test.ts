// Lists that another order of ties explains are right, and others are not.
import { describe, expect, it } from "vitest";
import { onlyTies } from "../../../runtime/hit-rate/index.ts";
import { comparedLists, isWalk } from "../../../runtime/metrics/tied-lists.ts";
import { floats, ints } from "../../../runtime/session/session.ts";

describe("the walk under some order of ties", () => {
  // Behaviours 1 and 2 tie under both heads.
  const heads = [
    [5, 4, 4, 1],
    [0, 4, 4, 3],
  ];

  it("is told from lists that no order gives", () => {
    for (const list of [
      [0, 1, 2],
      [0, 2, 1],
      [0, 1, 2, 3],
    ]) {
      expect(isWalk(heads, list), list.join()).toBe(true);
    }
    for (const list of [
      [1, 0, 2],
      [0, 3, 1],
      [0, 1, 1],
      [0, 1, 3],
      [0, 1, 7],
    ]) {
      expect(isWalk(heads, list), list.join()).toBe(false);
    }
  });

  it("lets every head order its own ties", () => {
    const alike = [
      [2, 2, 1],
      [2, 2, 1],
      [1, 2, 3],
    ];
    // The first two heads name 0 and 0, or 0 and 1: only then does 2 come third.
    expect(isWalk(alike, [0, 2, 1])).toBe(true);
    expect(isWalk(alike, [0, 1, 2])).toBe(true);
    expect(isWalk(alike, [2, 0, 1])).toBe(false);
  });

  it("holds where a tie is cut, and not where a behaviour stands twice", () => {
    const scores = floats(Float32Array.of(9, 3, 3, 3, -1e30, -1e30), 1, 1, 6);
    const expected = ints(Int32Array.of(0, 1, 2), 1, 3);
    const compare = (...list: number[]) => comparedLists(ints(Int32Array.from(list), 1, 3), expected, scores);
    expect(compare(0, 1, 2)).toEqual({ wrong: 0, tied: 0 });
    expect(compare(0, 3, 1)).toEqual({ wrong: 0, tied: 2 });
    expect(compare(0, 3, 3)).toEqual({ wrong: 2, tied: 0 });
    expect(compare(0, 1, 4)).toEqual({ wrong: 1, tied: 0 });
    expect(compare(1, 0, 2)).toEqual({ wrong: 2, tied: 0 });
    expect(comparedLists(ints(Int32Array.of(0, 3, 1), 1, 3), expected, null)).toEqual({ wrong: 2, tied: 0 });
  });

  it("asks nothing of the padding", () => {
    const scores = floats(Float32Array.of(1, 3, -1e30, -1e30, -1e30), 1, 5);
    const expected = ints(Int32Array.of(1, 0, 2), 1, 3);
    expect(comparedLists(ints(Int32Array.of(1, 0, 4), 1, 3), expected, scores)).toEqual({ wrong: 0, tied: 1 });
    expect(comparedLists(ints(Int32Array.of(1, 4, 0), 1, 3), expected, scores)).toEqual({ wrong: 2, tied: 0 });
  });

  it("does not take a lost behaviour for a tie of the oracle's list", () => {
    const row = { heads: [[1, 1, 1, 1]], count: 4 };
    expect(onlyTies(row, new Set([0, 3]), new Set([0, 1]))).toBe(true);
    expect(onlyTies(row, new Set([3]), new Set([0, 1]))).toBe(false);
  });
});
