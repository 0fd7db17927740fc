// The table of exact rewrites: which run on which graphs, in which order. Each keeps the scores (docs/passes.md).
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
import { columnsFirst } from "./training/columns-first.ts";
import { earlyTogether } from "./training/early-together.ts";
import { itemsOnce } from "./training/items-once.ts";
import { narrowSums } from "./training/narrow-sums.ts";
import { numberByNumber } from "./training/number-by-number.ts";
import { pooledAtOnce } from "./training/pooled-at-once.ts";
import { readApart } from "./training/read-apart.ts";
import { rowsOfScores } from "./training/rows-of-scores.ts";
import { sumsOfSums } from "./training/sums-of-sums.ts";
import { turnedProducts } from "./training/turned-products.ts";
import { wideApart } from "./training/wide-apart.ts";
import { userOnce } from "./user-once.ts";

export { isFixed } from "./fixed.ts";
export { foldParameters } from "./fold-parameters.ts";
export { type Condition, type Context, defaultContext, type Pass } from "./pass.ts";

/** The passes by the graphs that they are for. In training nothing is computed when a graph is built, so that fewer pay. */
export const plans = {
  /** Every graph of a build. */
  serving: [
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
  ],
  /** Training's graphs over whole histories, which pass no gradient: small tables are multiplied out and joined. */
  histories: [
    pooledAtOnce,
    foldBeta,
    foldBias,
    foldScale,
    itemsOnce,
    reassociate,
    joinLookups,
    rowsAtOnce,
    rowsOfScores,
    readApart,
    share,
  ],
  /** Training's graphs over the behaviours that were kept. Their rows of cross features serve scores and values. */
  steps: [foldBeta, foldScale, reassociate, rowsAtOnce, rowsOfScores, headsInRows, wideApart, rowsAtOnce, share],
  /** A step with what reverse mode wrote: nothing wide is copied, turned round or summed twice. */
  learning: [share, columnsFirst, turnedProducts, sumsOfSums, narrowSums, share],
  /** A step before it is cut in two. */
  cut: [earlyTogether],
  /** Every graph of training, before it is written. */
  written: [numberByNumber],
} as const satisfies Readonly<Record<string, readonly Pass[]>>;

export type PlanName = keyof typeof plans;

/** Those of a build. */
export const passes: readonly Pass[] = plans.serving;

/** Every pass once, in the order of the table. */
export const everyPass: readonly Pass[] = [...new Set<Pass>(Object.values(plans).flat())];

export interface RewriteOptions {
  /** Default: `serving`. */
  readonly plan?: PlanName;
  /** Check what every pass requires and ensures. A failure is a fault of the compiler. */
  readonly verify?: boolean;
  /** Names of passes to leave out. */
  readonly skip?: ReadonlySet<string>;
  readonly context?: Context;
}

/** Batches of training hold so many items at once. */
const trainingContext: Context = {
  ...defaultContext,
  usual: (dim) => (dim === "items" ? 10_000 : defaultContext.usual(dim)),
};

/** Runs the passes of a plan. Outputs, their names and the meaning of every input stay; inputs that nothing needs any more go. */
export function rewrite(graph: Graph, options: RewriteOptions = {}): Graph {
  const { plan = "serving", verify = false, skip = new Set() } = options;
  const context = options.context ?? contextOf(plan);
  let result = graph;
  for (const pass of plans[plan]) {
    if (skip.has(pass.name)) {
      continue;
    }
    const before = result;
    if (verify) {
      expect(pass, "requires", before, context, before);
    }
    result = pass.run(before, context);
    if (verify) {
      expect(pass, "ensures", result, context, before);
    }
  }
  return result;
}

/** What the passes of a plan take for usual. */
export const contextOf = (plan: PlanName): Context => (plan === "serving" ? defaultContext : trainingContext);

function expect(pass: Pass, side: "requires" | "ensures", graph: Graph, context: Context, before: Graph): void {
  for (const condition of pass[side]) {
    const fault = condition.check(graph, context, before);
    if (fault !== null) {
      throw new Error(`${graph.name}: ${pass.name} ${side} "${condition.name}", but: ${fault}`);
    }
  }
}
