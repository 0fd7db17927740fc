// Candidates ranked with the selection kernel: queries by a graph, the kernel, and a graph from what it pooled to labels.
import { emptyRecord } from "../../contract/record.ts";
import { floats, ints, type Tensor } from "../session/session.ts";
import type { Candidates } from "./candidates.ts";
import type { Engine } from "./engine.ts";
import { feeds, type KeptTensors } from "./feeds.ts";
import type { KernelSide } from "./kernel-side.ts";
import type { UserSide } from "./prepare.ts";
import { runGraph } from "./variants.ts";

type Chunk = { readonly start: number; readonly end: number };

/** What the kernel gives for candidates start … end−1: the searches' lists, and what each attend pooled, by their ports. */
export async function runKernel(
  engine: Engine,
  side: UserSide & { readonly kernel: KernelSide },
  candidates: Candidates,
  chunk: Chunk,
  signal: AbortSignal | null,
): Promise<{ readonly kept: KeptTensors; readonly pooled: KeptTensors }> {
  const { spec } = side.kernel.planned;
  const count = chunk.end - chunk.start;
  const queries = await engine.sessions.run(spec.query, feeds(engine, spec.query, side, candidates, chunk, {}));
  const { kept, pooled } = await side.kernel.run(engine, side, queries, count, signal);
  const { searches } = engine.artefacts.manifest;
  const lists = emptyRecord<Tensor>();
  for (const [i, { search, rule, keep, product }] of spec.searches.entries()) {
    const port = searches.find(({ name }) => name === search)!.kept;
    const heads = rule === "per_head" ? [spec.products.find(({ name }) => name === product)!.heads] : [];
    lists[port] = ints(kept[i], ...heads, count, keep);
  }
  const results = emptyRecord<Tensor>();
  for (const [i, { pooled: port }] of spec.attends.entries()) {
    results[port] = floats(pooled[i], count, pooled[i].length / count);
  }
  return { kept: lists, pooled: results };
}

/** Labels and lists of candidates start … end−1. */
export async function rankByKernel(
  engine: Engine,
  side: UserSide & { readonly kernel: KernelSide },
  candidates: Candidates,
  chunk: Chunk,
  signal: AbortSignal | null,
): Promise<Record<string, Tensor>> {
  const { kept, pooled } = await runKernel(engine, side, candidates, chunk, signal);
  const { head } = side.kernel.planned.spec;
  const outputs = await runGraph(engine, head, side, candidates, chunk, { ...kept, ...pooled });
  return { ...outputs, ...kept };
}

/** Whether a user's candidates go by the kernel. */
export const byKernel = (side: UserSide): side is UserSide & { readonly kernel: KernelSide } => side.kernel !== null;
