// The sessions of the training graphs.
import type { TrainGraph, TrainResult, TrainSpec } from "../../contract/training-spec.ts";
import type { Kernel, KernelShape } from "../kernel/index.ts";
import type { GraphSession, Tensor } from "../session/session.ts";

export type GraphRole = keyof TrainSpec["graphs"];

export interface OpenGraph {
  readonly graph: TrainGraph;
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
}

/** Opens a graph by its file, as the spec names it. */
export type OpenTrainGraph = (file: string, threads: number) => Promise<GraphSession>;

/** Opens the selection kernel for a shape, in so many threads. */
export type OpenKernel = (shape: KernelShape, threads: number) => Promise<Kernel>;

/** Whose time is told: what `operands` takes is the search's. */
export type TimedRole = Exclude<GraphRole, "operands">;

/** Opens graphs when they are first run; `update` has one thread, whatever the others have. */
export class TrainGraphs {
  readonly #open: OpenTrainGraph;
  readonly #spec: TrainSpec;
  readonly #threads: number;
  readonly #sessions = new Map<GraphRole, Promise<GraphSession>>();
  readonly #openKernel: OpenKernel | null;
  #kernel: Promise<Kernel> | null = null;
  /** Milliseconds spent inside each graph, and in the kernel. */
  readonly spent: Record<TimedRole, number> = { search: 0, step: 0, update: 0, score: 0, oracle: 0 };

  /** @param openKernel null: graphs search */
  constructor(spec: TrainSpec, threads: number, open: OpenTrainGraph, openKernel: OpenKernel | null = null) {
    this.#open = open;
    this.#openKernel = openKernel;
    this.#spec = spec;
    this.#threads = threads;
  }

  has(role: GraphRole): boolean {
    return (this.#spec.graphs[role] ?? null) !== null;
  }

  graph(role: GraphRole): TrainGraph {
    const graph = this.#spec.graphs[role] ?? null;
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
    this.spent[role === "operands" ? "search" : role] += performance.now() - begun;
    return outputs;
  }

  /** Whether the selection kernel searches. */
  get byKernel(): boolean {
    return this.#openKernel !== null && this.has("operands");
  }

  /** What the selection kernel does, in the time of the search. */
  async kernel<T>(shape: KernelShape, work: (kernel: Kernel) => Promise<T>): Promise<T> {
    if (this.#openKernel === null) {
      throw new Error("no kernel is to be opened");
    }
    this.#kernel ??= this.#openKernel(shape, this.#threads);
    const kernel = await this.#kernel;
    const begun = performance.now();
    const done = await work(kernel);
    this.spent.search += performance.now() - begun;
    return done;
  }

  async close(): Promise<void> {
    const sessions = await Promise.allSettled([...this.#sessions.values(), ...(this.#kernel ? [this.#kernel] : [])]);
    this.#sessions.clear();
    this.#kernel = null;
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
