// One generation of built tables, opened: its tables, the key index and the item store.

import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { expectOwnFiles, expectTogether, type GenerationFile } from "../table/generation-description.ts";
import { type IndexImage, KeyIndex } from "../table/key-index.ts";
import { locator } from "../table/locate.ts";
import { rootOfFile } from "./block-file.ts";
import { currentGeneration, generationFolder } from "./generation-commit.ts";
import { readGeneration } from "./generation-file.ts";
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
      expectTogether(folder, description, number, generation);
      const place = (name: string) => join(folder, name);
      expectOwnFiles(description, (name) => rootOfFile(place(name)), place);
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

  /** Whether another thread's image is of this generation. */
  sameAs({ folder, description }: GenerationImage): boolean {
    return folder === this.folder && JSON.stringify(description) === JSON.stringify(this.description);
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
}
