// The sessions of the training graphs.
import { join } from "node:path";
import type { GraphSession, Tensor } from "../session.ts";
import { openFile } from "../session-node.ts";
import type { TrainGraph, TrainResult, TrainSpec } from "./spec.ts";

export type GraphRole = keyof TrainSpec["graphs"];

export interface OpenGraph {
  readonly graph: TrainGraph;
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
}

/** Opens graphs when they are first run; `update` has one thread, whatever the others have. */
export class TrainGraphs {
  readonly #dir: string;
  readonly #spec: TrainSpec;
  readonly #threads: number;
  readonly #open = new Map<GraphRole, Promise<GraphSession>>();
  /** Milliseconds spent inside each graph. */
  readonly spent: Record<GraphRole, number> = { search: 0, step: 0, update: 0, score: 0, oracle: 0 };

  /** @param dir the folder that the files in the spec are relative to */
  constructor(dir: string, spec: TrainSpec, threads: number) {
    this.#dir = dir;
    this.#spec = spec;
    this.#threads = threads;
  }

  has(role: GraphRole): boolean {
    return this.#spec.graphs[role] !== null;
  }

  graph(role: GraphRole): TrainGraph {
    const graph = this.#spec.graphs[role];
    if (graph === null) throw new Error(`the model has no training graph \`${role}\``);
    return graph;
  }

  async run(role: GraphRole, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    let session = this.#open.get(role);
    if (session === undefined) {
      const threads = role === "update" ? 1 : this.#threads;
      const warn = () => undefined;
      session = openFile(join(this.#dir, this.graph(role).file), { providers: ["cpu"], threads, warn, strict: true });
      this.#open.set(role, session);
    }
    const opened = await session;
    const begun = performance.now();
    const outputs = await opened.run(feeds);
    this.spent[role] += performance.now() - begun;
    return outputs;
  }

  async close(): Promise<void> {
    const sessions = await Promise.allSettled(this.#open.values());
    this.#open.clear();
    for (const one of sessions) if (one.status === "fulfilled") await one.value.close();
  }
}

/** The outputs of a run that hold results of a kind. */
export function* resultsOf<K extends TrainResult["kind"]>(
  graph: TrainGraph,
  outputs: Readonly<Record<string, Tensor>>,
  kind: K,
): Generator<{ readonly result: Extract<TrainResult, { kind: K }>; readonly tensor: Tensor }> {
  for (const { name, result } of graph.outputs) {
    if (result.kind === kind) yield { result: result as Extract<TrainResult, { kind: K }>, tensor: outputs[name] };
  }
}
