// Keys as users bring them, checked and brought into one form: exact 64-bit integers or strings.
import { TwinError } from "../../contract/error.ts";
import { isAsGiven } from "./columns.ts";
import { isTyped } from "./raw.ts";

export type KeyType = "int64" | "string";

/** What a request or a data file may hold as keys. */
export type RawKeys =
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | readonly (bigint | number | string)[];

/** Checked keys. Integers are little-endian word pairs: key i is `words[2i] + words[2i+1]·2^32`, two's complement. */
export type KeyColumn = IntegerKeys | TextKeys;

export interface IntegerKeys {
  readonly type: "int64";
  readonly length: number;
  readonly words: Uint32Array;
}

interface TextKeys {
  readonly type: "string";
  readonly length: number;
  readonly texts: readonly string[];
}

/** Canonical decimal text: no plus sign, no leading zeros, no minus zero. */
const decimal = /^(?:0|-?[1-9]\d*)$/;

/** What errors say of where keys stand: "history watched", of which a key is said by its index; or the place of key i itself. */
export type KeyPlace = string | ((i: number) => string);

/**
 * Checks keys; none is ever rounded.
 * @throws TwinError naming index and value: a fraction, a number beyond ±(2^53 − 1), or ±2^24 in a Float32Array, an integer beyond 64 bits, no key
 */
export function parseKeys(values: unknown, type: KeyType, where: KeyPlace): KeyColumn {
  if (!Array.isArray(values) && !isTyped(values)) {
    throw new TwinError(
      `${typeof where === "string" ? where : where(0)}: keys must be an array, not ${describe(values)}`,
    );
  }
  return type === "int64" ? parseIntegers(values, where) : parseTexts(values, where);
}

/** Key i as text: the decimal digits of an integer. */
export function keyText(keys: KeyColumn, i: number): string {
  if (keys.type === "string") {
    return keys.texts[i];
  }
  const { words } = keys;
  // Most keys are small: they need no big integer.
  return String(words[2 * i + 1] === 0 ? words[2 * i] : keyInteger(words, i));
}

/** Integer key i, exact. */
export function keyInteger(words: Uint32Array, i: number): bigint {
  return (BigInt(words[2 * i + 1] | 0) << 32n) | BigInt(words[2 * i]);
}

/** Columns one after the other; all of one type. */
export function joinKeys(columns: readonly KeyColumn[], type: KeyType): KeyColumn {
  const length = columns.reduce((sum, column) => sum + column.length, 0);
  if (type === "string") {
    const texts: string[] = [];
    for (const column of columns) {
      if (column.type !== "string") {
        throw new Error("integer keys cannot be joined to texts");
      }
      for (const text of column.texts) {
        texts.push(text);
      }
    }
    return { type, length, texts };
  }
  const words = new Uint32Array(2 * length);
  let at = 0;
  for (const column of columns) {
    if (column.type !== "int64") {
      throw new Error("texts cannot be joined to integer keys");
    }
    words.set(column.words, at);
    at += 2 * column.length;
  }
  return { type, length, words };
}

/** The keys at the given indexes, in their order. */
export function pickKeys(keys: KeyColumn, indexes: Int32Array): KeyColumn {
  const length = indexes.length;
  if (keys.type === "string") {
    return { type: "string", length, texts: Array.from(indexes, (i) => keys.texts[i]) };
  }
  if (isAsGiven(indexes)) {
    // A copy: the words may be the caller's own memory.
    return { type: "int64", length, words: keys.words.slice(0, 2 * length) };
  }
  const words = new Uint32Array(2 * length);
  for (let i = 0; i < length; i++) {
    words[2 * i] = keys.words[2 * indexes[i]];
    words[2 * i + 1] = keys.words[2 * indexes[i] + 1];
  }
  return { type: "int64", length, words };
}

/** As `parseKeys`, of integers. */
export function parseIntegers(values: ArrayLike<unknown>, where: KeyPlace): IntegerKeys {
  const length = values.length;
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    const words = new Uint32Array(values.buffer, values.byteOffset, 2 * length);
    if (values instanceof BigUint64Array) {
      for (let i = 0; i < length; i++) {
        if (words[2 * i + 1] >= 0x80000000) {
          tooLarge(where, i, values[i]);
        }
      }
    }
    return { type: "int64", length, words };
  }
  const words = new Uint32Array(2 * length);
  if (values instanceof Int32Array || values instanceof Uint32Array) {
    const extend = values instanceof Int32Array ? 31 : 32;
    for (let i = 0; i < length; i++) {
      words[2 * i] = values[i];
      words[2 * i + 1] = extend === 31 ? values[i] >> 31 : 0;
    }
    return { type: "int64", length, words };
  }
  const exact = exactBelow(values);
  for (let i = 0; i < length; i++) {
    const given: unknown = values[i];
    const value = typeof given === "string" && given.length < 16 && decimal.test(given) ? Number(given) : given;
    if (typeof value === "number") {
      if (Math.floor(value) !== value || !(value < exact && value > -exact)) {
        refuseNumber(value, where, i);
      }
      words[2 * i] = value;
      words[2 * i + 1] = Math.floor(value / 0x100000000);
    } else {
      const integer = typeof value === "bigint" ? value : textInteger(value, where, i);
      if (BigInt.asIntN(64, integer) !== integer) {
        tooLarge(where, i, value);
      }
      words[2 * i] = Number(BigInt.asUintN(32, integer));
      words[2 * i + 1] = Number(BigInt.asIntN(32, integer >> 32n));
    }
  }
  return { type: "int64", length, words };
}

function textInteger(value: unknown, where: KeyPlace, i: number): bigint {
  if (typeof value !== "string") {
    return refuse(where, i, value, "integers, BigInts or decimal strings are due");
  }
  if (!decimal.test(value)) {
    return refuse(where, i, value, "integer keys are written with digits only, without leading zeros");
  }
  return value.length > 20 ? tooLarge(where, i, value) : BigInt(value);
}

/** Every whole number nearer to 0 is exact in such an array; one that is not may have been another before it was stored. */
export function exactBelow(values: unknown): number {
  return values instanceof Float32Array ? 2 ** 24 : 2 ** 53;
}

function parseTexts(values: ArrayLike<unknown>, where: KeyPlace): TextKeys {
  const exact = exactBelow(values);
  const texts: string[] = new Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (typeof value === "string") {
      texts[i] = value;
    } else if (
      typeof value === "bigint" ||
      (typeof value === "number" && Number.isInteger(value) && Math.abs(value) < exact)
    ) {
      texts[i] = String(value);
    } else if (typeof value === "number") {
      refuseNumber(value, where, i);
    } else {
      refuse(where, i, value, "strings are due");
    }
  }
  return { type: "string", length: texts.length, texts };
}

function refuseNumber(value: number, where: KeyPlace, i: number): never {
  if (Number.isInteger(value)) {
    const why =
      Math.abs(value) < 2 ** 53
        ? "a Float32Array rounds whole numbers above 2^24"
        : "a number above 2^53 − 1 has been rounded";
    return refuse(where, i, value, `${why}: bring the key as a BigInt or a decimal string`);
  }
  return refuse(where, i, value, "keys are integers or strings");
}

function tooLarge(where: KeyPlace, i: number, value: unknown): never {
  return refuse(where, i, value, "it does not fit into a signed 64-bit integer");
}

function refuse(where: KeyPlace, i: number, value: unknown, why: string): never {
  const place = typeof where === "string" ? `${where}: key ${i}` : where(i);
  throw new TwinError(`${place} is ${describe(value)}: ${why}`);
}

/** A value as errors show it: quoted, shortened, on one line. */
export function describe(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  }
  if (Array.isArray(value)) {
    return `a list of ${value.length}`;
  }
  if (ArrayBuffer.isView(value)) {
    return `a ${value.constructor.name}`;
  }
  if (value === undefined || value === null) {
    return "missing";
  }
  if (typeof value === "object" || typeof value === "function" || typeof value === "symbol") {
    return typeof value === "object" ? "an object" : `a ${typeof value}`;
  }
  return typeof value === "bigint" ? `${value}` : String(value);
}
