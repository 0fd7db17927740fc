// A thread as whoever started it sees it: it answers jobs, and may end at any time.
import { TwinError } from "../../contract/error.ts";
import type { OuterLine } from "./line.ts";
import { type Answer, type Reply, receivedError } from "./messages.ts";

interface Waiting<Value, Ready> {
  readonly resolve: (answer: Answer<Value, Ready>) => void;
  readonly reject: (error: Error) => void;
}

export interface ThreadOptions {
  /** The thread in a word or two, for errors: "worker thread". */
  readonly name: string;
  /** What fails the jobs of a thread that ended by itself, and those that come later. @param why such as "exit code 1" */
  readonly lost?: (why: string, cause: unknown) => Error;
}

export interface AskOptions {
  /** Memory of the job that goes over instead of being copied. */
  readonly transfer?: readonly ArrayBuffer[];
  /** Tells the thread that nobody wants the result any more; the promise settles when the thread is done with the job. */
  readonly signal?: AbortSignal | null;
}

/** A line to a thread that is started already. */
type Line<Job, Value, Ready> = OuterLine<never, Job, Value, Ready>;

export class Thread<Job, Value, Ready> {
  readonly #line: Line<Job, Value, Ready>;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting<Value, Ready>>();
  #opened: { readonly ready: Ready } | null = null;
  #lost: Error | null = null;
  #died: (() => void) | null = null;
  #next = 0;

  private constructor(line: Line<Job, Value, Ready>, { name, lost = plainly(name) }: ThreadOptions) {
    this.#line = line;
    this.#name = name;
    const gone = (why: string, cause: unknown): void => {
      if (this.#lost !== null) {
        return;
      }
      this.#fail(lost(why, cause));
      this.#died?.();
    };
    line.listen((reply) => this.#take(reply), gone);
  }

  /** Starts the service of a thread. @throws what it threw while it opened */
  static async open<Start, Job, Value, Ready>(
    line: OuterLine<Start, Job, Value, Ready>,
    start: Start,
    options: ThreadOptions,
  ): Promise<Thread<Job, Value, Ready>> {
    const thread = new Thread<Job, Value, Ready>(line, options);
    try {
      const answer = await thread.#call((id) => line.post({ kind: "open", id, start }, []));
      if (answer.kind !== "opened") {
        throw outOfTurn(answer);
      }
      thread.#opened = answer;
      return thread;
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  /** What the service said when it was open. */
  get ready(): Ready {
    if (this.#opened === null) {
      throw new Error(`the ${this.#name} is not open yet`);
    }
    return this.#opened.ready;
  }

  /** Whether it has ended, or was ended. */
  get gone(): boolean {
    return this.#lost !== null;
  }

  /** @param listener told when the thread ends by itself */
  onDeath(listener: () => void): void {
    this.#died = listener;
    if (this.#lost !== null) {
      listener();
    }
  }

  /** Jobs are done in the order in which they are asked for. Nobody need await an answer that is not wanted. */
  ask(job: Job, { transfer = [], signal = null }: AskOptions = {}): Promise<Value> {
    let number = -1;
    const answer = this.#call((id) => {
      number = id;
      this.#line.post({ kind: "job", id, job, droppable: signal !== null }, transfer);
    }).then(doneValue);
    answer.catch(() => undefined);
    if (signal === null) {
      return answer;
    }
    const drop = (): void => {
      if (this.#waiting.has(number)) {
        this.#line.post({ kind: "drop", id: number }, []);
      }
    };
    if (signal.aborted) {
      drop();
    } else {
      signal.addEventListener("abort", drop, { once: true });
    }
    const settled = answer.finally(() => signal.removeEventListener("abort", drop));
    settled.catch(() => undefined);
    return settled;
  }

  /** Waits for its jobs, lets it release everything, and ends it. */
  async close(): Promise<void> {
    try {
      if (!this.gone) {
        await this.#call((id) => this.#line.post({ kind: "close", id }, []));
      }
    } finally {
      await this.end();
    }
  }

  /** Ends it at once; its jobs fail. */
  async end(): Promise<void> {
    this.#fail(new TwinError(`the ${this.#name} was ended`, { code: "closed" }));
    await this.#line.end();
  }

  /** @param post sends the call of this number */
  #call(post: (id: number) => void): Promise<Answer<Value, Ready>> {
    if (this.#lost !== null) {
      return Promise.reject(this.#lost);
    }
    const id = this.#next++;
    const answer = new Promise<Answer<Value, Ready>>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      try {
        post(id);
      } catch (error) {
        this.#waiting.delete(id);
        const reason = error instanceof Error ? error.message : String(error);
        reject(
          new TwinError(`this cannot be sent to a ${this.#name}: ${reason}. Bring plain columns`, { cause: error }),
        );
      }
    });
    answer.catch(() => undefined);
    return answer;
  }

  #take(reply: Reply<Value, Ready>): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === "failed") {
      waiting?.reject(receivedError(reply.error));
    } else {
      waiting?.resolve(reply);
    }
  }

  #fail(error: Error): void {
    this.#lost ??= error;
    for (const { reject } of this.#waiting.values()) {
      reject(error);
    }
    this.#waiting.clear();
  }
}

function doneValue<Value>(answer: Answer<Value, unknown>): Value {
  if (answer.kind !== "done") {
    throw outOfTurn(answer);
  }
  return answer.value;
}

const outOfTurn = ({ kind, id }: Answer<unknown, unknown>): Error =>
  new Error(`a thread answered call ${id} by "${kind}", which is no answer to it`);

/** What a thread threw is a bug; one that was ended is not. */
const plainly =
  (name: string) =>
  (why: string, cause: unknown): Error => {
    const said = `the ${name} ended early: ${why}`;
    return cause === null ? new TwinError(said, { code: "thread_ended" }) : new Error(said, { cause });
  };

/** Opens several threads side by side; where one cannot be opened the others are ended. */
export async function openAll<T extends { end(): Promise<void> }>(count: number, open: () => Promise<T>): Promise<T[]> {
  const opened = await Promise.allSettled(Array.from({ length: count }, open));
  const threads = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = opened.find((one) => one.status === "rejected");
  if (failed === undefined) {
    return threads;
  }
  await Promise.all(threads.map((thread) => thread.end()));
  throw failed.reason;
}
