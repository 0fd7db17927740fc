// What an upsert is told by files: items put in, and keys of items taken out.
import { extname, resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import {
  type Binding,
  boundFiles,
  explainRead,
  type Items,
  type KeyType,
  keyColumn,
  openItems,
  openRelation,
  parseBinding,
  Source,
} from "../data/index.ts";
import { joinKeys, type KeyColumn, parseKeys } from "../encode/keys.ts";
import { keyFeature } from "../projection/index.ts";

export interface UpsertFiles {
  /** File or glob of items to put in; null: none. */
  readonly items: string | null;
  /** File or glob with keys of items to take out; null: none. */
  readonly remove: string | null;
  /** The binding that says how columns are read; null: they are called as the model's features. */
  readonly binding: Binding | null;
}

export class UpsertSource {
  readonly #files: UpsertFiles;
  readonly #source: Source;

  private constructor(files: UpsertFiles, source: Source) {
    this.#files = files;
    this.#source = source;
  }

  /** @throws TwinError where nothing is named */
  static async open(files: UpsertFiles): Promise<UpsertSource> {
    const { items, remove, binding } = files;
    if (items === null && remove === null) {
      throw new TwinError(
        "nothing to put in or to take out: name items (--items new.parquet) or keys (--remove keys.parquet)",
      );
    }
    const named = [items, remove].flatMap((file) => (file === null ? [] : [resolve(file)]));
    const beside = binding === null ? [] : boundFiles({ ...binding, events: null, items: null, users: null });
    return new UpsertSource(files, await Source.open({ reads: [...named, ...beside] }));
  }

  /** The items, each once, with its key; null: none are put in. */
  async items(manifest: Manifest, keyType: KeyType): Promise<Items | null> {
    const { items: file } = this.#files;
    if (file === null) {
      return null;
    }
    const features = manifest.features.filter(({ group }) => group === "item");
    return openItems(this.#source, this.#bindingOf(file, manifest), features, keyType);
  }

  /** Keys of what is taken out, each once. */
  async removed(manifest: Manifest, keyType: KeyType): Promise<KeyColumn> {
    const { remove: file } = this.#files;
    if (file === null) {
      return joinKeys([], keyType);
    }
    const { key } = this.#bindingOf(file, manifest).items!;
    const where = "keys to take out";
    const relation = await openRelation(this.#source, resolve(file), where, [key]);
    const own = await keyColumn(this.#source, relation, key, keyType, "#key", where);
    const explain = explainRead(this.#source, relation, [own]);
    const read = this.#source.all(`SELECT DISTINCT ${own.sql} AS k FROM ${relation.sql()}`);
    const rows = await read.catch(async (cause: unknown) => {
      throw await explain(cause);
    });
    if (rows.some(({ k }) => k === null)) {
      throw new TwinError(`${relation.name}, column \`${key}\`: the key of an item is missing`);
    }
    return parseKeys(
      rows.map(({ k }) => k),
      keyType,
      relation.name,
    );
  }

  close(): void {
    this.#source.close();
  }

  #bindingOf(file: string, manifest: Manifest): Binding {
    const { binding } = this.#files;
    const { column } = keyFeature(manifest);
    const base = binding ?? parseBinding("{}", "the items");
    const form = base.items?.form !== undefined && extname(base.items.file) === extname(file) ? base.items.form : null;
    const key = binding?.items?.key ?? binding?.events?.item ?? column;
    return {
      ...base,
      events: null,
      lists: null,
      items: { file: resolve(file), key, ...(form && { form }) },
      ...(binding === null && { place: () => "the items" }),
    };
  }
}
