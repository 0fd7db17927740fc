// The graph IR: immutable nodes over values with symbolic shapes. No protobuf, no I/O.

/** What numbers are computed in. */
export type ComputedDtype = "float32" | "int32" | "bool";
/** Rows of a lookup table as they are stored: an input holds them, rows of it are gathered and decoded, and that is all. */
export type StoredDtype = "float16" | "uint8";
export type Dtype = ComputedDtype | StoredDtype;

/** A number, or a symbol bound when a graph runs: `candidates`, `history`, `rows`, `items`, `batch`, … */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** A literal tensor. float32 data is held as Float32Array, int32 as Int32Array, bool as Uint8Array. */
export interface Literal {
  readonly dtype: ComputedDtype;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** What each operator carries besides its inputs. The keys are the operators: every table over them is total. */
export interface Attributes {
  input: { readonly name: string; readonly dtype: Dtype; readonly shape: Shape; readonly doc: string };
  /** A trained tensor, by its name in weights.safetensors. Always float32, always of known shape. */
  /** `role`: what a rewrite may have to know of it: `query` is a metric's weight of the candidate, which no table holds. */
  parameter: { readonly name: string; readonly shape: readonly number[]; readonly role?: "query" };
  constant: Literal;
  // elementwise, two operands, NumPy broadcasting, same dtype
  add: None;
  sub: None;
  mul: None;
  div: None;
  maximum: None;
  minimum: None;
  /** → bool */
  equal: None;
  /** → bool */
  greater: None;
  /** bool, bool → bool */
  and: None;
  /** (z, y float32) → the loss of each: binary cross entropy of log-odds z with labels y */
  bceWithLogits: None;
  // elementwise, one operand
  not: None;
  neg: None;
  exp: None;
  log: None;
  sqrt: None;
  abs: None;
  relu: None;
  sigmoid: None;
  tanh: None;
  erf: None;
  /** (condition bool, a, b), broadcasting; a and b float32 or int32 */
  where: None;
  cast: { readonly to: ComputedDtype };
  /** [… m, k] × [… k, n], leading dims broadcast (ONNX MatMul; both operands of rank >= 2) */
  matmul: None;
  /**
   * (queries [A, R, d], keys, bias [A, L] or [1, L]) → [A, R, L]: q Kᵀ + b. `behaviours` is the keys' axis of behaviours:
   * 0 for [L, A, d], 1 for [A, L, d].
   */
  biasedScores: { readonly behaviours: 0 | 1 };
  /** (queries [A, B, d], keys [U, A, d], index int32 [B, L]) → [A, B, L]: of every row the scores of the items it names */
  itemScores: None;
  /**
   * (x, indices int32): x's `axis` replaced by the shape of indices. `single`: x is a vector, and its numbers are read one by
   * one instead of as rows of one (the ONNX form; int32 would leave a WebGPU device).
   */
  gather: { readonly axis: number; readonly single?: boolean };
  /** (x [B, L, …rest], indices int32 [B, k]) → [B, k, …rest]: row b reads its own x[b] */
  gatherRows: None;
  /** (x, indices int32), same rank: y[…i…] = x[… indices[…i…] …] along `axis` */
  gatherElements: { readonly axis: number };
  /**
   * (indices int32 […], updates […, …rest], …more such pairs, like [rows, …rest]) → [rows, …rest]: the sum of the updates of
   * each row, zeros where there is none. Where all dims are known, `shape` holds them and there is no `like`.
   */
  scatterAdd: { readonly shape: readonly number[] | null };
  /**
   * (indices int32, updates, like), all of one rank: y[… indices[…i…] …] = Σ updates[…i…] along `axis`, zeros elsewhere; of the
   * shape of `like`
   */
  scatterElements: { readonly axis: number };
  /** over the last axis */
  softmax: None;
  sum: { readonly axes: readonly number[]; readonly keep: boolean };
  mean: { readonly axes: readonly number[]; readonly keep: boolean };
  max: { readonly axes: readonly number[]; readonly keep: boolean };
  concat: { readonly axis: number };
  /** x[… start:end …] along `axis`; `end` may be the axis' whole length */
  slice: { readonly axis: number; readonly start: number; readonly end: number };
  /** At most one symbol may appear that is not at the same place in the input's shape. */
  reshape: { readonly shape: Shape };
  /** (x, like): the numbers of x in the shape of `like` */
  reshapeLike: None;
  transpose: { readonly permutation: readonly number[] };
  unsqueeze: { readonly axes: readonly number[] };
  squeeze: { readonly axes: readonly number[] };
  /** (x [L]) → float32 [L]: 0, 1, 2, … ; only the length of x counts */
  positions: None;
  /** (x, like): x broadcast to the shape of `like` (its dims of size 1 and missing leading dims grow) */
  broadcast: None;
  /** (x, scale [w], shift [w]): over the last axis */
  layerNorm: { readonly epsilon: number };
  /**
   * (scores [A, R, L], positions [L]) → int32 [R, k]: heads walked in turn through their ranked lists until k distinct
   * positions are met, in the order in which they are met (semantics.md 1; TWIN, KDD 2023). Requires L >= k, and what is masked
   * (-1e30) to be so under all heads. Ties in the order of the device's TopK; here, the lower position first. `sampled`: rows
   * that the ONNX form looks at to choose its path; they change no result.
   */
  roundRobin: { readonly keep: number; readonly sampled: number };
  /** (scores [… L], positions [L]) → int32 [… k]: the k largest, ties as in roundRobin. Requires L >= k. */
  topPositions: { readonly keep: number };
  /**
   * Stored rows → float32 rows: (rows float16 [… w]), or (rows uint8 [… w], affine float32 [… 2h]) whose last axis holds
   * scale and offset of each head in turn; value = scale · stored + offset. `heads` are the h heads' widths, which fill w.
   */
  decodeRows: { readonly heads: readonly number[] };
}

export type None = Readonly<Record<never, never>>;
export type Op = keyof Attributes;

/** A node by one operator. */
interface NodeOf<K extends Op> {
  readonly op: K;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes[K];
  /** Where it comes from, for node names: a declaration of the model such as `relevance` or `interest/values`. */
  readonly scope: string;
  /** `///` text of that declaration. */
  readonly doc: string;
}

/** A node by any of the operators K: which one it is tells the type of its attributes. */
export type Node<K extends Op = Op> = { readonly [P in K]: NodeOf<P> }[K];

/** Operators that work number by number, operands broadcast to each other. */
export const elementwise: ReadonlySet<Op> = new Set<Op>([
  ...(["add", "sub", "mul", "div", "maximum", "minimum", "equal", "greater", "and", "where", "not", "cast"] as const),
  "bceWithLogits",
  ...(["neg", "exp", "log", "sqrt", "abs", "relu", "sigmoid", "tanh", "erf"] as const),
]);

/**
 * Operators that ONNX Runtime computes rightly with one intra-op thread only: what depends on them belongs into a session
 * with `intraOpNumThreads: 1`.
 */
export const oneThread: ReadonlySet<Op> = new Set<Op>(["scatterAdd"]);

/** The one result of a node. */
export interface Value {
  readonly node: Node;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** A value that is fed. */
export interface InputValue extends Value {
  readonly node: Node<"input">;
}

export const isInput = (value: Value): value is InputValue => value.node.op === "input";

/** The inputs that values depend on. */
export const inputsOf = (values: readonly Value[]): InputValue[] => topological(values).filter(isInput);

/** The attributes of a value made by `op`, else null. */
export function made<K extends Op>({ node }: Value, op: K): Attributes[K] | null {
  return node.op === op ? (node.attributes as Attributes[K]) : null;
}

/** The attributes of a value whose operator is known. @throws Error where it is another one: a fault of ours */
export function attributesOf<K extends Op>(value: Value, op: K): Attributes[K] {
  const attributes = made(value, op);
  if (attributes === null) {
    throw new Error(`${value.node.op} in ${value.node.scope} is no ${op}`);
  }
  return attributes;
}

export interface Output {
  readonly name: string;
  readonly value: Value;
  readonly doc: string;
}

export interface Graph {
  readonly name: string;
  readonly doc: string;
  /** Declared order; inputs that no output depends on are not part of the graph. */
  readonly inputs: readonly InputValue[];
  readonly outputs: readonly Output[];
}

/** Something of each value of a graph, such as its name in a text. */
export class PerValue<T> extends Map<Value, T> {
  /** @throws Error naming the value that nothing was made of: a fault of ours */
  of(value: Value): T {
    const found = this.get(value);
    if (found === undefined) {
      throw new Error(`${value.node.op} in ${value.node.scope} is not among the values that were gone through`);
    }
    return found;
  }
}

/** Makes something of every value, operands before users; `make` is given what it made of the operands. */
export function eachValue<T>(order: readonly Value[], make: (value: Value, operands: readonly T[]) => T): PerValue<T> {
  const made = new PerValue<T>();
  for (const value of order) {
    made.set(
      value,
      make(
        value,
        value.node.inputs.map((input) => made.of(input)),
      ),
    );
  }
  return made;
}

/** The value of an output. @throws Error where there is no such: a fault of ours */
export function outputNamed(outputs: readonly Output[], name: string): Value {
  const output = outputs.find((one) => one.name === name);
  if (output === undefined) {
    throw new Error(`there is no output ${name} among ${outputs.map((one) => one.name).join(", ")}`);
  }
  return output.value;
}

/** The values that the outputs depend on, operands before users, in a canonical order (inputs first as declared). */
export function topological(outputs: readonly Value[], first: readonly Value[] = []): Value[] {
  const seen = new Set<Value>();
  const order: Value[] = [];
  const stack: { value: Value; next: number }[] = [];
  const visit = (root: Value) => {
    if (seen.has(root)) {
      return;
    }
    seen.add(root);
    stack.push({ value: root, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next === top.value.node.inputs.length) {
        order.push(top.value);
        stack.pop();
        continue;
      }
      const operand = top.value.node.inputs[top.next++];
      if (!seen.has(operand)) {
        seen.add(operand);
        stack.push({ value: operand, next: 0 });
      }
    }
  };
  for (const value of first) {
    visit(value);
  }
  for (const value of outputs) {
    visit(value);
  }
  return order;
}
