// The built tables in use on a page: the current generation, fetched whole where it is small.
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import {
  type GenerationFile,
  generationFiles,
  parseCurrent,
  parseGeneration,
} from "../table/generation-description.ts";
import type { LiveTables, OpenGeneration } from "../table/live-tables.ts";
import { type OpenParts, openedGeneration } from "../table/opened-generation.ts";
import { keyOf, type OpenedFiles } from "./checked-files.ts";
import { isMissing, type Missing } from "./folder-files.ts";
import { memoryGeneration } from "./memory-generation.ts";

const current = "tables/current";
const inMemory = (): (() => void) => () => undefined;

export interface WebTablesOptions {
  readonly maxStaleness: number;
  /** Most bytes of a generation's files together. */
  readonly largest: number;
}

export class WebTables implements LiveTables {
  readonly maxStaleness: number;
  readonly #opened: OpenedFiles;
  readonly #largest: number;
  readonly #encoders: string;
  readonly #isFixed: boolean;
  #open: OpenGeneration | null = null;
  #keys: readonly string[] = [];
  #refreshing: Promise<unknown> = Promise.resolve();

  /** @param fixed a generation that stays in use, whatever the folder has */
  constructor(opened: OpenedFiles, { maxStaleness, largest }: WebTablesOptions, fixed: OpenParts | null = null) {
    this.maxStaleness = maxStaleness;
    this.#opened = opened;
    this.#largest = largest;
    this.#encoders = encodersFingerprint(opened.manifest);
    this.#isFixed = fixed !== null;
    if (fixed !== null) {
      this.#use(fixed);
    }
  }

  current(): OpenGeneration | null {
    return this.#open;
  }

  /** Keys of the generation's files where they are kept. */
  keys(): readonly string[] {
    return this.#keys;
  }

  /** One after the other, if asked several times. */
  refresh(signal: AbortSignal | null = null): Promise<boolean> {
    const turn = this.#refreshing.then(() => this.#refresh(signal));
    this.#refreshing = turn.catch(() => undefined);
    return turn;
  }

  async #refresh(signal: AbortSignal | null): Promise<boolean> {
    if (this.#isFixed) {
      return false;
    }
    const number = await this.#number(signal, false);
    if (number === null || number === this.#open?.number) {
      return false;
    }
    try {
      this.#use(await this.#fetch(number, signal, false));
    } catch (error) {
      signal?.throwIfAborted();
      // It may have been replaced meanwhile, or a cache on the way holds what stood there before: once more, past all of them.
      const now = await this.#number(signal, true);
      if (now === null) {
        throw error;
      }
      this.#use(await this.#fetch(now, signal, true));
    }
    return true;
  }

  #use(parts: OpenParts): void {
    const { files, manifest } = this.#opened;
    this.#keys = Object.values(parts.description.files ?? {}).map(keyOf);
    this.#open = openedGeneration({ dir: files.where, manifest }, parts, this.#encoders, inMemory);
  }

  /** Of the generation in use; null where there is none. */
  async #number(signal: AbortSignal | null, again: boolean): Promise<number | null> {
    const { files } = this.#opened;
    const got = await files.read(current, { signal, most: 4096, changes: true, again });
    return isMissing(got) ? null : parseCurrent(new TextDecoder().decode(got), files.place(current));
  }

  async #fetch(number: number, signal: AbortSignal | null, again: boolean): Promise<OpenParts> {
    const { files } = this.#opened;
    const folder = `tables/generations/${number}`;
    const there = (path: string, got: Uint8Array | Missing): Uint8Array => {
      if (isMissing(got)) {
        throw new TwinError(
          `cannot read ${files.place(path)}: ${got.missing}, and ${current} says that it is in use. Put the whole folder there anew, ${current} last`,
        );
      }
      return got;
    };
    const path = `${folder}/generation.json`;
    const text = there(path, await files.read(path, { signal, most: 16 * 1024 * 1024, again }));
    const description = parseGeneration(new TextDecoder().decode(text), files.place(path));
    const found = new Map<string, Uint8Array>();
    let room = this.#largest;
    for (const name of generationFiles(description)) {
      const one = `${folder}/${name}`;
      const bytes = there(one, await this.#file(description, name, one, { signal, again, room }));
      room -= bytes.length;
      found.set(name, bytes);
    }
    return memoryGeneration(description, number, found, (name) =>
      files.place(name === undefined ? folder : `${folder}/${name}`),
    );
  }

  async #file(
    { files: roots }: GenerationFile,
    name: string,
    path: string,
    { signal, again, room }: { readonly signal: AbortSignal | null; readonly again: boolean; readonly room: number },
  ): Promise<Uint8Array | Missing> {
    const { files, kept, meter } = this.#opened;
    const root = roots !== undefined && Object.hasOwn(roots, name) ? roots[name] : null;
    const before = root === null || again ? null : await kept.get(keyOf(root));
    if (before !== null) {
      meter.cache(before.length);
      return before;
    }
    const cure = `A page takes ${this.#largest} bytes of built tables: cut a pack for the items that it ranks (twin pack DIR --items ids.txt -o pack.bin), or allow more with \`memory.table\``;
    const got = await files.read(path, { signal, most: room, cure, again });
    if (root !== null && !isMissing(got)) {
      await kept.put(keyOf(root), got);
    }
    return got;
  }
}
