// Which exact rewrites pay in training, where nothing is computed when a graph is built.
import type { Graph } from "../ir/graph.ts";
import { defaultContext, passes, rewrite } from "../passes/index.ts";
import { rowsAtOnce } from "../passes/rows-at-once.ts";
import { share } from "../passes/share.ts";
import { itemsOnce } from "./items-once.ts";
import { pooledAtOnce } from "./pooled-at-once.ts";
import { readApart } from "./read-apart.ts";
import { rowsOfScores } from "./rows-of-scores.ts";
import { wideApart } from "./wide-apart.ts";

const context = {
  ...defaultContext,
  usual: (dim: string) => (dim === "items" ? 10_000 : defaultContext.usual(dim)),
};

const only = (graph: Graph, ...names: readonly string[]): Graph =>
  rewrite(graph, { skip: new Set(passes.map(({ name }) => name).filter((name) => !names.includes(name))), context });

/** Graphs over whole histories, which pass no gradient: small tables are multiplied out and joined. */
export function forHistories(graph: Graph): Graph {
  const folded = itemsOnce.run(only(pooledAtOnce.run(graph, context), "fold-beta", "fold-bias", "fold-scale"), context);
  const ordered = rowsOfScores.run(rowsAtOnce.run(only(folded, "reassociate", "join-lookups"), context), context);
  return share.run(readApart.run(ordered, context), context);
}

/** Graphs over the behaviours that were kept. Their rows of cross features serve scores and values. */
export function forSteps(graph: Graph): Graph {
  const ordered = rowsOfScores.run(
    rowsAtOnce.run(only(graph, "fold-beta", "fold-scale", "reassociate"), context),
    context,
  );
  const weighed = wideApart.run(only(ordered, "heads-in-rows"), context);
  return share.run(rowsAtOnce.run(weighed, context), context);
}
