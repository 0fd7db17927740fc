// From what a project publishes to the texts of a model and its binding.
import { TwinError } from "../../../contract/error.ts";
import { recordOf } from "../../../contract/record.ts";
import { clockFactors } from "../clock.ts";
import { belongingTo } from "../draft/belonging.ts";
import type { DraftFeature } from "../draft/kinds.ts";
import { declared, keptOf, modelText, seenDoc } from "../draft/model-text.ts";
import { Names } from "../draft/names.ts";
import { agoText, edgesBetween, pastOf } from "../draft/past.ts";
import { bindingText, type NamedHistory } from "./binding-text.ts";
import { type Bound, madeOf, parallelMade } from "./kinds.ts";
import type { Look } from "./look.ts";
import type { Published, PublishedFeature, PublishedHistory } from "./published.ts";

export interface Converted {
  readonly model: string;
  readonly data: string;
  readonly labels: readonly string[];
  readonly histories: readonly string[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

type Group = "item" | "user" | "context" | "candidate" | "cross";
interface Named extends DraftFeature {
  readonly published: PublishedFeature;
  readonly bound: Bound;
}

/** @param folder that the texts are for: paths in data.yaml are relative to it */
export async function drafted(
  look: Look,
  published: Published,
  folder: string,
  separator?: string,
): Promise<Converted> {
  const notes = [...published.notes];
  const groups = await grouped(look, published, notes);
  const histories = await historiesOf(look, published, groups, notes);
  const labelNames = new Names([
    ...declared,
    ...histories.flatMap(({ text: { name } }) => [name, `${name}_keys`, `${name}_recent`]),
  ]);
  const labels = published.labels.map(({ name, sql, task }) => ({ name: labelNames.give(name), sql, task }));
  const model = modelText({
    comment: `A first draft, made from what ${published.project} published: change what you know better.`,
    ...groups,
    histories: histories.map(({ text }) => text),
    labels,
    drawn: published.drawn,
    validated: published.files.validation !== undefined || (published.split?.includes("validation") ?? false),
    samples: await look.count(published.files.train),
  });
  const columns: [string, Bound][] = labels.map(({ name, sql }) => [`predict.${name}`, sql]);
  for (const [group, features] of Object.entries(groups)) {
    for (const { name, bound, published: of } of features) {
      const own = bound === name || of.column === keyColumn(published);
      if (!own) {
        columns.push([`${group === "cross" ? "seen" : group}.${name}`, bound]);
      }
    }
  }
  return {
    model,
    data: bindingText(published, recordOf(columns), histories, folder, separator),
    labels: labels.map(({ name }) => name),
    histories: histories.map(({ text }) => text.name),
    notes,
  };
}

/** The column that the item's key feature has by itself: `item` of the rows, or the items file's key. */
const keyColumn = ({ items, item }: Published): string => (items === null ? item : items.key);

const fileOf = ({ files, items, users }: Published, { table }: PublishedFeature): string =>
  (table === "items" ? items?.file : table === "users" ? users?.file : null) ?? files.train;

/** Features with their names and kinds, by group; the item's key first. */
async function grouped(
  look: Look,
  published: Published,
  notes: string[],
): Promise<Readonly<Record<Group, readonly Named[]>>> {
  const found: Record<Group, Named[]> = { item: [], user: [], context: [], candidate: [], cross: [] };
  const names = recordOf(Object.keys(found).map((group) => [group, new Names(["ago"])] as const));
  const ofUser = await usersOwn(look, published);
  const varying = await varyingItems(look, published);
  const itemName = published.features.find(({ column, group }) => group === "item" && column === published.item)?.name;
  const table = published.items === null ? "rows" : "items";
  const isKey = (feature: PublishedFeature): boolean =>
    feature.group === "item" && feature.table === table && feature.column === keyColumn(published);
  const key = published.features.find(isKey);
  if (key !== undefined && key.kind.kind !== "category") {
    throw new TwinError(`\`${key.name}\` cannot be the item: it is no id. Name another column: --item COLUMN`);
  }
  const ordered = key === undefined ? published.features : [key, ...published.features.filter((one) => one !== key)];
  for (const feature of ordered) {
    const { name, column } = feature;
    const said = feature.group === "unknown" ? (ofUser.has(column) ? "user" : "candidate") : feature.group;
    const varies = said === "item" && varying.has(column);
    if (varies) {
      notes.push(
        `\`${name}\` is known of the candidate alone: it has several values for one \`${itemName ?? published.item}\``,
      );
    }
    const group = varies ? "candidate" : said;
    const user = feature.table === "rows" && column === published.user;
    const made = await madeOf(
      look,
      fileOf(published, feature),
      feature,
      feature === key ? "key" : user ? "user" : null,
    );
    if ("because" in made) {
      notes.push(`no feature was made of \`${name}\`: ${made.because}`);
      continue;
    }
    found[group].push({
      name: names[group]?.give(name) ?? name,
      kind: made.kind,
      column: null,
      published: feature,
      bound: made.bound,
    });
  }
  if (key === undefined) {
    found.item.unshift(await keyAlone(look, published, names.item ?? new Names(), found.item.length === 0));
  }
  return found;
}

/** The item's key where no feature is made of it: identity only, unless the item has nothing else. */
async function keyAlone(look: Look, published: Published, names: Names, alone: boolean): Promise<Named> {
  const table = published.items === null ? ("rows" as const) : ("items" as const);
  const column = keyColumn(published);
  const feature: PublishedFeature = {
    name: column,
    group: "item",
    table,
    column,
    kind: { kind: "category", size: null },
    list: { by: null, padding: null },
    dim: null,
    sql: null,
  };
  const file = fileOf(published, feature);
  const made = await madeOf(look, file, feature, "key");
  if ("because" in made) {
    throw new TwinError(`the item \`${column}\`: ${made.because}`);
  }
  const { family } = await look.profile(file, column);
  const kind = alone ? made.kind : `key(type: ${family === "text" ? "string" : "int64"})`;
  return { name: names.give(column), kind, column: null, published: feature, bound: column };
}

/** Columns of unknown groups that never have two values for one user. */
async function usersOwn(look: Look, { files, user, features }: Published): Promise<ReadonlySet<string>> {
  const unknown = features.filter(({ group, table, sql }) => group === "unknown" && table === "rows" && sql === null);
  if (user === null || unknown.length === 0) {
    return new Set();
  }
  const key = await look.profile(files.train, user);
  const profiles = await Promise.all(
    unknown.filter(({ column }) => column !== user).map(({ column }) => look.profile(files.train, column)),
  );
  const own = await belongingTo(look.source, await look.relation(files.train), key, profiles);
  return new Set([user, ...own.map(({ name }) => name)]);
}

/** Columns that should say what an item is, and say several things of one: an item has one row. */
async function varyingItems(look: Look, published: Published): Promise<ReadonlySet<string>> {
  const { files, item, items, features } = published;
  const asked = features.filter(
    ({ group, table, column, sql }) => group === "item" && table === "rows" && column !== item && sql === null,
  );
  return items !== null || asked.length === 0
    ? new Set()
    : look.varying(
        files.train,
        item,
        asked.map(({ column }) => column),
      );
}

const longestHistory = 10_000;

const sizes = (max: number) => ({ max: String(max), ...keptOf(max) });

async function historiesOf(
  look: Look,
  published: Published,
  { item, cross: crossed }: Readonly<Record<Group, readonly Named[]>>,
  notes: string[],
): Promise<NamedHistory[]> {
  const { histories, rows, files } = published;
  if (rows === "events") {
    const max = Math.min(longestHistory, published.longest);
    const text = {
      name: "seen",
      ...sizes(max),
      ago: await agoIn(look, published, null, max),
      cross: crossed,
      doc: seenDoc,
    };
    return [{ text, published: null, columns: {} }];
  }
  const names = new Names(declared.filter((name) => name !== "seen"));
  const named: NamedHistory[] = [];
  for (const history of histories) {
    const found = await Promise.all(Object.values(files).map((file) => look.lists(file, history.column, history.list)));
    const longest = Math.max(...found.map((one) => one.longest));
    const max = Math.min(longestHistory, history.max ?? longest);
    const name = names.give(histories.length === 1 ? "seen" : history.name);
    const [columns, cross] = [[] as [string, string][], [] as DraftFeature[]];
    const own = new Names(["ago"]);
    for (const { name: alone, column, of, kind, dim } of history.parallel) {
      const feature = of === null ? undefined : item.find(({ published: { name: known } }) => known === of);
      if (feature !== undefined) {
        columns.push([`item.${feature.name}`, column]);
        continue;
      }
      const form = { by: history.list.by, padding: null };
      const made = await parallelMade(look, files.train, column, form, kind, dim);
      if (made === null) {
        notes.push(`no feature was made of the lists \`${column}\`: they are no single values of behaviours`);
        continue;
      }
      if (of !== null) {
        notes.push(
          `the lists \`${alone}\` became a cross feature: an item has one row, and they say several things of one`,
        );
      }
      const called = own.give(alone);
      cross.push({ name: called, kind: made, column: null });
      columns.push([`${name}.${called}`, column]);
    }
    const doc = [`What this user did, newest first: ${history.name}.`];
    named.push({
      text: { name, ...sizes(max), ago: await agoIn(look, published, history, max), cross, doc },
      published: history,
      columns: recordOf(columns),
    });
  }
  return named;
}

/** Edges of the time since: from the data's quantiles where there is a clock, in steps where there is none. */
async function agoIn(
  look: Look,
  { clock, user, files }: Published,
  history: PublishedHistory | null,
  max: number,
): Promise<string> {
  if (clock === null || clock.unit === "steps") {
    return stepEdges(max);
  }
  if (history === null) {
    return user === null
      ? agoText({ ago: null }, false)
      : agoText(await pastOf(look.source, await look.relation(files.train), { user, clock }), false);
  }
  if (history.times === null) {
    return stepEdges(max);
  }
  const [low, high] = await look.since(files.train, clock.column, history.times, history.list);
  const factor = clockFactors[clock.unit];
  return edgesBetween(low / factor, high / factor, false);
}

/** 1, 2, 5, 10, 20, … below the longest history. */
function stepEdges(max: number): string {
  const edges = [1];
  for (const edge of [2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]) {
    if (edge < max) {
      edges.push(edge);
    }
  }
  return edges.join(", ");
}
