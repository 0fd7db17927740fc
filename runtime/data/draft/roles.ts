// Which column of an event log is the user, the item, the clock, a label: by name where names tell, by values where not.
import { TwinError } from "../../../contract/error.ts";
import type { Clock } from "../binding.ts";
import { quoted } from "../database/source.ts";
import { clockUnit } from "./clock-unit.ts";
import type { Profile } from "./profile.ts";
import {
  clockWords,
  idEnding,
  itemWords,
  labelWords,
  orderWords,
  ratingWords,
  userWords,
  usual,
} from "./role-words.ts";

export interface Roles {
  readonly user: string;
  readonly item: string;
  /** The items file's key; null where there is no items file. */
  readonly key: string | null;
  readonly clock: Clock;
  /** Binary labels: columns that are 0 and 1, or a threshold on a rating. */
  readonly labels: readonly { readonly name: string; readonly sql: string; readonly column: string }[];
}

/** Columns that the caller names. */
export interface Named {
  readonly user?: string;
  readonly item?: string;
  readonly time?: string;
  /** Holds each row's past. */
  readonly history?: string;
}

/** Of rows that bring their histories: neither users nor a clock must be known. */
export interface SampleRoles extends Omit<Roles, "user" | "clock"> {
  readonly user: string | null;
  /** None that counts steps. */
  readonly clock: Clock | null;
}

function find(events: readonly Profile[], name: string | undefined, what: string): Profile | undefined {
  if (name === undefined) {
    return undefined;
  }
  const found = events.find((column) => column.name === name);
  if (!found) {
    throw new TwinError(`the events have no column \`${name}\` (${what}); they have ${listed(events)}`);
  }
  return found;
}

/** The item of the rows, before anything else is known of them; undefined: nothing tells. */
export function itemOf(
  events: readonly Profile[],
  itemColumns: readonly Profile[] | null,
  named: Named,
): { readonly item: Profile | undefined; readonly key: Profile | null } {
  const key = itemColumns === null ? null : keyOf(events, itemColumns);
  const item =
    find(events, named.item, "--item") ??
    events.find(({ name }) => name === key?.name) ??
    pick(events, itemWords, (one) => isOneKey(one) && !userWords.test(usual(one.name)));
  return { item, key };
}

/** @param left columns that are no part of a history */
export function sampleRolesOf(
  left: readonly Profile[],
  itemColumns: readonly Profile[] | null,
  item: Profile,
  key: Profile | null,
  named: Named,
): SampleRoles {
  const time = find(left, named.time, "--time");
  const others = left.filter(({ name }) => name !== item.name);
  const clock = clockIn(
    others.filter(({ name }) => name !== named.user),
    time,
  );
  if (time !== undefined && (clock === null || clock.unit === "steps")) {
    throw new TwinError(
      `\`${time.name}\` (--time) is no clock between 1990 and 2100 (seconds, ms, us, ns or timestamps); without one, leave --time out: positions of the lists then count as steps`,
    );
  }
  if (itemColumns !== null && key === null) {
    throw noKey(itemColumns);
  }
  const timed = clock !== null && clock.unit !== "steps" ? clock : null;
  const rest = others.filter(({ name }) => name !== timed?.column);
  const user = find(left, named.user, "--user") ?? pick(rest, userWords, isOneKey) ?? null;
  const labels = labelsOf(rest.filter(({ name }) => name !== user?.name));
  return { user: user?.name ?? null, item: item.name, key: key?.name ?? null, clock: timed, labels };
}

const noKey = (itemColumns: readonly Profile[]): TwinError =>
  new TwinError(
    `no column of the items file has one value for each row, so none can be its key; the file has ${listed(itemColumns)}`,
  );

export function rolesOf(events: readonly Profile[], itemColumns: readonly Profile[] | null, named: Named): Roles {
  const clock = clockOf(events, find(events, named.time, "--time"));
  const left = events.filter(({ name }) => name !== clock.column);
  const { item, key } = itemOf(left, itemColumns, named);
  if (!item) {
    throw new TwinError(`which column of the events is the item? Say it: --item COLUMN, one of ${listed(left)}`);
  }
  const others = left.filter(({ name }) => name !== item.name);
  const user = find(events, named.user, "--user") ?? pick(others, userWords, isKey);
  if (!user) {
    throw new TwinError(`which column of the events is the user? Say it: --user COLUMN, one of ${listed(others)}`);
  }
  if (itemColumns !== null && key === null) {
    throw noKey(itemColumns);
  }
  const rest = others.filter(({ name }) => name !== user.name);
  return { user: user.name, item: item.name, key: key?.name ?? null, clock, labels: labelsOf(rest) };
}

const listed = (columns: readonly Profile[]): string => columns.map(({ name }) => `\`${name}\``).join(", ");
const isKey = ({ family }: Profile): boolean => ["small", "whole", "huge", "text"].includes(family);
/** No text of many values. */
const isOneKey = (column: Profile): boolean => isKey(column) && column.tags === null;

/** The first column whose name fits; one that also says that it is an id before others, then one that is called nothing more. */
function pick(columns: readonly Profile[], pattern: RegExp, fits: (column: Profile) => boolean): Profile | undefined {
  const found = columns.filter((column) => pattern.test(usual(column.name)) && fits(column));
  const whole = ({ name }: Profile): boolean => pattern.exec(usual(name))?.[0] === usual(name);
  return found.find(saysId) ?? found.find(whole) ?? found[0];
}

const saysId = ({ name }: Profile): boolean => idEnding.test(usual(name));

function keyOf(events: readonly Profile[], columns: readonly Profile[]): Profile | null {
  const unique = columns.filter((column) => isKey(column) && column.missing === 0 && column.different === column.rows);
  const shared = unique.filter(({ name }) => events.some((event) => event.name === name));
  return shared.find(saysId) ?? shared[0] ?? unique.find(saysId) ?? unique[0] ?? null;
}

function clockOf(events: readonly Profile[], named: Profile | undefined): Roles["clock"] {
  const clock = clockIn(events, named);
  if (clock !== null) {
    return clock;
  }
  throw new TwinError(
    `no column of the events is a clock between 1990 and 2100 (seconds, ms, us, ns or timestamps), and none is called \`order\` or \`step\`; say which one is: --time COLUMN, one of ${listed(events)}`,
  );
}

function clockIn(events: readonly Profile[], named: Profile | undefined): Clock | null {
  const candidates = named ? [named] : events;
  const timed = candidates.flatMap((column) => {
    const unit = column.missing === 0 ? clockUnit(column) : null;
    return unit === null ? [] : [{ column: column.name, family: column.family, unit }];
  });
  const sure =
    timed.find(({ column }) => clockWords.test(usual(column))) ?? timed.find(({ family }) => family === "time");
  const written = candidates.filter(({ dated, missing }) => dated !== null && missing === 0);
  const texts = sure ? undefined : (written.find(({ name }) => clockWords.test(usual(name))) ?? written[0]);
  if (texts?.dated) {
    return { column: texts.name, unit: "s", format: formOf(texts.name, texts.dated.forms) };
  }
  const best = sure ?? timed[0];
  if (best) {
    return { column: best.column, unit: best.unit };
  }
  const order = named ?? events.find(({ name, range }) => orderWords.test(usual(name)) && range !== null);
  if (order?.range) {
    return { column: order.name, unit: "steps" };
  }
  return null;
}

/** @throws TwinError where the values do not tell how they are written */
function formOf(column: string, forms: readonly string[]): string {
  if (forms.length === 1) {
    return forms[0];
  }
  const both = forms.slice(0, 3).map((form) => `\`${form}\``);
  throw new TwinError(
    `\`${column}\` holds dates, written as ${both.join(" or as ")}, and no row tells which; write them with the year first (2018-06-30), or name another clock: --time COLUMN`,
  );
}

function labelsOf(columns: readonly Profile[]): Roles["labels"] {
  const both = ({ family, range, different }: Profile): boolean =>
    different === 2 && (family === "boolean" || (range !== null && range.min === 0 && range.max === 1));
  const binary = columns.filter((column) => labelWords.test(usual(column.name)) && both(column));
  if (binary.length > 0) {
    return binary.map(({ name }) => ({ name, sql: name, column: name }));
  }
  const rating = columns.find(
    ({ name, range, different }) => ratingWords.test(usual(name)) && range !== null && different > 2,
  );
  if (!rating?.range) {
    return [];
  }
  const [, , median] = rating.range.quantiles;
  // Above the middle, so that both answers come up.
  const edge = median > rating.range.min ? median : rating.range.max;
  return [{ name: "liked", sql: `${quoted(rating.name)} >= ${edge}`, column: rating.name }];
}
