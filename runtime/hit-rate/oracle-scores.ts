// The oracle's scores: the attention's own over the whole history, keys projected, padding at −1e30, in the plan by which the
// user is ranked. Those of the kernel differ from the graph's in the last bit, which is enough for another list.
import { metricOf } from "../../contract/by-spec.ts";
import type { KernelPlanSpec, KernelProduct } from "../../contract/kernel-spec.ts";
import type { GraphName, Manifest } from "../../contract/manifest.ts";
import { literalScores, type UserOperands } from "../kernel/index.ts";
import {
  type Candidates,
  type Engine,
  feeds,
  historiesOf,
  operandsOf,
  rowsOf,
  type SearchSpec,
  type UserSide,
} from "../request/index.ts";
import { floats, floatsOf, type Tensor } from "../session/session.ts";

/** How compiler/lower/mask.ts masks. */
const penalty = 1e30;

/** A search whose scores the graph `oracle` gives. */
export type SearchWithOracle = SearchSpec & { readonly scores: string };

type Chunk = { readonly start: number; readonly end: number };

/** The graphs that the oracle's scores of this user are made by. */
export const oracleGraphs = (engine: Engine, side: Pick<UserSide, "kernel">): GraphName[] => {
  const plan = planOf(engine, side);
  return plan === null ? ["oracle"] : [plan.user, plan.query];
};

export class OracleScores {
  readonly #engine: Engine;
  readonly #side: UserSide;
  readonly #candidates: Candidates;
  readonly #plan: KernelPlanSpec | null;
  #operands: Promise<UserOperands> | null = null;

  constructor(engine: Engine, side: UserSide, candidates: Candidates) {
    this.#engine = engine;
    this.#side = side;
    this.#candidates = candidates;
    this.#plan = planOf(engine, side);
  }

  /** Of each search [heads, candidates, history]. */
  async of(searches: readonly SearchWithOracle[], chunk: Chunk): Promise<Tensor[]> {
    const plan = this.#plan;
    if (plan === null) {
      const scores = await this.#run("oracle", chunk);
      return searches.map((search) => scores[search.scores]);
    }
    this.#operands ??= this.#run(plan.user, chunk).then((outputs) => operandsOf(plan, this.#side, outputs));
    const operands = await this.#operands;
    const queries = await this.#run(plan.query, chunk);
    const rows = rowsOf(plan.products, queries);
    return searches.map((search) => {
      const product = productOf(this.#engine.artefacts.manifest, plan, search)!;
      const place = plan.products.indexOf(product);
      const { keys, bias, match } = operands.products[place];
      const agreeing = match.map((one, i) => {
        const { rows: together, any } = product.match![i];
        return { ...one, rows: together, any, candidates: rows[place][i] };
      });
      const length = operands.lengths[historiesOf(plan.products).indexOf(product.history)];
      const query = floatsOf(queries[product.query], product.query);
      const scores = literalScores(product, length, keys, bias, query, agreeing);
      const { count } = this.#side.histories.get(product.history)!;
      for (let row = 0; row < scores.length; row += length) {
        for (let i = count; i < length; i++) {
          scores[row + i] -= penalty;
        }
      }
      return floats(scores, product.heads, chunk.end - chunk.start, length);
    });
  }

  #run(graph: GraphName, chunk: Chunk): Promise<Record<string, Tensor>> {
    const inputs = feeds(this.#engine, graph, this.#side, this.#candidates, chunk, {});
    return this.#engine.sessions.run(graph, inputs);
  }
}

/** The kernel's plan with keys made afresh, where the kernel ranks this user and has all that the oracles score by. */
function planOf(engine: Engine, { kernel }: Pick<UserSide, "kernel">): KernelPlanSpec | null {
  const { manifest } = engine.artefacts;
  const plan = kernel === null ? null : engine.kernel.freshPlan();
  const all = plan !== null && manifest.searches.every((one) => one.scores === null || productOf(manifest, plan, one));
  return all ? plan : null;
}

/** Scores of the metric that the first attend over a search goes by, keys projected. */
function productOf(
  { attends }: Manifest,
  { products }: KernelPlanSpec,
  { name, by }: SearchSpec,
): KernelProduct | undefined {
  const attend = attends.find(
    (one) => one.over.kind === "search" && one.over.search === name && metricOf(one.by) !== null,
  );
  const metric = metricOf((attend ?? { by }).by);
  return products.find((product) => product.name === metric && product.keys.kind === "output");
}
