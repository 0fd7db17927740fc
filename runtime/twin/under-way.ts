// What is under way in a loaded folder: closing waits for it, and nothing new begins.
import { TwinError } from "../../contract/error.ts";

export class UnderWay {
  readonly #dir: string;
  readonly #jobs = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** @throws TwinError once `close` was called */
  expectOpen(): void {
    if (this.#closing !== null) {
      throw new TwinError(`${this.#dir} was closed: load it again`, { code: "closed" });
    }
  }

  /** Does a job that `close` waits for. @throws TwinError once `close` was called */
  async run<T>(job: () => Promise<T>): Promise<T> {
    this.expectOpen();
    const running = job();
    this.#jobs.add(running);
    try {
      return await running;
    } finally {
      this.#jobs.delete(running);
    }
  }

  /** Waits for every job, then does `end`; asked again, for the same end. */
  close(end: () => Promise<void>): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#jobs).then(end);
    return this.#closing;
  }
}
