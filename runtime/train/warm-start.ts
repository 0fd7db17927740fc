// A warm start: what an earlier run learned and still fits, under the names and in the rows of the model as it is now.
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import { type ReadParameter, readersOf } from "../learn/index.ts";

/** How values become rows in a run. */
export interface Encoding {
  readonly features: FeatureSpec[];
  readonly embeddings: Manifest["embeddings"];
  /** Entries by the feature that owns the vocabulary. */
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
}

export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
  /** Its name before a rename. */
  readonly formerly: string | null;
}

export interface WarmStartReport {
  readonly kept: readonly string[];
  /** Tables of which some rows are kept: the others are new. */
  readonly reshaped: readonly { readonly name: string; readonly kept: number; readonly added: number }[];
  /** What starts from its start value, and why. */
  readonly fresh: readonly { readonly name: string; readonly because: string }[];
  /** What the earlier run had and the model has no more. */
  readonly gone: readonly string[];
}

type Choice =
  | { readonly kind: "kept" }
  | { readonly kind: "rows"; readonly source: Int32Array; readonly kept: number; readonly added: number }
  | { readonly kind: "fresh"; readonly because: string };

/**
 * Parameters of the earlier run where they mean the same, else start values. Rows of a vocabulary follow their entries; a
 * new entry starts as the "unknown" row, which is what such values had until now. Rows of an `id` that has grown are new.
 * The optimisers start afresh.
 */
export function warmStart(
  parameters: readonly NamedShape[],
  start: ReadParameter,
  weights: TensorFile,
  earlier: Encoding,
  now: Encoding,
): { readonly read: ReadParameter; readonly report: WarmStartReport } {
  const choices = new Map<string, Choice>();
  const stored = new Map<string, string>();
  for (const { name, shape, formerly } of parameters) {
    const old = formerly === null || weights.entries.has(name) ? name : formerly;
    const entry = weights.entries.get(old);
    if (entry === undefined) {
      choices.set(name, { kind: "fresh", because: "the earlier run has none" });
      continue;
    }
    stored.set(name, old);
    choices.set(name, choose(name, old, shape, entry.shape, earlier, now));
  }
  const used = new Set(stored.values());
  const all = [...choices];
  return {
    report: {
      kept: all.flatMap(([name, { kind }]) => (kind === "kept" ? [name] : [])),
      reshaped: all.flatMap(([name, choice]) =>
        choice.kind === "rows" ? [{ name, kept: choice.kept, added: choice.added }] : [],
      ),
      fresh: all.flatMap(([name, choice]) => (choice.kind === "fresh" ? [{ name, because: choice.because }] : [])),
      gone: [...weights.entries.keys()].filter((name) => !used.has(name)),
    },
    read(name) {
      const choice = choices.get(name);
      const old = stored.get(name);
      if (choice === undefined || choice.kind === "fresh" || old === undefined) {
        return start(name);
      }
      const values = weights.read(old);
      return choice.kind === "kept" ? values : moved(start(name), values, choice.source);
    },
  };
}

/** Row i becomes row `source[i]` of the earlier table; below 0 it keeps its start value. */
function moved(start: Float32Array, earlier: Float32Array, source: Int32Array): Float32Array {
  const width = start.length / source.length;
  source.forEach((row, i) => {
    if (row >= 0) {
      start.set(earlier.subarray(row * width, (row + 1) * width), i * width);
    }
  });
  return start;
}

function choose(
  name: string,
  old: string,
  shape: readonly number[],
  before: readonly number[],
  earlier: Encoding,
  now: Encoding,
): Choice {
  const [reader] = readersOf(name, now);
  const [oldReader] = readersOf(old, earlier);
  const same = shape.join() === before.join();
  const sizes = `it was [${before.join(", ")}] and is [${shape.join(", ")}]`;
  if (reader === undefined || oldReader === undefined || shape.length !== 2) {
    return same ? { kind: "kept" } : { kind: "fresh", because: sizes };
  }
  if (shape[1] !== before[1]) {
    return { kind: "fresh", because: sizes };
  }
  const [source, oldSource] = [rowsBy(reader), rowsBy(oldReader)];
  if (source.kind === "vocabulary" && oldSource.kind === "vocabulary") {
    const entries = now.vocabularies.get(reader.vocabulary ?? "") ?? [];
    const oldEntries = earlier.vocabularies.get(oldReader.vocabulary ?? "") ?? [];
    if (same && entries.join("\n") === oldEntries.join("\n")) {
      return { kind: "kept" };
    }
    return byEntry(shape[0], entries, oldEntries);
  }
  if (source.kind === "id" && oldSource.kind === "id") {
    return same ? { kind: "kept" } : byNumber(shape[0], before[0]);
  }
  const equal = JSON.stringify(source) === JSON.stringify(oldSource);
  return equal && same ? { kind: "kept" } : { kind: "fresh", because: "its rows are encoded otherwise now" };
}

const rowsBy = ({ encoder }: FeatureSpec) => (encoder.kind === "tags" ? encoder.of : encoder);

function byEntry(rows: number, entries: readonly string[], before: readonly string[]): Choice {
  const places = new Map(before.map((entry, i) => [entry, i + 1]));
  const source = new Int32Array(rows).fill(-1);
  source[0] = 0;
  let kept = 0;
  entries.forEach((entry, i) => {
    const place = places.get(entry);
    if (place !== undefined) {
      kept++;
    }
    source[i + 1] = place ?? 0;
  });
  return { kind: "rows", source, kept, added: entries.length - kept };
}

function byNumber(rows: number, before: number): Choice {
  const source = Int32Array.from({ length: rows }, (_, row) => (row < before ? row : -1));
  return { kind: "rows", source, kept: Math.min(rows, before), added: Math.max(0, rows - before) };
}

/** The report as lines of text. */
export function warmStartText({ kept, reshaped, fresh, gone }: WarmStartReport): string[] {
  return [
    `kept: ${kept.length} parameters`,
    ...reshaped.map(({ name, kept: rows, added }) => `reshaped: ${name}: ${rows} rows kept, ${added} new`),
    ...fresh.map(({ name, because }) => `new: ${name}: ${because}`),
    ...gone.map((name) => `gone: ${name}`),
  ];
}
