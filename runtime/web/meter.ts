// Counts bytes as they come: for progress, and for what is said of traffic afterwards.
import type { WebTraffic } from "./web-folder.ts";

export class Meter {
  readonly #progress: ((done: number, total: number) => void) | undefined;
  #network = 0;
  #cache = 0;
  #done = 0;
  #total = 0;

  constructor(progress: ((done: number, total: number) => void) | undefined) {
    this.#progress = progress;
  }

  get traffic(): WebTraffic {
    return { network: this.#network, cache: this.#cache };
  }

  /** So many more are due than was known. */
  due(bytes: number): void {
    this.#total += bytes;
  }

  network(bytes: number): void {
    this.#network += bytes;
    this.#add(bytes);
  }

  cache(bytes: number): void {
    this.#cache += bytes;
    this.#total += bytes;
    this.#add(bytes);
  }

  /** An answer failed: what came of it is asked for again. */
  undo(due: number, came: number): void {
    this.#total -= due;
    this.#done -= came;
  }

  #add(bytes: number): void {
    this.#done += bytes;
    this.#progress?.(this.#done, Math.max(this.#done, this.#total));
  }
}
