// The thread in which a page's folder lives: started when it is needed, and anew where it ended or its device does not serve.
import { TwinError } from "../../contract/error.ts";
import { Thread } from "../threads/thread.ts";
import { unfound } from "./lines.ts";
import type { FailedDevice, WebAnswer, WebJob, WebReady, WebStart } from "./messages.ts";

export type WebThread = Thread<WebJob, WebAnswer, WebReady>;

type WebLine = Parameters<typeof Thread.open<WebStart, WebJob, WebAnswer, WebReady>>[0];

export interface HomeOptions {
  /** Starts a thread, a fresh one each time. */
  readonly line: () => Promise<WebLine>;
  readonly start: Omit<WebStart, "refused">;
  /** Whether a new thread is another realm, where what stalled may open. */
  readonly fresh: boolean;
  readonly warn: (message: string) => void;
}

/** How often WebGPU may stall in a fresh thread before it is given up: of 20 pages 7 stalled with ONNX Runtime 1.30. */
const stallsAllowed = 3;

const lost = (why: string): TwinError =>
  why === unfound
    ? new TwinError(
        'the program of the worker, web-worker.js of twin-compiler, cannot be loaded. Vite before 8 needs `optimizeDeps: { exclude: ["twin-compiler"] }` in its config; where a bundler does not bring the program, make it an entry and say `load(FOLDER, { worker: () => new Worker("web-worker.js", { type: "module" }) })`',
      )
    : new TwinError(
        `the worker that ran this request ended (${why}); the next request starts another one: send the request again`,
        { code: "thread_ended" },
      );

export class Home {
  readonly #options: HomeOptions;
  readonly #refused: WebStart["refused"][number][] = [];
  #open: Promise<WebThread> | null = null;
  /** To the thread that was started last, which may be opening still. */
  #line: WebLine | null = null;
  #stalls = 0;
  #build: string | null = null;
  #closed = false;

  constructor(options: HomeOptions) {
    this.#options = options;
  }

  /** The thread that is alive, or a new one. @throws what it threw while it opened */
  thread(): Promise<WebThread> {
    this.#open ??= this.#start();
    return this.#open;
  }

  /** The device of that thread does not serve: goes on in a fresh thread, on another provider unless it only stalled. */
  async leave(thread: WebThread, { provider, because, stalled }: FailedDevice): Promise<void> {
    const { fresh, warn } = this.#options;
    this.#open = null;
    await thread.end();
    if (provider === "wasm") {
      if (!fresh) {
        throw new TwinError(`${because}, and cannot begin anew in this page: load(FOLDER, { threads: 1 })`);
      }
      this.#refused.push({ provider, because });
      warn(`${because}: it runs in one thread instead`);
      return;
    }
    if (stalled) {
      this.#stalls++;
    }
    if (stalled && fresh && this.#stalls < stallsAllowed) {
      return;
    }
    const times = stalled && this.#stalls > 1 ? ` (${this.#stalls} times, each in a fresh worker)` : "";
    this.#refused.push({ provider, because: `${because}${times}` });
    warn(`${because}${times}: graphs run on WASM instead`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const open = await this.#open?.catch(() => null);
    await open?.close();
  }

  /** Ends it, whatever it does: one that is opening still says nothing any more. */
  async end(): Promise<void> {
    this.#closed = true;
    await this.#line?.end();
  }

  async #start(): Promise<WebThread> {
    try {
      const { line: started, start } = this.#options;
      const line = await started();
      this.#line = line;
      if (this.#closed) {
        await line.end();
        throw new TwinError("the folder was closed while it was opened", { code: "closed" });
      }
      const thread = await Thread.open<WebStart, WebJob, WebAnswer, WebReady>(
        line,
        { ...start, refused: [...this.#refused] },
        { name: "worker", lost },
      );
      thread.onDeath(() => {
        this.#open = null;
      });
      await this.#expectSame(thread);
      if (this.#closed) {
        await thread.end();
      }
      return thread;
    } catch (error) {
      this.#open = null;
      throw error;
    }
  }

  /** A thread that starts later must find the same build: what was prepared and shown belongs to it. */
  async #expectSame(thread: WebThread): Promise<void> {
    const { build, dir } = thread.ready;
    this.#build ??= build;
    if (build !== this.#build) {
      await thread.end();
      throw new TwinError(`${dir} holds another build than the one that was loaded: load it again`, { code: "closed" });
    }
  }
}
