// What a build gives up for a budget: first what costs nothing, then precision of tables, then the rarest entries of vocabularies.
import { bytesOfBlocks } from "../../contract/block-hashes.ts";
import { layoutTensors } from "../../contract/safetensors.ts";
import type { Table } from "../model/model.ts";
import type { Fit, FittedVocabulary } from "./fit.ts";

type Precision = Table["precision"];

/** A vocabulary that entries may be left out of. */
export interface Prunable {
  /** The feature that owns it. */
  readonly feature: string;
  /** The most entries that the model allows: the rows that its tables have behind row 0. */
  readonly limit: number;
  /** Bytes of each entry's line in the vocabulary's file, in their order. */
  readonly lines: ArrayLike<number>;
  /** How often each entry occurs, or what stands for it. */
  readonly counts: ArrayLike<number>;
}

export interface LookupTable {
  readonly name: string;
  readonly precision: Precision;
  /** Bytes of its file in each precision; all 0 where none is built. */
  readonly bytes: Readonly<Record<Precision, number>>;
}

export interface FitTask {
  readonly budget: number;
  /** Of the whole model, in the order of the file of weights. */
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** Parameters that a page reads. */
  readonly read: ReadonlySet<string>;
  /** By parameter the feature whose vocabulary its rows are (`vocabularyTables`). */
  readonly tables: ReadonlyMap<string, string>;
  readonly vocabularies: readonly Prunable[];
  /** Whether `counts` are counts. */
  readonly counted: boolean;
  readonly lookup: readonly LookupTable[];
  /** Bytes of all that no choice changes. */
  readonly fixed: number;
}

export interface Chosen {
  readonly fit: Fit;
  /** Bytes that a page would fetch, as far as they can be known before it is built. */
  readonly bytes: number;
  /** False where even the least is more than the budget: then `fit` is the least. */
  readonly fits: boolean;
}

const narrower: readonly Precision[] = ["float16", "uint8"];

/**
 * In this order, and no further than need be: rows of tables that no entry has; tables as float16, then as uint8, the largest
 * first; then entries, of all vocabularies the one next whose share of its vocabulary's occurrences is least for the bytes that
 * it takes. Within a vocabulary the rarest goes first, of equals the later one.
 */
export function chooseFit(task: FitTask): Chosen {
  const { budget, lookup } = task;
  const precisions = new Map<string, Precision>();
  const removal = task.vocabularies.map(removalOf);
  const chosen = (entries: readonly number[] | null): Chosen => {
    const bytes = bytesOf(task, { entries, precisions }, removal);
    return { fit: fitOf(task, entries, removal, new Map(precisions)), bytes, fits: bytes <= budget };
  };
  const whole = chosen(null);
  if (whole.fits) {
    return whole;
  }
  const all = task.vocabularies.map(({ lines }) => lines.length);
  const fits = () => bytesOf(task, { entries: all, precisions }, removal) <= budget;
  for (const precision of narrower) {
    const bySize = lookup.toSorted((a, b) => b.bytes[b.precision] - a.bytes[a.precision]);
    for (const { name, bytes, precision: own } of bySize) {
      if (fits()) {
        break;
      }
      if (bytes[precision] < bytes[precisions.get(name) ?? own]) {
        precisions.set(name, precision);
      }
    }
  }
  return chosen(fits() ? all : fewest(task, removal, precisions));
}

/** How entries of a vocabulary go. */
interface Removal {
  /** Places in the order in which they go. */
  readonly order: Int32Array;
  /** Bytes of the lines, and occurrences, of the first n of them. */
  readonly lines: Float64Array;
  readonly counts: Float64Array;
}

function removalOf({ lines, counts }: Prunable): Removal {
  const order = Int32Array.from({ length: lines.length }, (_, place) => place);
  order.sort((a, b) => counts[a] - counts[b] || b - a);
  return { order, lines: sums(order, lines), counts: sums(order, counts) };
}

function sums(order: Int32Array, of: ArrayLike<number>): Float64Array {
  const found = new Float64Array(order.length + 1);
  order.forEach((place, i) => {
    found[i + 1] = found[i] + of[place];
  });
  return found;
}

/** The entries that stay of each vocabulary where as few go as the budget allows; none where no number of them fits. */
function fewest(task: FitTask, removal: readonly Removal[], precisions: ReadonlyMap<string, Precision>): number[] {
  const order = together(task, removal);
  const left = (gone: number): number[] => {
    const entries = removal.map((one) => one.order.length);
    for (let i = 0; i < gone; i++) {
      entries[order[i]]--;
    }
    return entries;
  };
  const fits = (gone: number) => bytesOf(task, { entries: left(gone), precisions }, removal) <= task.budget;
  let [few, many] = [0, order.length];
  while (few + 1 < many) {
    const middle = (few + many) >> 1;
    if (fits(middle)) {
      many = middle;
    } else {
      few = middle;
    }
  }
  return left(many);
}

/** The vocabulary of the entry that goes first, second, …: by its share of the occurrences for each byte. */
function together({ vocabularies, tables, parameters, read }: FitTask, removal: readonly Removal[]): Uint32Array {
  const price = vocabularies.map(({ feature, counts }, v) => {
    const { order, lines, counts: occurrences } = removal[v];
    const rows = parameters.reduce(
      (bytes, { name, shape }) =>
        tables.get(name) === feature && read.has(name) ? bytes + 4 * shape.slice(1).reduce((a, b) => a * b, 1) : bytes,
      0,
    );
    const each = (rows + lines[order.length] / Math.max(1, order.length)) * Math.max(1, occurrences[order.length]);
    return Float64Array.from(order, (place) => counts[place] / each);
  });
  const at = new Uint32Array(vocabularies.length);
  const all = price.reduce((total, { length }) => total + length, 0);
  return Uint32Array.from({ length: all }, () => {
    let least = -1;
    for (let v = 0; v < price.length; v++) {
      if (at[v] < price[v].length && (least < 0 || price[v][at[v]] < price[least][at[least]])) {
        least = v;
      }
    }
    at[least]++;
    return least;
  });
}

interface State {
  /** Entries that stay of each vocabulary; null: all, and the rows that no entry has. */
  readonly entries: readonly number[] | null;
  readonly precisions: ReadonlyMap<string, Precision>;
}

function bytesOf(task: FitTask, { entries, precisions }: State, removal: readonly Removal[]): number {
  const rows = new Map(
    task.vocabularies.map(({ feature, limit }, v) => [feature, entries === null ? limit : Math.max(1, entries[v])]),
  );
  const lines = task.vocabularies.reduce((sum, { feature }, v) => {
    const { order, lines: gone } = removal[v];
    const kept = entries === null ? order.length : entries[v];
    return sum + gone[order.length] - gone[order.length - kept] + headBytes(feature, kept);
  }, 0);
  const tables = task.lookup.reduce(
    (sum, { name, precision, bytes }) => sum + bytes[precisions.get(name) ?? precision],
    0,
  );
  return task.fixed + lines + tables + weightBytes(task, rows);
}

/** Bytes of the first line of a vocabulary's file. */
const headBytes = (feature: string, entries: number): number =>
  new TextEncoder().encode(JSON.stringify({ format: 1, feature, entries })).length + 1;

/** The blocks of the weights that hold what a page reads. @param rows behind row 0, by the feature that owns the vocabulary */
function weightBytes({ parameters, tables, read }: FitTask, rows: ReadonlyMap<string, number>): number {
  const layout = layoutTensors(
    parameters.map(({ name, shape }) => {
      const own = rows.get(tables.get(name) ?? "");
      return { name, dtype: "F32", shape: own === undefined ? shape : [own + 1, ...shape.slice(1)] };
    }),
  );
  return bytesOfBlocks(
    [...layout.entries.values()].flatMap(({ name, start, end }) => (read.has(name) ? [[start, end] as const] : [])),
    layout.bytes,
  );
}

function fitOf(
  { budget, counted, vocabularies }: FitTask,
  entries: readonly number[] | null,
  removal: readonly Removal[],
  precisions: ReadonlyMap<string, Precision>,
): Fit {
  const kept = vocabularies.map(({ feature }, v): readonly [string, FittedVocabulary] | null => {
    if (entries === null) {
      return null;
    }
    const { order, counts } = removal[v];
    const gone = order.length - entries[v];
    const all = counts[order.length];
    const lost = !counted ? null : all === 0 ? 0 : counts[gone] / all;
    return [feature, { keep: order.slice(gone).sort(), of: order.length, lost }];
  });
  return { budget, counted, vocabularies: new Map(kept.filter((one) => one !== null)), precisions };
}
