// A store of rows as a key-value server would be one: it is asked for many texts at once, knows no row numbers, answers
// later and in no order, and may be away.
import { TwinError } from "../../contract/error.ts";
import { keyText } from "../../runtime/encode/keys.ts";
import {
  expectRoom,
  type HitMask,
  type Piece,
  putRow,
  type ReadOptions,
  type RowKeys,
  type TableStore,
} from "../../runtime/table/table-store.ts";

/** Keys of one command. */
const chunkSize = 500;

/** The server: raw values by key. */
export class KeyValues {
  readonly #values = new Map<string, Uint8Array>();
  away = false;
  /** Commands so far. */
  commands = 0;

  set(key: string, value: Uint8Array): void {
    this.#values.set(key, value);
  }

  /** Values of some keys, null where there is none. */
  async get(keys: readonly string[]): Promise<(Uint8Array | null)[]> {
    const number = this.commands++;
    await new Promise((resolve) => setTimeout(resolve, (number * 7) % 4));
    if (this.away) {
      throw new Error("ECONNRESET");
    }
    return keys.map((key) => this.#values.get(key) ?? null);
  }
}

export class KeyValueStore implements TableStore {
  readonly where: string;
  readonly rowBytes: number;
  readonly absent: Uint8Array;
  readonly #server: KeyValues;
  readonly #prefix: string;

  constructor(server: KeyValues, prefix: string, absent: Uint8Array) {
    this.where = `the server, ${prefix}`;
    this.rowBytes = absent.length;
    this.absent = absent;
    this.#server = server;
    this.#prefix = prefix;
  }

  async read(keys: RowKeys, into: readonly Piece[], { signal }: ReadOptions = {}): Promise<HitMask> {
    signal?.throwIfAborted();
    expectRoom(this, keys, into);
    const hits = new Uint8Array(keys.length);
    const texts = Array.from({ length: keys.length }, (_, i) => this.#prefix + textOf(keys, i));
    const starts = Array.from({ length: Math.ceil(texts.length / chunkSize) }, (_, chunk) => chunk * chunkSize);
    // All commands are under way together: one round trip.
    const all = Promise.all(starts.map((start) => this.#server.get(texts.slice(start, start + chunkSize))));
    const answers = await this.#before(all, signal);
    answers.flat().forEach((value, i) => {
      if (value !== null && value.length !== this.rowBytes) {
        throw new TwinError(`${this.where}: ${texts[i]} has ${value.length} bytes, and ${this.rowBytes} are due`);
      }
      hits[i] = value === null ? 0 : 1;
      putRow(value ?? this.absent, 0, i, into);
    });
    return hits;
  }

  async #before<T>(answer: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
    const aborted = new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    try {
      return await Promise.race([answer, aborted]);
    } catch (error) {
      if (error === signal?.reason && signal?.aborted) {
        throw error;
      }
      throw new TwinError(`${this.where} does not answer: ${(error as Error).message}`, { cause: error });
    }
  }
}

function textOf(keys: RowKeys, i: number): string {
  return keys.type === "row" ? String(keys.rows[i]) : keyText(keys, i);
}
