// What a pass is: one exact rewrite, with what it needs and what holds after it.
import type { Graph, Value } from "../ir/graph.ts";
import { topological } from "../ir/graph.ts";
import { rewrite } from "../ir/rewrite.ts";
import { verify } from "../ir/verify.ts";

/** Something that can be asked of a graph. */
export interface Condition {
  readonly name: string;
  /** Null where it holds, else the place where it does not. `before` is the graph that the pass was given. */
  check(graph: Graph, context: Context, before: Graph): string | null;
}

/** Sizes up to which parameters may be multiplied out into tables of their own. */
export interface Context {
  /** Numbers in the table of one feature's bias: rows × heads. */
  readonly biasTable: number;
  /** Numbers in the table of one feature's values: rows × heads × width. It inflates the embedding, so it stays small. */
  readonly valueTable: number;
  /** What a symbolic dim usually is, for choices between two orders of products; undefined: not known. */
  usual(dim: string): number | undefined;
}

const usualSizes: Readonly<Record<string, number>> = { candidates: 100, batch: 512, history: 10_000 };

export const defaultContext: Context = {
  biasTable: 1 << 24,
  valueTable: 1 << 20,
  usual: (dim) => usualSizes[dim.split(".")[0]],
};

export interface Pass {
  readonly name: string;
  /** What stays of every result: its bits, or its value up to rounding. */
  readonly keeps: "bits" | "rounding";
  readonly requires: readonly Condition[];
  readonly ensures: readonly Condition[];
  run(graph: Graph, context: Context): Graph;
}

/** What takes a value's place, with its operands already rewritten; null: it stays. */
export type Rule = (value: Value, inputs: readonly Value[], context: Context) => Value | null;

/** Types and shapes are what the operators infer, names are unique, inputs are declared. */
export const sound: Condition = {
  name: "sound",
  check(graph) {
    try {
      verify(graph);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },
};

/** No value of the graph is so. What it looks for is told by shapes and operators, and asks no rule of a pass. */
export function nowhere(what: string, match: (value: Value, context: Context, graph: Graph) => boolean): Condition {
  return {
    name: `nowhere ${what}`,
    check(graph, context) {
      const values = topological(graph.outputs.map((output) => output.value));
      const left = values.find((value) => match(value, context, graph));
      return left === undefined ? null : `${left.node.op} in ${left.node.scope || graph.name}`;
    },
  };
}

/** What a pass of rules promises. */
export interface Promised {
  readonly keeps: Pass["keeps"];
  readonly ensures: Condition;
}

/** A pass of one rule, applied wherever it fits, operands first. */
export const ruled = (name: string, promised: Promised, rule: Rule): Pass => ruledBy(name, promised, () => rule);

/** The same with a rule that has to know the graph: who reads what. */
export function ruledBy(name: string, { keeps, ensures }: Promised, ruleOf: (graph: Graph) => Rule): Pass {
  return {
    name,
    keeps,
    requires: [sound],
    ensures: [sound, ensures],
    run(graph, context) {
      const rule = ruleOf(graph);
      return rewrite(graph, (value, inputs) => rule(value, inputs, context));
    },
  };
}
