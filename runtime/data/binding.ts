// data.yaml: where the columns of a model come from (artifacts.md, section 3), read, checked and given its meaning.

import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { isMap, isScalar, isSeq, LineCounter, type Scalar, type YAMLMap } from "yaml";
import { TwinError } from "../../contract/error.ts";
import { meant } from "../../contract/nearest.ts";
import { recordOf } from "../../contract/record.ts";
import { composeYaml } from "../../contract/yaml-text.ts";
import { readText } from "../host/files.ts";
import { BindingSchema, keysAt, type WrittenBinding } from "./binding-schema.ts";
import { type Clock, type ColumnBinding, clockIn, columnOf } from "./bound-column.ts";
import { localFile } from "./database/local-file.ts";
import type { FileForm } from "./files/file-form.ts";
import { type ListedBinding, listsOf, refuseBesideSamples } from "./listed-binding.ts";
import { readMoment } from "./moment.ts";
import { readDuration, readSplit, type Split } from "./split.ts";
import { formIn } from "./written-form.ts";

export type { Clock, ColumnBinding } from "./bound-column.ts";
export type { ListedBinding } from "./listed-binding.ts";

/** The rows that are samples: events, or those of `samples:`. */
export interface EventsBinding {
  readonly file: string | PartFiles;
  readonly form?: FileForm;
  /** Null: the data knows no users, and each row is one of its own. */
  readonly user: string | null;
  readonly item: string;
  /** The clock, or the order's column where there is no clock: its values then count steps. Null: the lists' length counts. */
  readonly clock: Clock | null;
  /** SQL over a row's columns: rows for which it does not hold are left out before anything else. */
  readonly where?: string;
}

/** A file or glob for each part of a data set that is split already. */
export interface PartFiles {
  readonly train: string;
  readonly validation?: string;
  readonly test?: string;
}

export interface KeyedBinding {
  readonly file: string;
  readonly form?: FileForm;
  readonly key: string;
}

export interface HistoryBinding {
  /** SQL over the event's columns: which events become behaviours; null: all. */
  readonly where: string | null;
  /** A behaviour is seen this many seconds (steps) after it happened, not before. */
  readonly delay: number;
  /** Behaviours that share this column's value with the sample are no history of it. */
  readonly excludeSame: string | null;
}

export interface Binding {
  readonly path: string;
  /** Files are relative to it. */
  readonly folder: string;
  readonly events: EventsBinding | null;
  /** Histories of rows that bring their own, by name: `events` then is what `samples:` says. Null: an event log. */
  readonly lists: Readonly<Record<string, ListedBinding>> | null;
  readonly items: KeyedBinding | null;
  readonly users: KeyedBinding | null;
  /** A second file of what items have, joined by their key. */
  readonly vectors: KeyedBinding | null;
  /** Epoch seconds, or steps: earlier rows are history and no samples. */
  readonly samplesFrom: number | null;
  readonly history: Readonly<Record<string, HistoryBinding>>;
  readonly columns: Readonly<Record<string, ColumnBinding>>;
  /** By cross feature: the column that says when a behaviour's value became known. */
  readonly knownAt: Readonly<Record<string, Clock>>;
  readonly negatives: {
    readonly perPositive: number;
    readonly by: "popularity" | "uniform";
    /** Whether items that the user has met by then may be drawn. */
    readonly met: "exclude" | "allow";
  } | null;
  readonly weight: string | null;
  readonly split: Split | null;
  /** `data.yaml:12:3` of the deepest part of the path that is written. */
  place(...path: readonly (string | number)[]): string;
}

/** Far more than any binding has: a data file that was named by mistake is not parsed as YAML. */
const mostBytes = 16 * 1024 * 1024;

/** Reads and checks a data binding. @throws TwinError naming file, line and column of every mistake */
export function readBinding(path: string): Binding {
  return parseBinding(readText(path, mostBytes), path);
}

/** As `readBinding`, of a text that is at hand. */
export function parseBinding(text: string, path: string): Binding {
  const lines = new LineCounter();
  const document = readable(path, () => composeYaml(text, lines));
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new TwinError(firstOf(document.errors, (error) => `${at(error.pos[0])}: ${error.message}`));
  }
  const pairOf = pairsByKey();
  const place = (...keys: readonly (string | number)[]): string => {
    let node: unknown = document.contents;
    let deepest = `${path}:1:1`;
    for (const key of keys) {
      const pair = isMap(node) ? pairOf(node, key) : undefined;
      const range = pair?.key.range;
      if (range) {
        deepest = at(range[0]);
      }
      node = pair?.value ?? (isSeq(node) && typeof key === "number" ? node.items[key] : undefined);
    }
    return deepest;
  };
  const value: unknown = readable(path, () => document.toJS({ maxAliasCount: 100 }));
  const parsed = v.safeParse(BindingSchema, value ?? {});
  if (!parsed.success) {
    throw new TwinError(firstOf(parsed.issues, (issue) => describe(issue, place)));
  }
  return meaning(parsed.output, path, place);
}

interface WrittenPair {
  readonly key: Scalar;
  readonly value: unknown;
}

/** Pairs of a map by key, indexed when first asked for: a binding may have very many columns. */
function pairsByKey(): (map: YAMLMap, key: string | number) => WrittenPair | undefined {
  const known = new WeakMap<YAMLMap, Map<unknown, WrittenPair>>();
  return (map, key) => {
    let pairs = known.get(map);
    if (pairs === undefined) {
      pairs = new Map(
        map.items.flatMap((pair) =>
          isScalar(pair.key) ? [[pair.key.value, { key: pair.key, value: pair.value }]] : [],
        ),
      );
      known.set(map, pairs);
    }
    return pairs.get(key);
  };
}

const mostMistakes = 20;

/** A line for each of the first mistakes, and how many more there are. */
function firstOf<T>(mistakes: readonly T[], text: (mistake: T) => string): string {
  const lines = mistakes.slice(0, mostMistakes).map(text);
  if (mistakes.length > mostMistakes) {
    lines.push(`… and ${mistakes.length - mostMistakes} more`);
  }
  return lines.join("\n");
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TwinError(`${path} cannot be read as YAML: ${why}`, { cause: error });
  }
}

function describe(issue: v.BaseIssue<unknown>, place: Binding["place"]): string {
  const keys = (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)));
  const parents = keys.slice(0, -1);
  const last = String(keys.at(-1) ?? "");
  const where = place(...keys);
  // Below a key of any name an issue keeps its message alone.
  const told = /^Invalid (?:key|type): Expected (.+) but received (.+)$/s.exec(issue.message);
  const expected = issue.expected ?? told?.[1];
  const received = told?.[2] ?? issue.received;
  const isKey = issue.type === "strict_object" || issue.message.startsWith("Invalid key");
  if (isKey && expected === "never") {
    return `${where}: \`${last}\` is not known here${meant(last, keysAt(parents))}`;
  }
  if (isKey && received === "undefined") {
    return `${where}: \`${keys.join(".")}\` is missing`;
  }
  if (issue.message.startsWith("Invalid type")) {
    return `${where}: \`${keys.join(".") || "the file"}\` should be ${expected}, and is ${received}`;
  }
  return `${where}: \`${keys.join(".")}\`: ${issue.message}`;
}

/** The files and globs that the binding names: what may be read for it. */
export function boundFiles({ events, items, users, vectors }: Binding): string[] {
  return [events, items, users, vectors].flatMap((named) => (named === null ? [] : namedFiles(named.file)));
}

/** Of several parts in the order of the parts. */
export function namedFiles(file: string | PartFiles): string[] {
  return typeof file === "string"
    ? [file]
    : [file.train, file.validation, file.test].filter((one): one is string => one !== undefined);
}

function meaning(written: WrittenBinding, path: string, place: Binding["place"]): Binding {
  const folder = dirname(resolve(path));
  const { events, samples } = written;
  const rows = events ?? samples;
  const steps = rows !== undefined && rows.time === undefined;
  if (samples !== undefined) {
    refuseBesideSamples(samples, written, place);
  }
  const history = Object.entries(written.history).map(([name, { where, delay, exclude_same }]) => {
    const wait = readDuration(delay ?? 0, steps, place("history", name, "delay"));
    return [name, { where: where ?? null, delay: wait, excludeSame: exclude_same ?? null }] as const;
  });
  return {
    path,
    folder,
    events: events
      ? {
          file: rowFiles("events", events.file, place, folder),
          ...formIn("events", events.file, events, place),
          user: events.user,
          item: events.item,
          clock: clock(events, place),
          ...(events.where !== undefined && { where: events.where }),
        }
      : samples
        ? {
            file: rowFiles("samples", samples.file, place, folder),
            ...formIn("samples", samples.file, samples, place),
            user: samples.user ?? null,
            item: samples.item,
            clock: samples.time === undefined ? null : clockIn(samples.time, place("samples", "time", "format")),
            ...(samples.where !== undefined && { where: samples.where }),
          }
        : null,
    lists: samples ? listsOf(samples, place) : null,
    items: keyed("items", written, place, folder),
    users: keyed("users", written, place, folder),
    vectors: keyed("vectors", written, place, folder),
    samplesFrom:
      written.samples_from === undefined
        ? null
        : readMoment(String(written.samples_from), steps, place("samples_from")),
    history: recordOf(history),
    columns: recordOf(Object.entries(written.columns).map(([name, column]) => [name, columnOf(column)])),
    knownAt: recordOf(knownTimes(written, steps, place)),
    negatives: negativesOf(written),
    weight: written.weight ?? null,
    split: splitOf(written, steps, place),
    place,
  };
}

function keyed(
  role: "items" | "users" | "vectors",
  written: WrittenBinding,
  place: Binding["place"],
  folder: string,
): KeyedBinding | null {
  const named = written[role];
  if (named === undefined) {
    return null;
  }
  const { file, key } = named;
  return { file: localFile(file, place(role, "file"), folder), ...formIn(role, file, named, place), key };
}

/** @param role where the rows are named */
function rowFiles(
  role: string,
  file: NonNullable<WrittenBinding["events"]>["file"],
  place: Binding["place"],
  folder: string,
): string | PartFiles {
  if (typeof file === "string") {
    return localFile(file, place(role, "file"), folder);
  }
  const one = (part: keyof PartFiles) => {
    const name = file[part];
    return name === undefined ? {} : { [part]: localFile(name, place(role, "file", part), folder) };
  };
  return { train: localFile(file.train, place(role, "file", "train"), folder), ...one("validation"), ...one("test") };
}

function splitOf({ events, samples, split }: WrittenBinding, steps: boolean, place: Binding["place"]): Split | null {
  const file = (events ?? samples)?.file;
  if (file === undefined || typeof file === "string") {
    return split === undefined ? null : readSplit(split, steps, place);
  }
  if (split !== undefined) {
    throw new TwinError(`${place("split")}: the files say which rows are of which part: leave \`split\` out`);
  }
  return { kind: "files", validation: file.validation !== undefined, test: file.test !== undefined };
}

function negativesOf({ negatives }: WrittenBinding): Binding["negatives"] {
  if (negatives === undefined) {
    return null;
  }
  const { per_positive, by, met } = negatives;
  return { perPositive: per_positive, by, met };
}

function clock(events: NonNullable<WrittenBinding["events"]>, place: Binding["place"]): EventsBinding["clock"] {
  const { time, order } = events;
  if (time !== undefined && order !== undefined) {
    throw new TwinError(
      `${place("events", "order")}: \`time\` and \`order\` are both given; \`order\` is for data without a clock`,
    );
  }
  if (time !== undefined) {
    return clockIn(time, place("events", "time", "format"));
  }
  if (order !== undefined) {
    return { column: order, unit: "steps" };
  }
  throw new TwinError(
    `${place("events")}: name the events' clock (\`time: column\`), or their order (\`order: column\`) where there is none`,
  );
}

/** A column alone is read as the events' clock is. */
function knownTimes(
  { columns, events }: WrittenBinding,
  steps: boolean,
  place: Binding["place"],
): (readonly [string, Clock])[] {
  return Object.entries(columns).flatMap(([name, column]) => {
    if (typeof column === "string" || column.known_at === undefined) {
      return [];
    }
    const { known_at } = column;
    const where = place("columns", name, "known_at");
    if (events === undefined) {
      throw new TwinError(`${where}: no events are named, which a time could be of`);
    }
    if (steps && typeof known_at !== "string") {
      throw new TwinError(`${where}: the events have an order and no clock, so name the column of steps alone`);
    }
    if (typeof known_at !== "string") {
      return [[name, clockIn(known_at, where)] as const];
    }
    const { time } = events;
    const clock: Clock =
      time === undefined ? { column: known_at, unit: "steps" } : { ...clockIn(time, where), column: known_at };
    return [[name, clock] as const];
  });
}
