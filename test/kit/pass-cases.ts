// Small graphs before a pass, what it makes of them, and which mutants of the pass a named case must catch.
import { evaluate } from "../../compiler/ir/evaluate.ts";
import { type Graph, topological } from "../../compiler/ir/graph.ts";
import { print } from "../../compiler/ir/print.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { type Context, defaultContext } from "../../compiler/passes/index.ts";
import { uniform } from "./any-request.ts";
import { outputsApart, same } from "./reference.ts";

export type Read = (name: string) => Tensor & { readonly data: Float32Array };
export type Rewrite = (graph: Graph, context: Context, read: Read) => Graph;

export interface PassCase {
  readonly graph: Graph;
  /** Which numbered rule of the pass's comment it shows. */
  readonly rule?: number;
  /** The operators behind, operands first, leaves left out. Without it the pass must leave the graph as it is. */
  readonly gives?: string;
  /** By a rule beside what the pass promises: of sums, of columns, of what lies deeper. */
  readonly beside?: true;
  /** What the graph behind holds as text, where the operators alone do not tell. */
  readonly holds?: RegExp;
  readonly context?: Partial<Context>;
}

/** How a case notices a mutant: scores change, there is no sound graph any more, or other operators stand there. */
export type Kind = "scores" | "breaks" | "form";

export interface Mutant {
  /** What is switched off. */
  readonly off: string;
  /** Text that stands once in the file, and what takes its place. */
  readonly change: readonly [string, string];
  readonly caughtBy: string;
  readonly as: Kind;
  /** File of the patch, beside the pass; default: the pass itself. */
  readonly file?: string;
}

export const mutant = (off: string, from: string, to: string, caughtBy: string, as: Kind, file?: string): Mutant => ({
  off,
  change: [from, to],
  caughtBy,
  as,
  ...(file !== undefined && { file }),
});

export interface PassCases {
  readonly pass: string;
  /** Its file from the root, and the name that it exports. */
  readonly file: string;
  readonly name: string;
  readonly keeps: "bits" | "rounding" | "float32";
  /** Why no look-alike would change a score, where none would. */
  readonly harmless?: string;
  readonly cases: Readonly<Record<string, PassCase>>;
  readonly mutants: readonly Mutant[];
}

const lengths: Readonly<Record<string, number>> = {
  candidates: 3,
  batch: 2,
  history: 5,
  items: 4,
  rows: 4,
  unknown: 2,
};
const tolerance = { bits: 0, rounding: 1e-9, float32: 1e-5 } as const;

/** Whole numbers name one of two rows, floats of the name `valid` are 0 or 1, others lie in ±1. */
function feedsOf(graph: Graph): Record<string, Tensor> {
  return Object.fromEntries(
    graph.inputs.map(({ node }, index) => {
      const { name, dtype, shape } = node.attributes;
      const draw = uniform(7 + index);
      const known = shape.map((dim) => (typeof dim === "number" ? dim : lengths[dim]));
      const length = known.reduce((product, dim) => product * dim, 1);
      const whole = dtype !== "float32" || name === "valid";
      return [
        name,
        { shape: known, data: Float64Array.from({ length }, () => (whole ? Math.floor(2 * draw()) : 2 * draw() - 1)) },
      ];
    }),
  );
}

/** Numbers for every parameter of a graph. */
export function numbersOf(graph: Graph): Read {
  const found = new Map<string, ReturnType<Read>>();
  for (const { node } of topological(graph.outputs.map(({ value }) => value))) {
    if (node.op !== "parameter") {
      continue;
    }
    const { name, shape } = node.attributes;
    const draw = uniform(101 + found.size);
    const length = shape.reduce((product, dim) => product * dim, 1);
    found.set(name, { shape, data: Float32Array.from({ length }, () => 2 * draw() - 1) });
  }
  return (name) => found.get(name)!;
}

const leaves: ReadonlySet<string> = new Set(["input", "parameter", "constant"]);

export const operators = (graph: Graph): string =>
  topological(graph.outputs.map(({ value }) => value))
    .map(({ node }) => node.op)
    .filter((op) => !leaves.has(op))
    .join(" ");

/** What is wrong with a rewrite of a case, or null. */
export function fault(
  rewrite: Rewrite,
  { graph, gives, holds, context }: PassCase,
  keeps: PassCases["keeps"],
): { readonly kind: Kind; readonly what: string } | null {
  const read = numbersOf(graph);
  const feeds = feedsOf(graph);
  const wanted = evaluate(graph, feeds, read);
  let after: Graph;
  let actual: Record<string, Tensor>;
  try {
    after = rewrite(graph, { ...defaultContext, ...context }, read);
    verify(after);
    actual = evaluate(
      after,
      Object.fromEntries(after.inputs.map(({ node }) => [node.attributes.name, feeds[node.attributes.name]])),
      read,
    );
  } catch (error) {
    return { kind: "breaks", what: (error as Error).message };
  }
  const apart =
    keeps === "bits"
      ? (Object.keys(wanted).find((name) => !same(actual[name], wanted[name])) ?? null)
      : outputsApart(actual, wanted, tolerance[keeps]);
  if (apart !== null) {
    return { kind: "scores", what: apart };
  }
  const stays = print(after) === print(graph);
  if (gives === undefined) {
    return stays ? null : { kind: "form", what: `it fires: ${operators(after)}` };
  }
  if (stays) {
    return { kind: "form", what: "it does not fire" };
  }
  if (holds !== undefined && !holds.test(print(after))) {
    return { kind: "form", what: print(after) };
  }
  return operators(after) === gives ? null : { kind: "form", what: operators(after) };
}

/** The rewrite that a module exports: a pass, or a function of the graph and its parameters. */
export function rewriteOf(found: unknown): Rewrite {
  if (typeof found === "function") {
    return (graph, _, read) => (found as (graph: Graph, read: Read) => Graph)(graph, read);
  }
  const { run } = found as { readonly run: Rewrite };
  return run;
}
