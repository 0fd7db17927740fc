// The pairs of a batch: of one user, of rows that count, by the product of their weights.
import { describe, expect, it } from "vitest";
import { mostInPairs } from "../../contract/training-spec.ts";
import { labelWeights } from "../../runtime/learn/label-weights.ts";
import { pairShares } from "../../runtime/learn/pair-shares.ts";

const task = (label: string, pairs?: number, where: string | null = null) =>
  ({ label, kind: "binary", weight: 1, ...(pairs !== undefined && { pairs }), where }) as const;

function shares(tasks: readonly ReturnType<typeof task>[], rows: readonly (readonly number[])[]) {
  const column = (i: number) => Float32Array.from(rows, (row) => row[i]);
  const batch = {
    user: Uint32Array.from(rows, ([user]) => user),
    weight: column(1),
    labels: { click: column(2), like: column(3) },
  };
  return pairShares([...tasks], batch, labelWeights([...tasks], batch.labels, batch.weight));
}

const missing = Number.NaN;

describe("the share of a pair", () => {
  it("is the product of the weights, over all pairs of a positive and a negative of one user", () => {
    const { click } = shares(
      [task("click", 0.2)],
      [
        [7, 1, 1, 0],
        [7, 2, 0, 0],
        [8, 1, 1, 0],
        [7, 3, 0, 0],
        [8, 1, 1, 0],
      ],
    );
    const wanted = new Float32Array(25);
    // Row 0 beside rows 1 and 3; user 8 has no negative.
    wanted[1] = 2 / 5;
    wanted[3] = 3 / 5;
    expect(click).toEqual(wanted);
  });

  it("is 0 for a row whose label is missing, whose condition does not hold, or whose weight is 0", () => {
    const found = shares(
      [task("click"), task("like", 1, "click")],
      [
        [1, 1, 1, 1],
        [1, 1, 1, 0],
        [1, 1, 0, 0],
        [1, 1, 1, missing],
        [1, 0, 1, 0],
        [2, 1, 1, 0],
      ],
    );
    expect(Object.keys(found)).toEqual(["like"]);
    expect([...found.like].flatMap((share, at) => (share === 0 ? [] : [[at, share]]))).toEqual([[1, 1]]);
  });

  it("is 0 everywhere where there is no pair; a batch that is too large is refused", () => {
    expect([...shares([task("click", 1)], [[1, 1, 1, 0]]).click]).toEqual([0]);
    const many = Array.from({ length: mostInPairs + 1 }, () => [1, 1, 1, 0]);
    expect(() => shares([task("click", 1)], many)).toThrow(/4097 samples is too large for `pairs`.*at most 4096/);
  });
});
