// The items of a log in memory: their features' raw values by key, and the vectors that behaviours are clustered by.
import { isComputed } from "../../../contract/encoder-spec.ts";
import { TwinError } from "../../../contract/error.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { type DataColumn, type DataValue, joinColumns, valueAt } from "../../encode/data-column.ts";
import type { Binding } from "../binding.ts";
import type { Source } from "../database/source.ts";
import { openVectors } from "../item-vectors.ts";
import { type KeyType, openItems } from "../items.ts";
import { provides } from "../resolve.ts";

export type Key = bigint | string;

/** Vectors from elsewhere: of a feature of the item, which another model has a table of. */
export interface GivenVectors {
  /** The items' feature that they are looked up by. */
  readonly by: FeatureSpec;
  /** Numbers of a vector. */
  readonly width: number;
  /** float32 [values, width]; NaN where nothing is known of a value. */
  of(values: DataColumn): Float32Array;
  /** The model that learned them, and where it lies. */
  readonly model: string;
  readonly place: string;
  /** SHA-256 of all vectors and of what they are looked up by. */
  readonly fingerprint: string;
}

export interface ItemValues {
  readonly keyType: KeyType;
  readonly keys: readonly Key[];
  /** Features that have a column, those that are computed and those that read another's apart. */
  readonly features: readonly FeatureSpec[];
  /** By feature, one value an item. */
  readonly columns: ReadonlyMap<string, DataColumn>;
  /** Number of an item; −1: it has no row. */
  numberOf(key: Key): number;
  /** The same of a column of keys, found once. */
  numbersOf(keys: DataColumn): Int32Array;
  /** A feature's vectors, float32 [items, width], NaN where one is missing. */
  readonly vectors: ReadonlyMap<string, Float32Array>;
  /** Features that the file of `vectors` has. */
  readonly beside: readonly string[];
}

/** What is written of an item: its own columns. */
const isWritten = ({ encoder }: FeatureSpec): boolean => !isComputed(encoder) && encoder.kind !== "centroid";

/**
 * Reads all items.
 * @param on features that are clustered, with the place of the first history that does
 * @param given vectors in place of their columns
 * @throws TwinError where a feature that is clustered has no column, or no item a vector
 */
export async function readItems(
  source: Source,
  binding: Binding,
  features: readonly FeatureSpec[],
  keyType: KeyType,
  on: readonly FeatureSpec[],
  given: GivenVectors | null,
): Promise<ItemValues> {
  const own = features.filter(({ group }) => group === "item").filter(isWritten);
  const asked = given === null ? own : own.filter((feature) => !on.some(({ name }) => name === feature.name));
  const by = given === null || asked.some(({ name }) => name === given.by.name) ? [] : [given.by];
  if (given === null) {
    await expectVectors(source, binding, on, keyType);
  }
  const items = await openItems(source, binding, [...asked, ...by], keyType);
  await items.check();
  const keys: Key[] = [];
  const pieces = new Map<string, DataColumn[]>([...asked, ...by].map(({ name }) => [name, []]));
  for await (const chunk of items.chunks(16_384)) {
    for (let row = 0; row < chunk.rows; row++) {
      const key = chunk.keys[row];
      if (key !== null) {
        keys.push(key);
      }
    }
    for (const [name, list] of pieces) {
      list.push(chunk.columns[name]);
    }
  }
  const columns = new Map(Array.from(pieces, ([name, list]) => [name, joinColumns(list)] as const));
  const vectors = new Map<string, Float32Array>();
  for (const { name, encoder } of on) {
    if (encoder.kind !== "pretrained") {
      throw new Error(`${name} is no vector`);
    }
    const { size } = encoder;
    if (given !== null) {
      const found = given.of(columns.get(given.by.name)!);
      columns.set(name, listed(found, size));
      vectors.set(name, found);
    } else {
      vectors.set(name, flat(columns.get(name)!, size, keys, name));
    }
    if (!vectors.get(name)!.some(Number.isFinite)) {
      const why =
        given === null
          ? `no item has a value of ${name}`
          : `the model ${given.model} in ${given.place} knows none of the items by ${given.by.name}`;
      throw new TwinError(`${binding.path}: ${why}, so behaviours have no vectors to be clustered by`);
    }
  }
  const numbers = new Map(keys.map((key, i) => [key, i]));
  const numberOf = (key: Key): number => numbers.get(key) ?? -1;
  const found = new WeakMap<object, Int32Array>();
  const numbersOf = (column: DataColumn): Int32Array => {
    const known = found.get(column) ?? Int32Array.from<DataValue>(column, (key) => numberOf(key as Key));
    found.set(column, known);
    return known;
  };
  return { keyType, keys, features: own, columns, numberOf, numbersOf, vectors, beside: items.beside };
}

/** @throws TwinError with both ways to vectors, where a feature that is clustered has no column */
async function expectVectors(source: Source, binding: Binding, on: readonly FeatureSpec[], keyType: KeyType) {
  const { relation } = await openItems(source, binding, [], keyType);
  const apart = await openVectors(source, binding, on, keyType);
  for (const feature of on) {
    const { name, column } = feature;
    const isApart = apart?.features.some((one) => one.feature === feature) ?? false;
    if (!isApart && !provides(relation, binding, { name, defaults: [column], use: "vector" })) {
      throw new TwinError(
        `${binding.path}: behaviours are clustered by ${name}, and ${relation.name} has no column \`${column}\`. Name the items' vectors (\`columns: {${name}: …}\`), make some (\`twin vectors\`), or take those that another model learned: --weights RUN`,
      );
    }
  }
}

/** A column of lists as rows. @throws TwinError naming the item whose vector has another length */
function flat(column: DataColumn, width: number, keys: readonly Key[], name: string): Float32Array {
  const rows = new Float32Array(keys.length * width).fill(Number.NaN);
  keys.forEach((key, i) => {
    const value = valueAt(column, i);
    if (value === null) {
      return;
    }
    if (typeof value !== "object" || value.length !== width) {
      const found = typeof value === "object" ? `${value.length} numbers` : String(value);
      throw new TwinError(`item ${key}: ${name} is ${found}, and ${width} are due: the model says how many`);
    }
    rows.set(Float32Array.from<DataValue>(value, Number), i * width);
  });
  return rows;
}

/** Rows as a column of lists, null where one is missing. */
const listed = (rows: Float32Array, width: number): DataColumn =>
  Array.from({ length: rows.length / width }, (_, i) => {
    const row = rows.subarray(i * width, (i + 1) * width);
    return row.every(Number.isFinite) ? row : null;
  });
