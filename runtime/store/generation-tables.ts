// The built tables in use: key lookup, item store and rows of the current generation, and whether they may be used.

import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import { Delta, type DeltaImage } from "../delta/delta.ts";
import type { DeltaStatus } from "../delta/delta-status.ts";
import { overlaid } from "../delta/overlay.ts";
import { expectOwnWeights, type OpenPublished, openPublished, type Published } from "../redis/index.ts";
import type { OutsideTables } from "../request/index.ts";
import { type CacheStatus, Layers } from "../table/layers.ts";
import type { LiveTables, OpenGeneration } from "../table/live-tables.ts";
import { type OpenParts, openedGeneration, type TablesHome } from "../table/opened-generation.ts";
import type { TableStore } from "../table/table-store.ts";
import { DeltaLog } from "./delta-log.ts";
import { Generation, type GenerationImage } from "./generation.ts";
import { readPublished } from "./published-file.ts";

/** A generation in memory that threads share, or one in a Redis that each of them asks. */
export type SharedGeneration =
  | { readonly image: GenerationImage; readonly delta: DeltaImage | null }
  | { readonly published: Published };

/** Where tables and items are read: `auto` takes what was published only where the folder holds none. */
export type StoreKind = "auto" | "files" | "redis";

export interface TablesOptions {
  readonly maxStaleness: number;
  /** Bytes above which rows stay in their file. */
  readonly memoryLimit: number;
  /** Default: auto. */
  readonly store?: StoreKind;
  /** Bytes of rows that are kept in memory of those that lie elsewhere; default 0. */
  readonly cache?: number;
  /** Whether other threads shall use the same memory. */
  readonly share: boolean;
  /** What another thread opened; null: it found none. Absent: the folder is read. */
  readonly shared?: SharedGeneration | null;
}

/** A build folder with the embeddings of its own weights that no graph holds; null: there are none. */
export interface StoresHome extends TablesHome {
  readonly outside: OutsideTables | null;
}

/** The tables of a build folder, or of another thread. */
export class GenerationTables implements LiveTables {
  readonly maxStaleness: number;
  readonly #home: StoresHome;
  readonly #options: TablesOptions;
  readonly #encoders: string;
  #current: HeldGeneration<Generation | PublishedRows> | null = null;
  /** Generations that are not in use any more, and have users. */
  readonly #left = new Set<HeldGeneration<Generation | PublishedRows>>();
  #open: OpenGeneration | null = null;
  #layers: Layers | null = null;
  /** The parts of what is in use, behind caches and before deltas. */
  #parts: OpenParts | null = null;
  /** Deltas in front of it; null: it is another thread's, or lies in a Redis. */
  #log: DeltaLog | null = null;
  #delta: Delta | null = null;
  #refreshing: Promise<unknown> = Promise.resolve();

  private constructor(home: StoresHome, options: TablesOptions) {
    this.maxStaleness = options.maxStaleness;
    this.#home = home;
    this.#options = options;
    this.#encoders = encodersFingerprint(home.manifest);
    this.#layer(null);
  }

  static async open(home: StoresHome, options: TablesOptions): Promise<GenerationTables> {
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

  /** Takes the newest generation and deltas into use; true where there are newer ones. One after the other, if asked several times. */
  refresh(): Promise<boolean> {
    return this.#inTurn(async () => (await this.#refresh()) || (await this.#look(true)));
  }

  /** Takes new deltas of the generation in use; true where there are some. @throws TwinError where one cannot be read */
  look(): Promise<boolean> {
    return this.#inTurn(() => this.#look(false));
  }

  #inTurn(run: () => Promise<boolean>): Promise<boolean> {
    const turn = this.#refreshing.then(run);
    this.#refreshing = turn.catch(() => undefined);
    return turn;
  }

  async #look(atOnce: boolean): Promise<boolean> {
    if (this.#log === null || !(await this.#log.look(atOnce))) {
      return false;
    }
    this.#delta = this.#log.delta;
    this.#show();
    return true;
  }

  /** What it has of deltas; null where none can be: no generation of this folder is in use. */
  deltas(): DeltaStatus | null {
    return this.#log?.status() ?? null;
  }

  async #refresh(): Promise<boolean> {
    const { dir } = this.#home;
    const { store = "auto", memoryLimit, share } = this.#options;
    let number = store === "redis" ? null : Generation.current(dir);
    if (number === null && store !== "files") {
      const published = readPublished(dir);
      if (published !== null || store === "redis") {
        return this.#follow(published);
      }
    }
    const { generation: now } = this.#current ?? {};
    const inUse = now instanceof Generation ? now.description.number : null;
    // A generation may be replaced, and removed, between reading its number and opening its files.
    for (let attempt = 0; number !== null && number !== inUse; attempt++) {
      try {
        const generation = await Generation.open(dir, { number, memoryLimit, shared: share });
        const log = new DeltaLog(dir, generation.description, generation.tables, share);
        try {
          await log.look(true);
        } catch (error) {
          generation.close();
          throw error;
        }
        this.#use(generation, generation, log.delta, log);
        return true;
      } catch (error) {
        const newest = Generation.current(dir);
        if (attempt === 3 || newest === number) {
          throw error;
        }
        number = newest;
      }
    }
    return false;
  }

  /** Takes what a folder names in a Redis into use. */
  async #follow(published: Published | null): Promise<boolean> {
    if (published === null) {
      throw new TwinError(
        `${this.#home.dir} has no tables in a Redis yet: twin table publish ${this.#home.dir} --to redis://HOST:PORT`,
      );
    }
    const { generation: now } = this.#current ?? {};
    if (now !== undefined && "published" in now && JSON.stringify(now.published) === JSON.stringify(published)) {
      return false;
    }
    const { dir, manifest } = this.#home;
    expectOwnWeights(published, dir, manifest.files[weightsFile]?.sha256);
    const opened = await openPublished(published);
    this.#use({ ...opened, published, inFiles: true }, opened.parts, null, null);
    return true;
  }

  /**
   * Rows of an embedding that no graph holds: from where the tables lie, else from the build's own file.
   * @throws TwinError where there is none
   */
  embedding(parameter: string, dim: number): TableStore {
    const outside = this.#outside();
    if (outside === null) {
      throw new TwinError(`${this.#home.dir} has no rows of ${parameter}. Build it again: twin build FILE -o DIR`);
    }
    return this.#layers?.embedding(outside, parameter, dim) ?? outside.rows(parameter, dim);
  }

  #outside(): OutsideTables | null {
    const { generation: now } = this.#current ?? {};
    return (now !== undefined && "published" in now ? now.outside : null) ?? this.#home.outside;
  }

  /** What the caches in front of the stores have done; null where none was asked for. */
  cache(): CacheStatus | null {
    return this.#layers?.status() ?? null;
  }

  /** Puts caches in front of what is in use; those of what was in use give their memory back. */
  #layer(parts: OpenParts | null): void {
    const { cache = 0 } = this.#options;
    this.#layers?.release();
    if (cache > 0) {
      const sizes = this.#home.manifest.embeddings.filter(({ placement }) => placement.kind === "outside");
      this.#layers = new Layers(cache, parts, this.#outside(), sizes);
    }
  }

  /** Uses the generation of another thread. */
  async attach(image: SharedGeneration | null): Promise<void> {
    if (image !== null && "published" in image) {
      await this.#follow(image.published);
    } else if (image !== null) {
      const delta = image.delta && (await Delta.attach(image.delta));
      const { generation: now } = this.#current ?? {};
      if (now instanceof Generation && now.sameAs(image.image)) {
        // Its caches stay.
        this.#delta = delta;
        this.#show();
      } else {
        const generation = await Generation.attach(image.image);
        this.#use(generation, generation, delta, null);
      }
    } else {
      this.#leave();
      this.#layer(null);
    }
  }

  /** For `attach` in other threads. */
  share(): SharedGeneration | null {
    const { generation: now } = this.#current ?? {};
    return now === undefined
      ? null
      : "published" in now
        ? { published: now.published }
        : { image: now.image(), delta: this.#delta?.image() ?? null };
  }

  /** Closes the files of every generation, whoever has it. */
  close(): void {
    this.#leave();
    this.#layers?.release();
    for (const held of this.#left) {
      held.generation.close();
    }
    this.#left.clear();
  }

  #leave(): void {
    const before = this.#current;
    this.#current = null;
    this.#open = null;
    this.#parts = null;
    this.#delta = null;
    this.#log = null;
    if (before === null) {
      return;
    }
    this.#left.add(before);
    before.leave(() => this.#left.delete(before));
  }

  #use(generation: Generation | PublishedRows, parts: OpenParts, delta: Delta | null, log: DeltaLog | null): void {
    this.#leave();
    this.#current = new HeldGeneration(generation);
    this.#layer(parts);
    this.#parts = this.#layers?.parts(parts) ?? parts;
    this.#delta = delta;
    this.#log = log;
    this.#show();
  }

  /** Requests that begin now see the generation in use with the deltas in front of it. */
  #show(): void {
    const [held, parts, delta] = [this.#current, this.#parts, this.#delta];
    if (held !== null && parts !== null) {
      const seen = delta === null ? parts : overlaid(parts, delta);
      this.#open = openedGeneration(this.#home, seen, this.#encoders, () => held.hold());
    }
  }
}

/** A generation whose rows lie in a Redis. */
interface PublishedRows extends OpenPublished {
  readonly published: Published;
  /** Its connection is needed after opening, as files are. */
  readonly inFiles: true;
}

/** A generation whose files are closed when it is out of use and its last user is done. */
class HeldGeneration<T extends { readonly inFiles: boolean; close(): void }> {
  readonly generation: T;
  readonly #inFiles: boolean;
  #users = 0;
  #left: (() => void) | null = null;

  constructor(generation: T) {
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
