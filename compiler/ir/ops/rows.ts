// Rows of lookup tables as they are stored → float32: float16 (IEEE) and uint8 (affine for each head).

import { onnxDtype } from "../onnx-dtype.ts";
import type { OnnxEmitter, Rule } from "../rule.ts";
import { expectDim, expectDtype, expectRank, ShapeError, size } from "../shape.ts";

const many = Number.POSITIVE_INFINITY;

/**
 * The host's decoding of the same rows, to the rounding of one float32 product and sum. (rows float16 [… w]), or (rows
 * uint8 [… w], affine float32 [… 2h]): value = scale of its head · stored + offset of its head.
 */
export const decodeRows: Rule<"decodeRows"> = {
  infer([rows, ...affines], { heads }) {
    expectDtype(rows, "the rows", "float16", "uint8");
    expectRank(rows, "the rows", 1, many);
    if (heads.length === 0 || !heads.every((width) => Number.isInteger(width) && width > 0)) {
      throw new ShapeError(`[${heads.join(", ")}] are no widths of heads`);
    }
    const [leading, width] = [rows.shape.slice(0, -1), rows.shape[rows.shape.length - 1]];
    expectDim(width, total(heads), "the width of the rows");
    if (affines.length !== (rows.dtype === "uint8" ? 1 : 0)) {
      throw new ShapeError(`${rows.dtype} rows are decoded with ${affines.length} tensors of scales and offsets`);
    }
    for (const affine of affines) {
      expectDtype(affine, "the scales and offsets", "float32");
      expectRank(affine, "the scales and offsets", rows.shape.length);
      [...leading, 2 * heads.length].forEach((dim, axis) => {
        expectDim(affine.shape[axis], dim, `dim ${axis} of the scales and offsets`);
      });
    }
    return { dtype: "float32", shape: rows.shape };
  },
  evaluate([rows, affine], { heads }) {
    if (affine === undefined) {
      return { shape: rows.shape, data: Float64Array.from(rows.data) };
    }
    const width = total(heads);
    const of = heads.flatMap((columns, head) => Array<number>(columns).fill(head));
    const data = Float64Array.from(rows.data, (stored, index) => {
      const at = 2 * (Math.floor(index / width) * heads.length + of[index % width]);
      return affine.data[at] * stored + affine.data[at + 1];
    });
    return { shape: rows.shape, data };
  },
  /** Stored rows are not trained. */
  gradient: "none",
  cost: (operands, output) => (operands.length === 2 ? 2 * size(output) : 0),
  onnx(emit, [rows, affine], node) {
    if (affine === undefined) {
      return emit.node("Cast", [rows], { to: onnxDtype.float32 });
    }
    const axis = node.inputs[0].shape.length - 1;
    const numbers = plainNumbers(emit, rows, axis, total(node.attributes.heads));
    const parts = runs(node.attributes.heads).map((run, _, all) => {
      const alone = all.length === 1;
      const stored = alone ? numbers : cut(emit, numbers, axis, run.column, run.count * run.width);
      const own = alone ? affine : cut(emit, affine, axis, 2 * run.head, 2 * run.count);
      return decodeRun(emit, stored, own, axis, run);
    });
    return parts.length === 1 ? parts[0] : emit.node("Concat", parts, { axis });
  },
};

/**
 * uint8 [… width] as float32: each row has scales of its own, which DequantizeLinear has no form for, so it makes plain
 * numbers: halves, doubled afterwards (both exact), because ONNX Runtime moves what only reshapes or cuts to before it,
 * where WebGPU has no kernel.
 *
 * With one scale for all, ONNX Runtime 1.30 decodes wrongly on a WebGPU device that stays open: after counts that are no
 * multiple of four comes one that is, its program would take four at once, and the earlier one is used in its place. So
 * one scale serves widths of which every count is such a multiple; others have a scale for each column, which is always
 * taken one by one (on a CPU eight times as slow). One column would be one scale, so it is read twice and cut.
 */
function plainNumbers(emit: OnnxEmitter, rows: string, axis: number, width: number): string {
  const doubled = (halves: string) => emit.node("Mul", [halves, emit.scalar(2)]);
  if (width % 4 === 0) {
    return doubled(emit.node("DequantizeLinear", [rows, emit.scalar(0.5)]));
  }
  const columns = Math.max(2, width);
  const both = { dtype: "int32", shape: [2], data: Int32Array.of(0, 0) } as const;
  const read = width === 1 ? emit.node("Gather", [rows, emit.constant(both)], { axis }) : rows;
  const half = emit.constant({ dtype: "float32", shape: [columns], data: new Float32Array(columns).fill(0.5) });
  const numbers = doubled(emit.node("DequantizeLinear", [read, half], { axis }));
  return width === 1 ? cut(emit, numbers, axis, 0, 1) : numbers;
}

interface Run {
  /** First head and first column. */
  readonly head: number;
  readonly column: number;
  /** Heads, and columns of each. */
  readonly count: number;
  readonly width: number;
}

/** Neighbouring heads of one width: they are decoded together. */
function runs(heads: readonly number[]): Run[] {
  const found: Run[] = [];
  let column = 0;
  heads.forEach((width, head) => {
    const last = found[found.length - 1];
    if (last?.width === width) {
      found[found.length - 1] = { ...last, count: last.count + 1 };
    } else {
      found.push({ head, column, count: 1, width });
    }
    column += width;
  });
  return found;
}

function decodeRun(emit: OnnxEmitter, stored: string, affine: string, axis: number, { count, width }: Run): string {
  const leading = Array<number>(axis).fill(0);
  const heads = (value: string, columns: number) =>
    emit.node("Reshape", [value, emit.ints(...leading, count, columns)]);
  const pairs = heads(affine, 2);
  const scaled = emit.node("Mul", [heads(stored, width), cut(emit, pairs, axis + 1, 0, 1)]);
  const decoded = emit.node("Add", [scaled, cut(emit, pairs, axis + 1, 1, 1)]);
  return emit.node("Reshape", [decoded, emit.ints(...leading, count * width)]);
}

function cut(emit: OnnxEmitter, value: string, axis: number, start: number, length: number): string {
  return emit.node("Slice", [value, emit.ints(start), emit.ints(start + length), emit.ints(axis)]);
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0);
}
