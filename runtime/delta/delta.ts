// Deltas in memory, as one map by key: the newest of each item, or that it was taken out.
import type { Hasher } from "../../contract/hash.ts";
import { joinKeys, type KeyColumn, pickKeys } from "../encode/keys.ts";
import type { StoredFeature } from "../table/item-layout.ts";
import { type IndexImage, KeyIndex, type Memory } from "../table/key-index.ts";
import { buildKeyIndex } from "../table/key-index-build.ts";

/** What threads share of a delta: can be posted to a worker. */
export interface DeltaImage {
  readonly keys: IndexImage;
  /** Of entry i at i − 1: 1 where the item is there, 0 where it was taken out. */
  readonly present: Memory;
  readonly features: readonly StoredFeature[];
  /** Records of the entries, one after the other; of what was taken out zeros. */
  readonly records: Memory;
  readonly tables: readonly (readonly [string, Memory])[];
}

export class Delta {
  /** Entry of each key: 1 … `entries`; 0: the deltas do not know it. */
  readonly index: KeyIndex;
  readonly present: Uint8Array;
  readonly features: readonly StoredFeature[];
  readonly records: Uint8Array;
  readonly tables: ReadonlyMap<string, Uint8Array>;
  readonly #image: DeltaImage;

  private constructor(image: DeltaImage, index: KeyIndex) {
    this.index = index;
    this.present = new Uint8Array(image.present);
    this.features = image.features;
    this.records = new Uint8Array(image.records);
    this.tables = new Map(image.tables.map(([name, rows]) => [name, new Uint8Array(rows)]));
    this.#image = image;
  }

  static async attach(image: DeltaImage): Promise<Delta> {
    return new Delta(image, await KeyIndex.attach(image.keys));
  }

  image(): DeltaImage {
    return this.#image;
  }

  get entries(): number {
    return this.present.length;
  }

  /** Items that are there, and that were taken out. */
  counts(): { readonly items: number; readonly removed: number } {
    const items = this.present.reduce((sum, one) => sum + one, 0);
    return { items, removed: this.entries - items };
  }
}

/** The parts of one delta as they were read: items first, then what was taken out. */
export interface DeltaParts {
  readonly items: KeyColumn;
  readonly removed: KeyColumn;
  readonly features: readonly StoredFeature[];
  /** Of the items. */
  readonly records: Uint8Array;
  readonly tables: ReadonlyMap<string, Uint8Array>;
}

export interface MergeOptions {
  /** What the map is called in errors. */
  readonly where: string;
  /** Whether threads shall share the memory. */
  readonly shared: boolean;
  readonly hasher: Hasher;
}

/** One delta as a map. A key both put in and taken out was put in. */
export async function deltaOf(parts: DeltaParts, options: MergeOptions): Promise<Delta> {
  const { items, removed, features } = parts;
  const own = await indexOf(items, options);
  const gone = picked(removed, own);
  const keys = joinKeys([items, gone], items.type);
  const present = new Uint8Array(allocate(keys.length, options));
  present.fill(1, 0, items.length);
  const widened = (rows: Uint8Array): Memory => {
    const bytes = items.length === 0 ? 0 : rows.length / items.length;
    const memory = allocate(keys.length * bytes, options);
    new Uint8Array(memory).set(rows);
    return memory;
  };
  return Delta.attach({
    keys: indexImage(keys, options),
    present: memoryOf(present),
    features,
    records: widened(parts.records),
    tables: [...parts.tables].map(([name, rows]) => [name, widened(rows)] as const),
  });
}

/** Two maps of deltas of the same encoders and tables as one: what the newer knows stands. */
export async function merged(older: Delta, newer: Delta, options: MergeOptions): Promise<Delta> {
  const olderKeys = older.index.allKeys();
  const kept = placesUnknown(olderKeys, newer.index);
  const keys = joinKeys([newer.index.allKeys(), pickKeys(olderKeys, kept)], newer.index.type);
  const join = (first: Uint8Array, second: Uint8Array): Memory => {
    // A delta that only takes out has no rows of a width.
    const bytes = Math.max(first.length / (newer.entries || 1), second.length / (older.entries || 1));
    const memory = allocate(keys.length * bytes, options);
    const into = new Uint8Array(memory);
    into.set(first);
    let at = newer.entries * bytes;
    for (const place of second.length === 0 ? [] : kept) {
      into.set(second.subarray(place * bytes, (place + 1) * bytes), at);
      at += bytes;
    }
    return memory;
  };
  const none = new Uint8Array(0);
  const names = new Set([...newer.tables.keys(), ...older.tables.keys()]);
  return Delta.attach({
    keys: indexImage(keys, options),
    present: join(newer.present, older.present),
    features: newer.features,
    records: join(newer.records, older.records),
    tables: [...names].map(
      (name) => [name, join(newer.tables.get(name) ?? none, older.tables.get(name) ?? none)] as const,
    ),
  });
}

/** Many, the oldest first: halves are merged, so that each row is copied a few times, however many there are. */
export async function mergedAll(deltas: readonly Delta[], options: MergeOptions): Promise<Delta | null> {
  if (deltas.length < 2) {
    return deltas[0] ?? null;
  }
  const middle = deltas.length >>> 1;
  const older = await mergedAll(deltas.slice(0, middle), options);
  const newer = await mergedAll(deltas.slice(middle), options);
  return older === null || newer === null ? (older ?? newer) : merged(older, newer, options);
}

/** Places of the keys that an index does not have. */
export function placesUnknown(keys: KeyColumn, index: Pick<KeyIndex, "lookup">): Int32Array {
  const entries = index.lookup(keys);
  const places = new Int32Array(keys.length);
  let count = 0;
  for (let i = 0; i < entries.length; i++) {
    if (entries[i] === 0) {
      places[count++] = i;
    }
  }
  return places.subarray(0, count);
}

const picked = (keys: KeyColumn, index: KeyIndex): KeyColumn => pickKeys(keys, placesUnknown(keys, index));

const allocate = (bytes: number, { shared }: MergeOptions): Memory =>
  shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);

const memoryOf = ({ buffer }: Uint8Array): Memory => buffer as Memory;

const indexOf = (keys: KeyColumn, options: MergeOptions): Promise<KeyIndex> =>
  KeyIndex.attach(indexImage(keys, options));

/** The index of keys in memory. */
function indexImage(keys: KeyColumn, options: MergeOptions): IndexImage {
  const { fields, parts } = buildKeyIndex(keys, options.hasher);
  const [slots, offsets, ...texts] = [...parts];
  const whole = fields.index === "string" ? [[slots], [offsets], texts] : [[slots]];
  return { path: options.where, fields, parts: whole.map((pieces) => together(pieces, options)) };
}

function together(pieces: readonly Uint8Array[], options: MergeOptions): Memory {
  const memory = allocate(
    pieces.reduce((sum, { length }) => sum + length, 0),
    options,
  );
  const into = new Uint8Array(memory);
  let at = 0;
  for (const piece of pieces) {
    into.set(piece, at);
    at += piece.length;
  }
  return memory;
}
