// The built tables in use: key lookup, item store and rows of the current generation, and whether they may be used.

import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import type { LiveTables, OpenGeneration } from "../table/live-tables.ts";
import { openedGeneration, type TablesHome } from "../table/opened-generation.ts";
import { Generation, type GenerationImage } from "./generation.ts";

/** A generation in memory that threads share. */
export type SharedGeneration = GenerationImage;

export interface TablesOptions {
  readonly maxStaleness: number;
  /** Bytes above which rows stay in their file. */
  readonly memoryLimit: number;
  /** Whether other threads shall use the same memory. */
  readonly share: boolean;
  /** What another thread opened; null: it found none. Absent: the folder is read. */
  readonly shared?: SharedGeneration | null;
}

/** The tables of a build folder, or of another thread. */
export class GenerationTables implements LiveTables {
  readonly maxStaleness: number;
  readonly #home: TablesHome;
  readonly #options: TablesOptions;
  readonly #encoders: string;
  #current: HeldGeneration | null = null;
  /** Generations that are not in use any more, and have users. */
  readonly #left = new Set<HeldGeneration>();
  #open: OpenGeneration | null = null;
  #refreshing: Promise<unknown> = Promise.resolve();

  private constructor(home: TablesHome, options: TablesOptions) {
    this.maxStaleness = options.maxStaleness;
    this.#home = home;
    this.#options = options;
    this.#encoders = encodersFingerprint(home.manifest);
  }

  static async open(home: TablesHome, options: TablesOptions): Promise<GenerationTables> {
    const tables = new GenerationTables(home, options);
    if (options.shared === undefined) {
      await tables.refresh();
    } else {
      await tables.attach(options.shared);
    }
    return tables;
  }

  current(): OpenGeneration | null {
    return this.#open;
  }

  /** Takes the newest generation into use; true where it is another one. One after the other, if asked several times. */
  refresh(): Promise<boolean> {
    const turn = this.#refreshing.then(() => this.#refresh());
    this.#refreshing = turn.catch(() => undefined);
    return turn;
  }

  async #refresh(): Promise<boolean> {
    const { dir } = this.#home;
    // A generation may be replaced, and removed, between reading its number and opening its files.
    for (let attempt = 0; ; attempt++) {
      const number = Generation.current(dir);
      if (number === (this.#open?.number ?? null)) {
        return false;
      }
      if (number === null) {
        return false;
      }
      try {
        const { memoryLimit, share } = this.#options;
        this.#use(await Generation.open(dir, { number, memoryLimit, shared: share }));
        return true;
      } catch (error) {
        if (attempt === 3 || Generation.current(dir) === number) {
          throw error;
        }
      }
    }
  }

  /** Uses the generation of another thread. */
  async attach(image: SharedGeneration | null): Promise<void> {
    if (image !== null) {
      this.#use(await Generation.attach(image));
    } else {
      this.#leave();
    }
  }

  /** For `attach` in other threads. */
  share(): SharedGeneration | null {
    return this.#current?.generation.image() ?? null;
  }

  /** Closes the files of every generation, whoever has it. */
  close(): void {
    this.#leave();
    for (const held of this.#left) {
      held.generation.close();
    }
    this.#left.clear();
  }

  #leave(): void {
    const before = this.#current;
    this.#current = null;
    this.#open = null;
    if (before === null) {
      return;
    }
    this.#left.add(before);
    before.leave(() => this.#left.delete(before));
  }

  #use(generation: Generation): void {
    this.#leave();
    const held = new HeldGeneration(generation);
    this.#current = held;
    this.#open = openedGeneration(this.#home, generation, this.#encoders, () => held.hold());
  }
}

/** A generation whose files are closed when it is out of use and its last user is done. */
class HeldGeneration {
  readonly generation: Generation;
  readonly #inFiles: boolean;
  #users = 0;
  #left: (() => void) | null = null;

  constructor(generation: Generation) {
    this.generation = generation;
    this.#inFiles = generation.inFiles;
  }

  hold(): () => void {
    if (!this.#inFiles) {
      return nothing;
    }
    let held = true;
    this.#users++;
    return () => {
      if (!held) {
        return;
      }
      held = false;
      this.#users--;
      this.#closeUnused();
    };
  }

  /** It is out of use. @param closed told when its files are closed */
  leave(closed: () => void): void {
    this.#left = closed;
    this.#closeUnused();
  }

  #closeUnused(): void {
    if (this.#left === null || this.#users > 0) {
      return;
    }
    this.generation.close();
    this.#left();
    this.#left = null;
  }
}

const nothing = (): void => undefined;
