// How a graph is run, whatever runs it: tensors, sessions opened when first needed, and a queue that lets one run at a time.
import {
  type GraphName,
  graphNames,
  type StoredType,
  storedTypes,
  type VariantName,
} from "../../contract/port-spec.ts";

export interface FloatTensor {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface IntTensor {
  readonly dtype: "int32";
  readonly shape: readonly number[];
  readonly data: Int32Array;
}

/** A dense tensor, row-major. */
export type Tensor = FloatTensor | IntTensor;

/** Rows of a table as they are stored: an input of a variant. float16 is given by its bits. */
export type StoredTensor =
  | { readonly dtype: "float16"; readonly shape: readonly number[]; readonly data: Uint16Array }
  | { readonly dtype: "uint8"; readonly shape: readonly number[]; readonly data: Uint8Array };

export type Feeds = Readonly<Record<string, Tensor | StoredTensor>>;

/** A graph, or its variant over stored rows. */
export type SessionName = GraphName | VariantName;

/** The graph of a session, and of a variant the type of its rows. */
export function graphOf(name: SessionName): { readonly graph: GraphName; readonly type: StoredType | null } {
  for (const graph of graphNames) {
    const type = storedTypes.find((one) => name === `${graph}.${one}`) ?? null;
    if (type !== null || name === graph) {
      return { graph, type };
    }
  }
  throw new Error(`there is no graph ${name}`);
}

/** One graph, opened. */
export interface GraphSession {
  /** The execution provider that was asked for and could be had: `cpu`, `cuda`, `webgpu`, … */
  readonly provider: string;
  run(feeds: Feeds): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

export type OpenSession = (graph: SessionName) => Promise<GraphSession>;

export function floats(data: Float32Array, ...shape: number[]): FloatTensor {
  return { dtype: "float32", shape, data };
}

export function ints(data: Int32Array, ...shape: number[]): IntTensor {
  return { dtype: "int32", shape, data };
}

/** Numbers of either type, in a shape. */
export function tensorOf(data: Float32Array | Int32Array, shape: readonly number[]): Tensor {
  return data instanceof Float32Array ? floats(data, ...shape) : ints(data, ...shape);
}

/** Stored rows of either type, in a shape. */
export function storedTensorOf(data: Uint16Array | Uint8Array, shape: readonly number[]): StoredTensor {
  return data instanceof Uint16Array ? { dtype: "float16", shape, data } : { dtype: "uint8", shape, data };
}

/** The numbers of an output that is float32. @param what the output, for the error @throws Error where it is int32 */
export function floatsOf({ dtype, data }: Tensor, what: string): Float32Array {
  if (dtype !== "float32") {
    throw new Error(`${what} is ${dtype}, not float32: not a graph of ours`);
  }
  return data;
}

/** The numbers of an output that is int32. @param what the output, for the error @throws Error where it is float32 */
export function intsOf({ dtype, data }: Tensor, what: string): Int32Array {
  if (dtype !== "int32") {
    throw new Error(`${what} is ${dtype}, not int32: not a graph of ours`);
  }
  return data;
}

/**
 * The sessions of one set of artefacts. A session is opened when its graph is first run. Runs are queued: two at once
 * on one WebGPU session hang, and on a CPU they would only share the same threads.
 */
export class Sessions {
  readonly #open: OpenSession;
  readonly #sound: Promise<void>;
  readonly #sessions = new Map<SessionName, Promise<GraphSession>>();
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** @param sound settles when what the graphs read is known to be sound: no result leaves before */
  constructor(open: OpenSession, sound: Promise<void> = Promise.resolve()) {
    this.#open = open;
    this.#sound = sound;
  }

  /** Opens the graph's session if it is not open yet. */
  open(graph: SessionName): Promise<GraphSession> {
    const known = this.#sessions.get(graph);
    if (known !== undefined) {
      return known;
    }
    if (this.#closed) {
      return Promise.reject(new Error(`session ${graph} asked for after close()`));
    }
    const opening = this.#open(graph);
    this.#sessions.set(graph, opening);
    opening.catch(() => this.#sessions.delete(graph));
    return opening;
  }

  run(graph: SessionName, feeds: Feeds): Promise<Record<string, Tensor>> {
    const turn = this.#last.then(async () => {
      const session = await this.open(graph);
      await this.#sound;
      return session.run(feeds);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Releases the session of a graph that cannot be used. */
  drop(graph: SessionName): Promise<void> {
    const turn = this.#last.then(async () => {
      const session = await this.#sessions.get(graph)?.catch(() => undefined);
      this.#sessions.delete(graph);
      await session?.close();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Names of the graphs whose sessions are open. */
  opened(): SessionName[] {
    return [...this.#sessions.keys()];
  }

  /** Waits for the runs that are under way, then releases every session. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    const open = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of await Promise.allSettled(open)) {
      if (session.status === "fulfilled") {
        await session.value.close();
      }
    }
  }
}
