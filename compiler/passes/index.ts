// The exact rewrites, in the order in which they run. Each keeps the scores (semantics.md, section 1).
import type { Graph } from "../ir/graph.ts";
import { foldBeta } from "./fold-beta.ts";
import { foldBias } from "./fold-bias.ts";
import { foldScale } from "./fold-scale.ts";
import { headsInRows } from "./heads-in-rows.ts";
import { joinLookups } from "./join-lookups.ts";
import { maskInProduct } from "./mask-in-product.ts";
import { mergeOutput } from "./merge-output.ts";
import { type Context, defaultContext, type Pass } from "./pass.ts";
import { readKept } from "./read-kept.ts";
import { reassociate } from "./reassociate.ts";
import { rowsAtOnce } from "./rows-at-once.ts";
import { settleLayout } from "./settle-layout.ts";
import { share } from "./share.ts";
import { splitValues } from "./split-values.ts";
import { userOnce } from "./user-once.ts";

export { isFixed } from "./fixed.ts";
export { foldParameters } from "./fold-parameters.ts";
export { type Condition, type Context, defaultContext, type Pass } from "./pass.ts";

export const passes: readonly Pass[] = [
  readKept,
  foldBeta,
  foldBias,
  foldScale,
  reassociate,
  splitValues,
  mergeOutput,
  joinLookups,
  userOnce,
  headsInRows,
  maskInProduct,
  rowsAtOnce,
  settleLayout,
  share,
];

export interface RewriteOptions {
  /** Check what every pass requires and ensures. A failure is a fault of the compiler. */
  readonly verify?: boolean;
  /** Names of passes to leave out. */
  readonly skip?: ReadonlySet<string>;
  readonly context?: Context;
}

/** Runs all passes. Outputs, their names and the meaning of every input stay; inputs that nothing needs any more go. */
export function rewrite(graph: Graph, options: RewriteOptions = {}): Graph {
  const { verify = false, skip = new Set(), context = defaultContext } = options;
  let result = graph;
  for (const pass of passes) {
    if (skip.has(pass.name)) continue;
    if (verify) expect(pass, "requires", result, context);
    result = pass.run(result, context);
    if (verify) expect(pass, "ensures", result, context);
  }
  return result;
}

function expect(pass: Pass, side: "requires" | "ensures", graph: Graph, context: Context): void {
  for (const condition of pass[side]) {
    const fault = condition.check(graph, context);
    if (fault !== null) throw new Error(`${graph.name}: ${pass.name} ${side} "${condition.name}", but: ${fault}`);
  }
}
