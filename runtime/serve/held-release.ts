// A release that this process has open, or the folder itself before its first one: who uses it, and when it is closed.
import type { Twin } from "../twin/index.ts";

export class HeldRelease {
  /** Null: the folder itself. */
  readonly number: number | null;
  readonly twin: Twin;
  readonly #done: () => void;
  /** Calls that run. */
  #running = 0;
  /** Prepared users that can be reached. */
  #users = 0;
  /** Whether another release answers, and whether users may still be ranked by this one. */
  #state: "answers" | "left" | "leaving" = "answers";
  #closing: Promise<void> | null = null;

  /** @param done is called when it is closed */
  constructor(number: number | null, twin: Twin, done: () => void) {
    this.number = number;
    this.twin = twin;
    this.#done = done;
  }

  /** Whether nothing new may run by it. */
  get closed(): boolean {
    return this.#closing !== null;
  }

  async during<T>(run: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await run();
    } finally {
      this.#running--;
      this.#closeUnused();
    }
  }

  /** A user was prepared by it. @returns what is called when nobody can reach that any more */
  hold(): () => void {
    this.#users++;
    return () => {
      this.#users--;
      this.#closeUnused();
    };
  }

  /** Another release answers; users who were prepared by it keep it open. */
  leave(): void {
    this.#state = "left";
    this.#closeUnused();
  }

  /** It closes when nothing runs by it, whoever was prepared by it. */
  leaveSoon(): void {
    this.#state = "leaving";
    this.#closeUnused();
  }

  close(): Promise<void> {
    this.#closing ??= this.twin.close().finally(this.#done);
    return this.#closing;
  }

  #closeUnused(): void {
    const unused = this.#state === "leaving" || (this.#state === "left" && this.#users === 0);
    if (unused && this.#running === 0) {
      // What fails in closing harms nobody: nothing runs by it, and its files are closed with the process.
      this.close().catch(() => undefined);
    }
  }
}
