// What the operator table knows of one operator. Every column is total over `Op`: an operator without a rule does not compile.
import type { Builder } from "./build.ts";
import type { Attributes, ComputedDtype, Dim, Dtype, Literal, Node, Op, Shape, Value } from "./graph.ts";

/** A tensor of the reference interpreter. Numbers are read as float64 whatever array holds them; bool is 0 or 1. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A node, and what a gradient rule writes with. */
export interface Backward<K extends Op> {
  /** Writes at the place of the node's gradient. */
  readonly b: Builder;
  readonly node: Node<K>;
  readonly y: Value;
  /** dL/dy: float32, the shape of y. */
  readonly dy: Value;
}

/**
 * The vector-Jacobian product: dL/dx for every operand, of its shape; null for an operand that no gradient reaches. Only
 * what is used of the results becomes part of a graph.
 */
export type Gradient<K extends Op> = (at: Backward<K>) => readonly (Value | null)[];

export interface Rule<K extends Op> {
  /** Type and shape of the result; throws `ShapeError` where the operands do not fit. */
  infer(inputs: readonly Value[], attributes: Attributes[K]): { dtype: Dtype; shape: Shape };
  /** The slow, obvious meaning, in float64: the oracle of every numerical test. */
  evaluate(inputs: readonly Tensor[], attributes: Attributes[K]): Tensor;
  /** How a gradient passes from the result to the operands; `none`: no gradient passes (discrete operators, leaves). */
  readonly gradient: Gradient<K> | "none";
  /** Multiply-adds for operands and result of the given shapes; comparisons, copies and gathers count nothing. */
  cost(inputs: readonly (readonly number[])[], output: readonly number[], attributes: Attributes[K]): number;
  /** Writes the ONNX nodes and returns the name of the result. */
  onnx(emit: OnnxEmitter, inputs: readonly string[], node: Node<K>, output: Value): string;
}

export type OnnxAttribute = number | readonly number[] | string | { readonly float: number } | OnnxSubgraph;

export interface OnnxNode {
  readonly opType: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  readonly doc: string;
}

/** What a result is; null: a length that nothing names. */
export interface OnnxType {
  readonly dtype: ComputedDtype;
  readonly shape: readonly (Dim | null)[];
}

/** The body of an `If`: nodes written inside, the names that it returns, and what these are. */
export interface OnnxSubgraph {
  readonly outputs: readonly string[];
  readonly types: readonly OnnxType[];
  readonly nodes: readonly OnnxNode[];
}

/**
 * Writes ONNX nodes without showing protobuf. Integers in `attributes` are ints; a float attribute is `{ float: x }`.
 * Names are unique and made from the place in the model.
 */
export interface OnnxEmitter {
  node(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): string;
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, OnnxAttribute>>,
  ): string[];
  /** A small tensor inside the graph; equal ones are written once. */
  constant(literal: Literal): string;
  /** An int64 vector, for shapes, axes and TopK's k. */
  ints(...values: number[]): string;
  /** An int32 scalar. */
  integer(value: number): string;
  /** A float32 scalar. */
  scalar(value: number): string;
  /**
   * A body of an `If`: it may use outer names; `write` returns the names of its outputs. Their types are said, since some
   * engines infer none of a branch.
   */
  subgraph(types: readonly OnnxType[], write: (emit: OnnxEmitter) => readonly string[]): OnnxSubgraph;
}
