// Selection: the round-robin list of several heads, and the plain top k. The ONNX forms are in select-onnx.ts.
import type { Dim, Value } from "../graph.ts";
import type { Rule, Tensor } from "../rule.ts";
import { expectDim, expectDtype, expectRank, ShapeError, size } from "../shape.ts";
import { onnxRoundRobin, onnxTopPositions } from "./select-onnx.ts";

const many = Number.POSITIVE_INFINITY;

/**
 * (scores [A, R, L], positions [L]) → int32 [R, k]: the heads' ranked lists are walked in turn until k distinct
 * positions are met (TWIN, KDD 2023, section 3.3). Ties go to the lower position. NaN ranks below every number; the ONNX
 * form leaves the order of NaN open, so the host feeds finite numbers and masks with -1e30. The host also never runs it
 * for R = 0: TopK over no rows ends the process on ONNX Runtime's CPU (a division by zero).
 */
export const roundRobin: Rule<"roundRobin"> = {
  infer([scores, positions], { keep }) {
    expectRank(scores, "the scores", 3);
    const [heads, rows] = scores.shape;
    if (typeof heads !== "number" || heads < 1) {
      throw new ShapeError(`the number of heads, ${heads}, is not known`);
    }
    checkSelection(scores, positions, keep);
    return { dtype: "int32", shape: [rows, keep] };
  },
  evaluate([scores, positions], { keep }) {
    const [heads, rows, length] = scores.shape;
    checkLength(positions, length, keep);
    const data = new Float64Array(rows * keep);
    for (let row = 0; row < rows; row++) {
      const lists = Array.from({ length: heads }, (_, head) => ranked(scores, (head * rows + row) * length, length));
      data.set(walkInTurn(lists, keep), row * keep);
    }
    return { shape: [rows, keep], data };
  },
  gradient: "none",
  cost: () => 0,
  onnx: onnxRoundRobin,
};

/** (scores [… L], positions [L]) → int32 [… k]: the k largest, best first; ties and NaN as in roundRobin. */
export const topPositions: Rule<"topPositions"> = {
  infer([scores, positions], { keep }) {
    expectRank(scores, "the scores", 1, many);
    checkSelection(scores, positions, keep);
    return { dtype: "int32", shape: [...scores.shape.slice(0, -1), keep] };
  },
  evaluate([scores, positions], { keep }) {
    const length = scores.shape[scores.shape.length - 1];
    checkLength(positions, length, keep);
    const rows = size(scores.shape.slice(0, -1));
    const data = new Float64Array(rows * keep);
    for (let row = 0; row < rows; row++) {
      data.set(ranked(scores, row * length, length).slice(0, keep), row * keep);
    }
    return { shape: [...scores.shape.slice(0, -1), keep], data };
  },
  gradient: "none",
  cost: () => 0,
  onnx: onnxTopPositions,
};

/** The paper's loop: the heads take turns, each names the next of its list, until `keep` distinct ones are named. */
function walkInTurn(lists: readonly (readonly number[])[], keep: number): number[] {
  const met = new Set<number>();
  for (let rank = 0; met.size < keep; rank++) {
    for (const list of lists) {
      if (met.size < keep) {
        met.add(list[rank]);
      }
    }
  }
  return [...met];
}

/** Positions 0 … length-1, the best score first, equal scores in order, NaN last. */
function ranked(scores: Tensor, start: number, length: number): number[] {
  const score = (position: number) => scores.data[start + position];
  return Array.from({ length }, (_, position) => position).sort((a, b) => {
    const [x, y] = [score(a), score(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) {
      return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    }
    return x === y ? a - b : y > x ? 1 : -1;
  });
}

function checkSelection(scores: Value, positions: Value, keep: number): void {
  expectDtype(scores, "the scores", "float32");
  expectDtype(positions, "the positions", "float32");
  expectRank(positions, "the positions", 1);
  const length: Dim = scores.shape[scores.shape.length - 1];
  expectDim(positions.shape[0], length, "the number of positions");
  if (!Number.isInteger(keep) || keep < 1) {
    throw new ShapeError(`${keep} of the positions cannot be kept`);
  }
  if (typeof length === "number" && length < keep) {
    throw new ShapeError(`${keep} of ${length} positions cannot be kept`);
  }
}

/** `positions` carries 0, 1, 2, … to devices that cannot count: other numbers would mean another list there. */
function checkLength(positions: Tensor, length: number, keep: number): void {
  if (length < keep) {
    throw new RangeError(`${keep} of ${length} positions cannot be kept: pad the history to ${keep}`);
  }
  for (let index = 0; index < length; index++) {
    if (positions.data[index] !== index) {
      throw new RangeError(`positions[${index}] is ${positions.data[index]}`);
    }
  }
}
