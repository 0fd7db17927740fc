// `samples:` of data.yaml with its meaning: rows that bring their histories as lists, and what has no meaning beside them.
import { TwinError } from "../../contract/error.ts";
import { recordOf } from "../../contract/record.ts";
import type { WrittenBinding } from "./binding-schema.ts";
import { type Clock, type ColumnBinding, clockIn, columnOf } from "./bound-column.ts";
import type { ClusterSettings } from "./cluster-settings.ts";

/** A history that each row brings as lists. */
export interface ListedBinding {
  readonly item: string;
  /** Separates the values where the lists are texts. */
  readonly by: string | null;
  readonly newest: "last" | "first";
  /** Values of `item`, as texts, that are no behaviours. */
  readonly padding: readonly string[];
  /** Of the parallel list of times. */
  readonly clock: Clock | null;
  /** Parallel lists by feature: cross features of the history, and features of its items. */
  readonly columns: Readonly<Record<string, ColumnBinding>>;
  /** What its entries are clusters by; none: nobody said. */
  readonly clusters?: ClusterSettings;
}

type Place = (...path: readonly (string | number)[]) => string;

type Samples = NonNullable<WrittenBinding["samples"]>;

export function listsOf(samples: Samples, place: Place): Readonly<Record<string, ListedBinding>> {
  const lists = Object.entries(samples.histories).map(
    ([name, { item, by, newest, padding, time, columns, clusters }]) => {
      const where = place("samples", "histories", name, "time", "format");
      // A name alone is read as the samples' clock is.
      const alone = typeof time === "string" && samples.time !== undefined ? clockIn(samples.time, where) : null;
      const clock =
        time === undefined ? null : alone === null ? clockIn(time, where) : { ...alone, column: time as string };
      const listed: ListedBinding = {
        item,
        by: by ?? null,
        newest,
        padding: (Array.isArray(padding) ? padding : padding === undefined ? [] : [padding]).map(String),
        clock,
        columns: recordOf(Object.entries(columns).map(([feature, column]) => [feature, columnOf(column)])),
        ...(clusters && { clusters }),
      };
      return [name, listed] as const;
    },
  );
  return recordOf(lists);
}

/** What is said of events alone has no meaning where each row brings its own history. */
export function refuseBesideSamples(samples: Samples, written: WrittenBinding, place: Place): void {
  const { events, history, columns, users, split } = written;
  const refuse = (where: string, why: string): never => {
    throw new TwinError(`${where}: ${why}`);
  };
  if (events !== undefined) {
    refuse(
      place("samples"),
      "`events` and `samples` are both given; events are samples themselves, with the history that the log says. Keep one",
    );
  }
  for (const [name, settings] of Object.entries(history)) {
    const [key] = Object.keys(settings);
    refuse(
      place("history", name, key ?? ""),
      `\`${key ?? name}\` chooses among the events of a log, and each row of \`samples\` brings its own history: choose when the lists are made, and leave \`history\` out`,
    );
  }
  const lists = Object.entries(samples.histories);
  const timed = [
    ...Object.entries(columns).map(([name, column]) => ({ at: ["columns", name], column })),
    ...lists.flatMap(([name, list]) =>
      Object.entries(list.columns).map(([feature, column]) => ({
        at: ["samples", "histories", name, "columns", feature],
        column,
      })),
    ),
  ];
  for (const { at, column } of timed) {
    if (typeof column !== "string" && column.known_at !== undefined) {
      refuse(
        place(...at, "known_at"),
        "`known_at` tells of one event of a log what each later sample may see of it; a list of `samples` holds what was known at its own sample. Leave it out, and make the lists of what was known then",
      );
    }
  }
  for (const [name, list] of lists) {
    if (list.time !== undefined && samples.time === undefined) {
      refuse(
        place("samples", "histories", name, "time"),
        "the behaviours have times and the samples have none, so nothing says what lies before a sample: add `samples.time`, or leave this out (positions then count as steps)",
      );
    }
  }
  if (users !== undefined && samples.user === undefined) {
    refuse(place("users"), "a users file is joined by `samples.user`, which is not given");
  }
  if (split?.by === "time" && samples.time === undefined) {
    refuse(place("split", "by"), "a split by time needs `samples.time`; without it split by share or hold users out");
  }
  if ((split?.by === "share" || split?.by === "last") && samples.user === undefined) {
    refuse(
      place("split", "by"),
      `a split by ${split.by} takes each user's ${split.by === "share" ? "first" : "last"} samples, and \`samples.user\` is not given; \`holdout: users\` then holds rows out`,
    );
  }
}

export type RowsKey = "events" | "samples";

/** Where the rows of samples are written: the key of data.yaml, and what its rows are called. */
export const rowsKey = ({ lists }: { readonly lists: unknown }): RowsKey => (lists === null ? "events" : "samples");

/** What is bound of a history whose rows bring it as lists. */
export function listedBinding(
  { lists }: { readonly lists: Readonly<Record<string, ListedBinding>> | null },
  history: string,
): ListedBinding {
  if (lists === null || !Object.hasOwn(lists, history)) {
    throw new Error(`the history ${history} is bound to no lists`);
  }
  return lists[history];
}
