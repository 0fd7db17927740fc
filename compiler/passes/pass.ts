// What a pass is: one exact rewrite, with what it needs and what holds after it.
import type { Graph, Value } from "../ir/graph.ts";
import { topological } from "../ir/graph.ts";
import { rewrite } from "../ir/rewrite.ts";
import { verify } from "../ir/verify.ts";

/** Something that can be asked of a graph. */
export interface Condition {
  readonly name: string;
  /** Null where it holds, else the place where it does not. */
  check(graph: Graph, context: Context): string | null;
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
      return (error as Error).message;
    }
  },
};

/** Nothing is left that the rule would change. */
function exhausted(name: string, ruleOf: (graph: Graph) => Rule): Condition {
  return {
    name,
    check(graph, context) {
      const rule = ruleOf(graph);
      const values = topological(graph.outputs.map((output) => output.value));
      const left = values.find((value) => rule(value, value.node.inputs, context) !== null);
      return left === undefined ? null : `${left.node.op} in ${left.node.scope || graph.name}`;
    },
  };
}

/** A pass of one rule, applied wherever it fits, operands first. */
export const ruled = (name: string, ensured: string, rule: Rule): Pass => ruledBy(name, ensured, () => rule);

/** The same with a rule that has to know the graph: who reads what. */
export function ruledBy(name: string, ensured: string, ruleOf: (graph: Graph) => Rule): Pass {
  return {
    name,
    requires: [sound],
    ensures: [sound, exhausted(ensured, ruleOf)],
    run(graph, context) {
      const rule = ruleOf(graph);
      return rewrite(graph, (value, inputs) => rule(value, inputs, context));
    },
  };
}
