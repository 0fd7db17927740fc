// Exact rewrites of what reverse mode writes, where rows are many: nothing wide is copied, turned round or summed twice.

import { type Builder, builder, make } from "../ir/build.ts";
import { type Graph, type Shape, topological, type Value } from "../ir/graph.ts";
import { rewrite } from "../ir/rewrite.ts";
import { knownDim } from "../ir/shape.ts";
import { made } from "../passes/fixed.ts";

/**
 * Results stay equal up to rounding.
 *  1. columns of a · b that are read as slices alone  →  a · (columns of b)
 *  2. (a · b)ᵀ                                        →  bᵀ · aᵀ
 *  3. aᵀ · b + cᵀ · d                                 →  [a; c]ᵀ · [b; d]   where copying a to d costs less than adding up
 *  4. columns of sums by row                          →  sums by row of columns
 *  5. sums by row i of sums by row j                  →  sums by row i of j, without the sums in between
 * Narrow columns are not summed up apart by 4 and 5: every row that is summed costs about as much as 16 numbers of it.
 */
export function backward(graph: Graph): Graph {
  return [slices, products, sums, narrowSums].reduce((result, pass) => pass(result), graph);
}

/** Columns from which on sums of their own cost less than taking them out of sums of all columns. */
const wide = 24;

function slices(graph: Graph): Graph {
  const whole = readOtherwise(graph);
  return rewrite(graph, (value, [x]) => {
    const at = made(value, "slice");
    if (at === null || whole.has(value.node.inputs[0])) return null;
    return at.axis === value.shape.length - 1 && x.node.op === "matmul" ? columns(x, at.start, at.end) : null;
  });
}

/** What is read by something else than slices of its last axis. */
function readOtherwise(graph: Graph): ReadonlySet<Value> {
  const found = new Set(graph.outputs.map(({ value }) => value));
  for (const value of topological([...found])) {
    for (const input of value.node.inputs) {
      if (made(value, "slice")?.axis !== input.shape.length - 1) found.add(input);
    }
  }
  return found;
}

/** Columns of a value, taken before what makes it where that is a product. */
function columns(value: Value, start: number, end: number): Value {
  const { node } = value;
  const b = builder(node.scope, node.doc);
  const last = value.shape.length - 1;
  if (start === 0 && end === value.shape[last]) return value;
  if (node.op === "matmul") return b.matmul(node.inputs[0], columns(node.inputs[1], start, end));
  const plain = node.op === "add" && node.inputs.every((input) => input.shape.join() === value.shape.join());
  if (plain) return b.add(columns(node.inputs[0], start, end), columns(node.inputs[1], start, end));
  const inner = made(value, "slice");
  if (inner?.axis === last) return b.slice(node.inputs[0], last, inner.start + start, inner.start + end);
  return b.slice(value, last, start, end);
}

function products(graph: Graph): Graph {
  return rewrite(graph, (value, inputs) => {
    if (value.node.op === "transpose") return turnedProduct(value, inputs[0]);
    if (value.node.op !== "add") return null;
    const [left, right] = inputs.map(shortProduct);
    if (left === null || right === null || left.shape.join() !== right.shape.join()) return null;
    const b = builder(value.node.scope, value.node.doc);
    const rows = b.concat([left.a, right.a], 1);
    return b.matmul(b.transpose(rows, [0, 2, 1]), b.concat([left.b, right.b], 1));
  });
}

function turnedProduct(value: Value, x: Value): Value | null {
  if (made(value, "transpose")!.permutation.join() !== "0,2,1" || x.node.op !== "matmul") return null;
  const b = builder(value.node.scope, value.node.doc);
  const [left, right] = x.node.inputs.map((operand) => turned(b, operand));
  return b.matmul(right, left);
}

/** The last two axes in each other's place. */
function turned(b: Builder, x: Value): Value {
  const known = made(x, "transpose")?.permutation;
  const from = known ? x.node.inputs[0] : x;
  const order = [...(known ?? Array.from(x.shape, (_, axis) => axis))];
  order.push(...order.splice(-2).reverse());
  return order.every((axis, index) => axis === index) ? from : b.transpose(from, order);
}

/** aᵀ · b, with a [B, s, m] and b [B, s, n] of which no more is copied than a result [B, m, n] holds. */
function shortProduct(value: Value): { a: Value; b: Value; shape: Value["shape"] } | null {
  if (value.node.op !== "matmul" || value.shape.length !== 3) return null;
  const [left, right] = value.node.inputs;
  if (left.shape.length !== 3 || right.shape.length !== 3 || left.shape[0] !== right.shape[0]) return null;
  const [m, short, n] = [left.shape[1], right.shape[1], right.shape[2]];
  if (typeof m !== "number" || typeof short !== "number" || typeof n !== "number") return null;
  if (short * (m + n) > m * n) return null;
  if (left.node.op !== "transpose") return null;
  return { a: turned(builder(left.node.scope, left.node.doc), left), b: right, shape: value.shape };
}

function sums(graph: Graph): Graph {
  return rewrite(graph, (value, inputs) => {
    const at = made(value, "scatterAdd");
    if (at === null) return null;
    const count = at.shape === null ? inputs.length - 1 : inputs.length;
    const pairs: Value[] = [];
    for (let index = 0; index < count; index += 2) pairs.push(...composed(inputs[index], inputs[index + 1]));
    if (pairs.length === count) return null;
    return make("scatterAdd", [...pairs, ...inputs.slice(count)], at, value.node);
  });
}

/** The pairs of a sum by row of updates that are sums by row themselves, or columns of such. */
function composed(indices: Value, updates: Value): Value[] {
  const slice = made(updates, "slice");
  const cut = slice !== null && slice.axis === updates.shape.length - 1;
  const inner = cut ? updates.node.inputs[0] : updates;
  const at = made(inner, "scatterAdd");
  if (at === null || indices.shape.length !== 1 || inner.shape.length !== 2) return [indices, updates];
  if (cut && slice.end - slice.start < wide) return [indices, updates];
  const { inputs, scope, doc } = inner.node;
  const b = builder(scope, doc);
  const count = at.shape === null ? inputs.length - 1 : inputs.length;
  return Array.from({ length: count / 2 }, (_, pair) => {
    const [index, own] = inputs.slice(2 * pair, 2 * pair + 2);
    return [b.gather(indices, index), cut ? columns(own, slice.start, slice.end) : own];
  }).flat();
}

/** Sums by row for each reader of columns of its own; the rows are counted by an input of as many. */
function narrowSums(graph: Graph): Graph {
  const whole = readTogether(graph, readOtherwise(graph));
  return rewrite(graph, (value, inputs) => {
    const [x] = inputs;
    if (value.node.op === "scatterAdd" && whole.has(value)) return onZeros(graph, value, inputs);
    const at = made(value, "slice");
    const sum = at === null ? null : made(x, "scatterAdd");
    if (!at || !sum || at.axis !== value.shape.length - 1 || whole.has(value.node.inputs[0])) return null;
    const b = builder(x.node.scope, x.node.doc);
    const like = zeros(b, graph, value.shape);
    if (sum.shape !== null || like === null) return null;
    const pairs = x.node.inputs.slice(0, -1);
    const narrow = pairs.map((operand, index) => (index % 2 === 0 ? operand : columns(operand, at.start, at.end)));
    return make("scatterAdd", [...narrow, like], sum, x.node);
  });
}

/** What is read whole, and sums of which nearly all columns are read, by several readers and never many at once. */
function readTogether(graph: Graph, whole: ReadonlySet<Value>): ReadonlySet<Value> {
  const readers = new Map<Value, Map<string, number>>();
  for (const value of topological(graph.outputs.map((output) => output.value))) {
    const at = made(value, "slice");
    const [x] = value.node.inputs;
    if (at === null || x.node.op !== "scatterAdd" || whole.has(x)) continue;
    readers.set(x, (readers.get(x) ?? new Map<string, number>()).set(`${at.start}-${at.end}`, at.end - at.start));
  }
  const together = [...readers].flatMap(([x, own]) => {
    const widths = [...own.values()];
    const read = widths.reduce((sum, width) => sum + width, 0);
    const all = knownDim(x, x.shape.length - 1);
    return widths.length > 1 && Math.max(...widths) < wide && 2 * read >= all ? [x] : [];
  });
  return new Set([...whole, ...together]);
}

/** The same sums by row on zeros that cost nothing to carry. */
function onZeros(graph: Graph, value: Value, inputs: readonly Value[]): Value | null {
  const sum = made(value, "scatterAdd")!;
  if (sum.shape !== null || value.shape.length !== 2) return null;
  const like = zeros(builder(value.node.scope, value.node.doc), graph, value.shape);
  return like && make("scatterAdd", [...inputs.slice(0, -1), like], sum, value.node);
}

/** Zeros [rows, width] where some input has as many rows: nothing has to be carried for a shape. */
function zeros(b: Builder, graph: Graph, [rows, width]: Shape): Value | null {
  const counted = graph.inputs.find(({ shape, dtype }) => dtype === "int32" && shape[0] === rows && shape.length <= 2);
  if (counted === undefined || typeof width !== "number") return null;
  const one = counted.shape.length === 1 ? counted : b.squeeze(b.slice(counted, 1, 0, 1), 1);
  const none = b.mul(one, b.constant({ dtype: "int32", shape: [], data: Int32Array.of(0) }));
  return b.gather(b.floats(new Float32Array(width), [1, width]), none);
}
