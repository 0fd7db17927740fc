// The deltas in front of one generation, as a process has them: those of its weights and encoders that came after it.
import { existsSync } from "node:fs";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import { type Delta, type MergeOptions, mergedAll } from "../delta/delta.ts";
import { type MadeOf, madeAlike } from "../delta/delta-description.ts";
import type { DeltaStatus } from "../delta/delta-status.ts";
import {
  deltaFolder,
  deltaNumbersLater,
  deltasFolder,
  deltasThrough,
  openDelta,
  readDelta,
  type StoredAs,
} from "./delta-folder.ts";

/** Milliseconds until a delta that could not be read is tried again, where nothing else has come. */
const tryAgain = 5000;

export class DeltaLog {
  readonly #dir: string;
  readonly #made: MadeOf & { readonly deltas?: number | undefined };
  readonly #tables: StoredAs;
  readonly #shared: boolean;
  #delta: Delta | null = null;
  #count = 0;
  #newest = 0;
  /** The last number that was looked at. */
  #last: number;
  #because = "";
  /** What could not be taken in, and when that was tried. */
  #failed = { numbers: "", at: 0 };

  /** @param made of what the generation is, and the last delta that it holds itself @param tables its own */
  constructor(dir: string, made: MadeOf & { readonly deltas?: number | undefined }, tables: StoredAs, shared: boolean) {
    this.#dir = dir;
    this.#tables = tables;
    this.#made = made;
    this.#shared = shared;
    this.#last = made.deltas ?? 0;
  }

  /** All of them as one; null: there are none. */
  get delta(): Delta | null {
    return this.#delta;
  }

  status(): DeltaStatus {
    const { items, removed } = this.#delta?.counts() ?? { items: 0, removed: 0 };
    return { deltas: this.#count, newest: this.#newest, items, removed, because: this.#because };
  }

  /**
   * Takes in what is new: all of it, or nothing. @returns whether there was something
   * @param atOnce whether what could not be read shortly before is tried now
   * @throws TwinError naming the delta that cannot be read: those before it stay in use
   */
  async look(atOnce: boolean): Promise<boolean> {
    const folder = deltasFolder(this.#dir);
    const numbers = (await deltaNumbersLater(folder)).filter((number) => number > this.#last);
    if (numbers.length === 0) {
      this.#because = "";
      return false;
    }
    const { numbers: failed, at } = this.#failed;
    if (!atOnce && failed === numbers.join() && performance.now() < at + tryAgain) {
      return false;
    }
    try {
      const changed = await this.#take(folder, numbers);
      this.#because = "";
      return changed;
    } catch (error) {
      this.#failed = { numbers: numbers.join(), at: performance.now() };
      this.#because = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  async #take(folder: string, numbers: readonly number[]): Promise<boolean> {
    // One that lacks was taken into a generation, or removed by hand because it was damaged.
    if (numbers[0] !== this.#last + 1 && deltasThrough(this.#dir) > this.#last) {
      throw this.#gone();
    }
    const found: Delta[] = [];
    for (const number of numbers) {
      const one = deltaFolder(folder, number);
      if (!existsSync(one)) {
        throw this.#gone();
      }
      const described = readDelta(one);
      const [shared, tables] = [this.#shared, this.#tables];
      const delta = madeAlike(described, this.#made) ? await openDelta(one, described, { shared, tables }) : null;
      if (delta !== null) {
        found.push(delta);
      }
    }
    const options: MergeOptions = { where: folder, shared: this.#shared, hasher: await hasher() };
    this.#delta = await mergedAll([...(this.#delta === null ? [] : [this.#delta]), ...found], options);
    this.#last = numbers[numbers.length - 1];
    this.#count += found.length;
    this.#newest = found.length === 0 ? this.#newest : this.#last;
    return found.length > 0;
  }

  #gone(): TwinError {
    return new TwinError(
      `deltas of ${this.#dir} after number ${this.#last} were taken into a later generation, and are gone: take that into use (\`refresh()\`)`,
    );
  }
}
