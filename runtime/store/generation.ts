// One generation of built tables, opened: its tables, the key index and the item store.

import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { type IndexImage, KeyIndex } from "../table/key-index.ts";
import { locator } from "../table/locate.ts";
import { currentGeneration, generationFolder } from "./generation-commit.ts";
import { expectOwnFiles, type GenerationFile, readGeneration } from "./generation-file.ts";
import { ItemStore, type StoreImage } from "./item-store.ts";
import { openKeyIndex } from "./key-index-file.ts";
import { TableFile, type TableImage, type TableOptions } from "./table-file.ts";

export interface GenerationOptions extends TableOptions {
  /** Which generation; default the current one. */
  readonly number?: number;
}

/** What a worker thread needs to use the same generation over the same memory. */
export interface GenerationImage {
  readonly folder: string;
  readonly description: GenerationFile;
  readonly index: IndexImage;
  readonly store: StoreImage;
  readonly tables: readonly (readonly [string, TableImage])[];
}

export class Generation {
  /** DIR/tables/generations/N */
  readonly folder: string;
  /** What generation.json says: number, model, made_at, step, fingerprints. */
  readonly description: GenerationFile;
  readonly index: KeyIndex;
  readonly store: ItemStore;
  readonly tables: ReadonlyMap<string, TableFile>;

  private constructor(
    folder: string,
    description: GenerationFile,
    index: KeyIndex,
    store: ItemStore,
    tables: ReadonlyMap<string, TableFile>,
  ) {
    this.folder = folder;
    this.description = description;
    this.index = index;
    this.store = store;
    this.tables = tables;
  }

  /** Number of the generation in use under a build folder; null where no table was built yet. */
  static current(dir: string): number | null {
    return currentGeneration(dir);
  }

  /** @throws TwinError where none was built, or a file is missing, foreign, truncated or damaged */
  static async open(dir: string, options: GenerationOptions = {}): Promise<Generation> {
    const number = options.number ?? currentGeneration(dir);
    if (number === null) {
      throw new TwinError(`${dir} has no built tables yet: twin table build ${dir} --data DATA`);
    }
    const folder = generationFolder(dir, number);
    const description = readGeneration(folder);
    const opened: { close(): void }[] = [];
    try {
      const index = await openKeyIndex(join(folder, description.index), options);
      const stores = { ...options, locate: locator(index) };
      const store = await ItemStore.open(join(folder, description.store), stores);
      opened.push(store);
      const tables = new Map<string, TableFile>();
      for (const [name, { file }] of Object.entries(description.tables)) {
        const table = await TableFile.open(join(folder, file), stores);
        opened.push(table);
        tables.set(name, table);
      }
      const generation = new Generation(folder, description, index, store, tables);
      generation.#check(number);
      expectOwnFiles(folder, description);
      return generation;
    } catch (error) {
      for (const file of opened) {
        file.close();
      }
      throw error;
    }
  }

  /** The generation of another thread, over the same memory. */
  static async attach(image: GenerationImage): Promise<Generation> {
    const index = await KeyIndex.attach(image.index);
    const locate = locator(index);
    const tables = new Map<string, TableFile>();
    for (const [name, table] of image.tables) {
      tables.set(name, await TableFile.attach(table, locate));
    }
    return new Generation(image.folder, image.description, index, await ItemStore.attach(image.store, locate), tables);
  }

  /** For `attach` in worker threads; open with `shared: true`, or posting it copies the memory. */
  image(): GenerationImage {
    return {
      folder: this.folder,
      description: this.description,
      index: this.index.image(),
      store: this.store.image(),
      tables: [...this.tables].map(([name, table]) => [name, table.image()] as const),
    };
  }

  /** Whether its files are needed after opening. */
  get inFiles(): boolean {
    return !this.store.inMemory || [...this.tables.values()].some((table) => !table.inMemory);
  }

  close(): void {
    this.store.close();
    for (const table of this.tables.values()) {
      table.close();
    }
  }

  /** The files must belong together: a row number of one is used in the others. */
  #check(number: number): void {
    const { description, folder } = this;
    const bad = (what: string): never => {
      throw new TwinError(`${folder} is damaged: ${what}. Build the tables again: twin table build DIR --data DATA`);
    };
    if (description.number !== number) {
      bad(`generation.json says it is number ${description.number}`);
    }
    if (this.index.type !== description.key.type || this.index.keys !== description.items) {
      bad(
        `the key index holds ${this.index.keys} ${this.index.type} keys, not ${description.items} of ${description.key.type}`,
      );
    }
    if (this.store.records !== description.items + 1) {
      bad(`the item store holds ${this.store.records - 1} items, not ${description.items}`);
    }
    for (const [name, { rows }] of Object.entries(description.tables)) {
      const found = this.tables.get(name)?.rows;
      if (found !== rows || rows > description.items + 1) {
        bad(`table ${name} has ${found} rows, not ${rows}`);
      }
    }
  }
}
