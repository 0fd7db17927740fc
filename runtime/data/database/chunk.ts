// Rows streamed from DuckDB as columns: its chunks of 2,048 rows joined to larger ones, as typed arrays where nothing is missing.

import {
  type DuckDBArrayVector,
  type DuckDBDataChunk,
  type DuckDBListVector,
  type DuckDBResult,
  DuckDBTypeId,
  type DuckDBValue,
  type DuckDBVector,
} from "@duckdb/node-api";
import { recordOf } from "../../../contract/record.ts";
import { type DataColumn, type DataValue, type TypedData, takeRows } from "../../encode/data-column.ts";
import { type FlatLists, joinLists } from "./flat-lists.ts";

export interface Chunk {
  readonly rows: number;
  readonly columns: Readonly<Record<string, DataColumn>>;
}

export interface ListedChunk extends Chunk {
  /** Columns of lists that were asked for flat; they are not among the others. */
  readonly lists: Readonly<Record<string, FlatLists>>;
}

/**
 * The result's rows, `size` at a time (rounded up to whole pieces of the database), the last chunk shorter.
 * @param flat columns of lists whose values come side by side, none of the lists missing
 */
export async function* chunks(
  result: DuckDBResult,
  size: number,
  flat: ReadonlySet<string> = new Set(),
): AsyncGenerator<ListedChunk> {
  const names = result.columnNames();
  const types = names.map((_, i) => result.columnTypeId(i));
  const make = (): (ColumnBuilder | FlatBuilder)[] =>
    types.map((type, i) => (flat.has(names[i]) ? new FlatBuilder() : new ColumnBuilder(type, size + 2048)));
  let builders = make();
  let rows = 0;
  const flush = (): ListedChunk => {
    const columns: [string, DataColumn][] = [];
    const lists: [string, FlatLists][] = [];
    for (const [i, builder] of builders.entries()) {
      if (builder instanceof FlatBuilder) {
        lists.push([names[i], builder.finish()]);
      } else {
        columns.push([names[i], builder.finish()]);
      }
    }
    const chunk = { rows, columns: recordOf(columns), lists: recordOf(lists) };
    builders = make();
    rows = 0;
    return chunk;
  };
  for (;;) {
    const piece = await result.fetchChunk();
    if (!piece || piece.rowCount === 0) {
      break;
    }
    append(builders, piece);
    rows += piece.rowCount;
    if (rows >= size) {
      yield flush();
    }
  }
  if (rows > 0) {
    yield flush();
  }
}

function append(builders: readonly (ColumnBuilder | FlatBuilder)[], piece: DuckDBDataChunk): void {
  for (let i = 0; i < builders.length; i++) {
    builders[i].append(piece.getColumnVector(i), piece.rowCount);
  }
}

type Element = number | bigint | string | null;

/** A cell as it is; lists come as vectors, and types beyond these are cast in SQL before they come here. */
function cellOf(value: DuckDBValue): number | bigint | string | boolean | null {
  if (typeof value === "object" && value !== null) {
    throw new Error(`a cell holds ${value.constructor.name}, which the query should have cast`);
  }
  return value;
}

function elementOf(value: DuckDBValue): Element {
  const cell = cellOf(value);
  return typeof cell === "boolean" ? Number(cell) : cell;
}

function typedArray(type: DuckDBTypeId, capacity: number): TypedData | null {
  switch (type) {
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
      return new Int32Array(capacity);
    case DuckDBTypeId.BIGINT:
      return new BigInt64Array(capacity);
    case DuckDBTypeId.UBIGINT:
      return new BigUint64Array(capacity);
    case DuckDBTypeId.FLOAT:
      return new Float32Array(capacity);
    case DuckDBTypeId.DOUBLE:
    case DuckDBTypeId.UINTEGER:
      return new Float64Array(capacity);
    default:
      return null;
  }
}

/** Collects one column. Types beyond the listed ones are cast in SQL before they come here. */
class ColumnBuilder {
  readonly #typed: TypedData | null;
  readonly #list: DataValue[] = [];
  readonly #missing: number[] = [];
  #rows = 0;

  constructor(type: DuckDBTypeId, capacity: number) {
    this.#typed = typedArray(type, capacity);
  }

  append(vector: DuckDBVector, count: number): void {
    const start = this.#rows;
    this.#rows += count;
    if (this.#typed) {
      const typed = this.#typed;
      const whole = wholeItems(vector);
      if (whole?.constructor === typed.constructor) {
        const size = typed.BYTES_PER_ELEMENT;
        const from = new Uint8Array(whole.buffer, whole.byteOffset, count * size);
        new Uint8Array(typed.buffer, start * size, count * size).set(from);
        return;
      }
      const integers = typed instanceof BigInt64Array || typed instanceof BigUint64Array ? typed : null;
      const numbers = typed instanceof BigInt64Array || typed instanceof BigUint64Array ? null : typed;
      for (let i = 0; i < count; i++) {
        const value = vector.getItem(i);
        if (value === null) {
          this.#missing.push(start + i);
        } else if (numbers !== null && typeof value === "number") {
          numbers[start + i] = value;
        } else if (integers !== null && typeof value === "bigint") {
          integers[start + i] = value;
        } else {
          throw new Error(`a column of ${typed.constructor.name} holds a ${typeof value}`);
        }
      }
      return;
    }
    if (isList(vector)) {
      appendLists(vector, count, this.#list);
      return;
    }
    for (let i = 0; i < count; i++) {
      this.#list.push(cellOf(vector.getItem(i)));
    }
  }

  finish(): DataColumn {
    if (!this.#typed) {
      return this.#list;
    }
    const typed = this.#typed.subarray(0, this.#rows);
    if (this.#missing.length === 0) {
      return typed;
    }
    const list = Array.from<DataValue>(typed);
    for (const row of this.#missing) {
      list[row] = null;
    }
    return list;
  }
}

/** Collects one column of lists, their values as a column of their own. */
class FlatBuilder {
  readonly #pieces: FlatLists[] = [];

  append(vector: DuckDBVector, count: number): void {
    if (!isList(vector) || !("childVector" in vector)) {
      throw new Error("only columns of lists are read flat");
    }
    const child = vector.childVector;
    const starts = new Uint32Array(count + 1);
    let total = 0;
    let straight = true;
    for (let i = 0; i < count; i++) {
      straight &&= vector.getEntryOffset(i) === total;
      starts[i] = total;
      total += vector.getEntryLength(i);
    }
    starts[count] = total;
    const end = straight ? total : child.itemCount;
    const builder = new ColumnBuilder(child.type.typeId, end);
    builder.append(child, end);
    const values = builder.finish();
    this.#pieces.push({ starts, values: straight ? values : gathered(vector, count, total, values) });
  }

  finish(): FlatLists {
    return this.#pieces.length === 0 ? { starts: new Uint32Array(1), values: [] } : joinLists(this.#pieces);
  }
}

/** Values in the order of the rows, where the database holds them otherwise. */
function gathered(vector: DuckDBListVector, count: number, total: number, values: DataColumn): DataColumn {
  const at = new Int32Array(total);
  let next = 0;
  for (let i = 0; i < count; i++) {
    const start = vector.getEntryOffset(i);
    for (let j = 0; j < vector.getEntryLength(i); j++) {
      at[next++] = start + j;
    }
  }
  return takeRows(values, at);
}

/** Which rows the database's vectors hold inside; looked at only to copy whole columns at once, and never relied on. */
interface Validity {
  /** null: every row is there. */
  readonly data: unknown;
  itemValid(row: number): boolean;
}

const isValidity = (value: unknown): value is Validity =>
  typeof value === "object" &&
  value !== null &&
  "data" in value &&
  "itemValid" in value &&
  typeof value.itemValid === "function";

const validityOf = (vector: DuckDBVector): Validity | null =>
  "validity" in vector && isValidity(vector.validity) ? vector.validity : null;

const isTyped = (items: unknown): items is TypedData =>
  items instanceof Int32Array ||
  items instanceof Float32Array ||
  items instanceof Float64Array ||
  items instanceof BigInt64Array ||
  items instanceof BigUint64Array;

/** A vector's values as one typed array, or null where some are missing or they are held otherwise. */
function wholeItems(vector: DuckDBVector): TypedData | null {
  return "items" in vector && isTyped(vector.items) && validityOf(vector)?.data === null ? vector.items : null;
}

function isList(vector: DuckDBVector): vector is DuckDBListVector | DuckDBArrayVector {
  return vector.type.typeId === DuckDBTypeId.LIST || vector.type.typeId === DuckDBTypeId.ARRAY;
}

/** Lists of floats become Float32Array, other lists plain ones. */
function appendLists(vector: DuckDBListVector | DuckDBArrayVector, count: number, out: DataValue[]): void {
  const valid = validityOf(vector);
  if (!("childVector" in vector) || valid === null) {
    for (let i = 0; i < count; i++) {
      out.push(listOf(vector.getItem(i)?.items.map(elementOf) ?? null, isFloatList(vector)));
    }
    return;
  }
  const child = vector.childVector;
  const whole = wholeItems(child);
  // The database's memory is reused: one copy of the whole piece, which the rows then share.
  const floats = whole instanceof Float32Array || whole instanceof Float64Array ? Float32Array.from(whole) : null;
  for (let i = 0; i < count; i++) {
    if (!valid.itemValid(i)) {
      out.push(null);
      continue;
    }
    const start = vector.getEntryOffset(i);
    const length = vector.getEntryLength(i);
    if (floats) {
      out.push(floats.subarray(start, start + length));
      continue;
    }
    const values: Element[] = new Array(length);
    for (let j = 0; j < length; j++) {
      values[j] = elementOf(child.getItem(start + j));
    }
    out.push(listOf(values, isFloatList(vector)));
  }
}

function listOf(values: readonly Element[] | null, floats: boolean): DataValue {
  if (values === null) {
    return null;
  }
  if (floats && !values.includes(null)) {
    return Float32Array.from(values, Number);
  }
  return values;
}

function isFloatList(vector: DuckDBListVector | DuckDBArrayVector): boolean {
  const type = vector.type.valueType.typeId;
  return type === DuckDBTypeId.FLOAT || type === DuckDBTypeId.DOUBLE;
}
