// The event log as a relation: user, item, time, part of the split, each as an expression over its columns.
import { TwinError } from "../../contract/error.ts";
import { earliest, latest } from "../encode/instant.ts";
import type { Binding } from "./binding.ts";
import { clockOf, refuseTime } from "./clock.ts";
import type { Source } from "./database/source.ts";
import type { KeyType } from "./items.ts";
import { keyColumn, openBound, userKeyType, writtenItemKeyType } from "./key-type.ts";
import { rowsKey } from "./listed-binding.ts";
import { listColumns, type OpenList, openLists, stepOf } from "./lists/open-lists.ts";
import type { Relation } from "./relation.ts";
import { explainRead, type Resolved } from "./resolve.ts";
import { rowPart } from "./row-part.ts";

export interface Events {
  readonly relation: Relation;
  readonly user: Resolved;
  readonly item: Resolved;
  /** Epoch seconds, or steps. */
  readonly time: Resolved;
  /** Expression of the clock's own count where it is finer than seconds in float64 can tell; else null. */
  readonly raw: string | null;
  readonly steps: boolean;
  /** The histories that each row brings; null: the log says what was before. */
  readonly lists: readonly OpenList[] | null;
  readonly keyType: KeyType;
  readonly userType: KeyType;
  /**
   * A select of all events with `"#user"`, `"#item"`, `"#time"`, `"#row"`, `"#part"` (0 training, 1 validation, 2 test)
   * and all columns of the file.
   */
  readonly select: string;
  /** As `explainRead`, for these and more columns. */
  explain(more?: readonly Resolved[]): (cause: unknown) => Promise<TwinError>;
  /** @throws TwinError naming the row where a time is missing or outside 1990–2100 */
  checkTimes(times: ArrayLike<number | null>): Promise<void>;
}

/**
 * Opens the event log.
 * @param keyType how item keys are held; null: as the column says
 */
export async function openEvents(source: Source, binding: Binding, keyType: KeyType | null): Promise<Events> {
  const { events } = binding;
  if (events === null) {
    throw new TwinError(
      `${binding.place()}: no events are named; add \`events: {file: …, user: …, item: …, time: …}\``,
    );
  }
  const relation = await openBound(source, binding, "events");
  const userType = await userKeyType(source, binding);
  const key = rowsKey(binding);
  const user =
    events.user === null
      ? ownUser
      : await keyColumn(source, relation, events.user, userType, "#user", binding.place(key, "user"));
  const held = keyType ?? (await writtenItemKeyType(source, binding));
  const item = await keyColumn(source, relation, events.item, held, "#item", binding.place(key, "item"));
  const lists = binding.lists === null ? null : await openLists(source, relation, binding, held);
  const { clock } = events;
  const { time, raw } = clock === null ? ownSteps(lists ?? []) : await clockOf(source, relation, binding, clock);
  const steps = clock === null || clock.unit === "steps";
  const inner = `SELECT *, ${user.sql} AS "#user", ${item.sql} AS "#item", ${time.sql} AS "#time" FROM (${relation.numbered})`;
  const part = rowPart(relation, binding);
  const own = [user, item, ...(lists ?? []).flatMap(listColumns), time, ...(part.column === null ? [] : [part.column])];
  const explain = (more: readonly Resolved[] = []) => explainRead(source, relation, [...own, ...more]);
  return {
    relation,
    user,
    item,
    time,
    raw,
    steps,
    lists,
    keyType: held,
    userType,
    select: `SELECT *, ${part.sql} AS "#part" FROM (${inner})`,
    explain,
    async checkTimes(times) {
      for (let i = 0; i < times.length; i++) {
        const value = times[i];
        if (value !== null && (steps ? Number.isFinite(value) : value >= earliest && value <= latest)) {
          continue;
        }
        await refuseTime(source, relation, time, clock ?? { column: time.shown, unit: "steps" }, value);
      }
    },
  };
}

/** Where the data knows no users each row is one. */
const ownUser: Resolved = {
  name: "#user",
  sql: `"#row"`,
  bad: null,
  derive: null,
  made: "column",
  shown: "the row",
  use: "int64",
};

function ownSteps(lists: readonly OpenList[]): { readonly time: Resolved; readonly raw: null } {
  const shown = lists.map(({ raw }) => raw.shown).join(", ");
  const time = { name: "#time", sql: stepOf(lists), bad: null, derive: null, shown, use: "number" } as const;
  return { time: { ...time, made: "column" }, raw: null };
}
