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
}

export function rolesOf(events: readonly Profile[], itemColumns: readonly Profile[] | null, named: Named): Roles {
  const find = (name: string | undefined, what: string): Profile | undefined => {
    if (name === undefined) {
      return undefined;
    }
    const found = events.find((column) => column.name === name);
    if (!found) {
      throw new TwinError(`the events have no column \`${name}\` (${what}); they have ${listed(events)}`);
    }
    return found;
  };
  const clock = clockOf(events, find(named.time, "--time"));
  const left = events.filter(({ name }) => name !== clock.column);
  const key = itemColumns === null ? null : keyOf(left, itemColumns);
  const item =
    find(named.item, "--item") ??
    left.find(({ name }) => name === key?.name) ??
    pick(left, itemWords, (one) => isKey(one) && !userWords.test(usual(one.name)));
  if (!item) {
    throw new TwinError(`which column of the events is the item? Say it: --item COLUMN, one of ${listed(left)}`);
  }
  const others = left.filter(({ name }) => name !== item.name);
  const user = find(named.user, "--user") ?? pick(others, userWords, isKey);
  if (!user) {
    throw new TwinError(`which column of the events is the user? Say it: --user COLUMN, one of ${listed(others)}`);
  }
  if (itemColumns !== null && key === null) {
    throw new TwinError(
      `no column of the items file has one value for each row, so none can be its key; the file has ${listed(itemColumns)}`,
    );
  }
  const rest = others.filter(({ name }) => name !== user.name);
  return { user: user.name, item: item.name, key: key?.name ?? null, clock, labels: labelsOf(rest) };
}

const listed = (columns: readonly Profile[]): string => columns.map(({ name }) => `\`${name}\``).join(", ");
const isKey = ({ family }: Profile): boolean => ["small", "whole", "huge", "text"].includes(family);

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
  throw new TwinError(
    `no column of the events is a clock between 1990 and 2100 (seconds, ms, us, ns or timestamps), and none is called \`order\` or \`step\`; say which one is: --time COLUMN, one of ${listed(events)}`,
  );
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
