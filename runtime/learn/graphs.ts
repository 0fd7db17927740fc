// The sessions of the training graphs.
import type { TrainGraph, TrainResult, TrainSpec } from "../../contract/training-spec.ts";
import type { GraphSession, Tensor } from "../session/session.ts";

export type GraphRole = keyof TrainSpec["graphs"];

export interface OpenGraph {
  readonly graph: TrainGraph;
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
}

/** Opens a graph by its file, as the spec names it. */
export type OpenTrainGraph = (file: string, threads: number) => Promise<GraphSession>;

/** Opens graphs when they are first run; `update` has one thread, whatever the others have. */
export class TrainGraphs {
  readonly #open: OpenTrainGraph;
  readonly #spec: TrainSpec;
  readonly #threads: number;
  readonly #sessions = new Map<GraphRole, Promise<GraphSession>>();
  /** Milliseconds spent inside each graph. */
  readonly spent: Record<GraphRole, number> = { search: 0, step: 0, update: 0, score: 0, oracle: 0 };

  constructor(spec: TrainSpec, threads: number, open: OpenTrainGraph) {
    this.#open = open;
    this.#spec = spec;
    this.#threads = threads;
  }

  has(role: GraphRole): boolean {
    return this.#spec.graphs[role] !== null;
  }

  graph(role: GraphRole): TrainGraph {
    const graph = this.#spec.graphs[role];
    if (graph === null) {
      throw new Error(`the model has no training graph \`${role}\``);
    }
    return graph;
  }

  async run(role: GraphRole, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    let session = this.#sessions.get(role);
    if (session === undefined) {
      const threads = role === "update" ? 1 : this.#threads;
      session = this.#open(this.graph(role).file, threads);
      this.#sessions.set(role, session);
    }
    const opened = await session;
    const begun = performance.now();
    const outputs = await opened.run(feeds);
    this.spent[role] += performance.now() - begun;
    return outputs;
  }

  async close(): Promise<void> {
    const sessions = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    for (const one of sessions) {
      if (one.status === "fulfilled") {
        await one.value.close();
      }
    }
  }
}

/** The outputs of a run that hold results of a kind. */
export function* resultsOf<K extends TrainResult["kind"]>(
  graph: TrainGraph,
  outputs: Readonly<Record<string, Tensor>>,
  kind: K,
): Generator<{ readonly result: Extract<TrainResult, { kind: K }>; readonly tensor: Tensor }> {
  for (const { name, result } of graph.outputs) {
    if (isOf(kind, result)) {
      yield { result, tensor: outputs[name] };
    }
  }
}

function isOf<K extends TrainResult["kind"]>(
  kind: K,
  result: TrainResult,
): result is Extract<TrainResult, { readonly kind: K }> {
  return result.kind === kind;
}
