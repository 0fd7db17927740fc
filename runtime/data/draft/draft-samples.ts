// A draft from rows that bring their histories: lists, or texts that are lists, of the items that the user met before.
import { TwinError } from "../../../contract/error.ts";
import { quoted } from "../database/source.ts";
import { readError } from "../files/read-error.ts";
import type { Relation } from "../relation.ts";
import { belongingTo, steadyWithin } from "./belonging.ts";
import type { Draft, Files } from "./draft.ts";
import { featuresFrom, keyFirst, namesIn, overall } from "./features.ts";
import { type FoundHistory, historiesIn } from "./histories.ts";
import { type Skipped, userFeature } from "./kinds.ts";
import { Lists } from "./listed-history.ts";
import type { Profile } from "./profile.ts";
import { itemOf, type Named, type SampleRoles, sampleRolesOf } from "./roles.ts";
import { sampleTexts } from "./sample-texts.ts";
import { splitOf } from "./split-of.ts";

/** Rows whose lists are looked at. */
const looked = 20_000;
/** Fewer users cannot be parted. */
const fewUsers = 30;

/** @param catalogue the items file @returns null where no column holds the rows' past: they are events */
export async function draftSamples(files: Files, catalogue: Relation | null, asked: Named): Promise<Draft | null> {
  try {
    return await draftedSamples(files, catalogue, asked);
  } catch (cause) {
    throw await readError(files.source, files.relation, cause);
  }
}

async function draftedSamples(files: Files, catalogue: Relation | null, asked: Named): Promise<Draft | null> {
  const { source, relation, events, items } = files;
  if (asked.history !== undefined && !relation.columns.has(asked.history)) {
    throw new TwinError(`the events have no column \`${asked.history}\` (--history)`);
  }
  const { item, key } = itemOf(
    events.filter(({ name }) => name !== asked.history),
    items,
    asked,
  );
  if (item === undefined || (asked.history === undefined && !events.some(mayHoldLists))) {
    return null;
  }
  const rows = quoted("#rows");
  await source.all(`CREATE OR REPLACE TEMP TABLE ${rows} AS SELECT * FROM ${relation.sql()} LIMIT ${looked}`);
  const texts = (of: Relation, column: string): string =>
    `SELECT trim(CAST(${quoted(column)} AS VARCHAR)) AS x FROM ${of.sql()} WHERE ${quoted(column)} IS NOT NULL`;
  const known = [
    texts(relation, item.name),
    ...(catalogue === null || key === null ? [] : [texts(catalogue, key.name)]),
  ];
  await source.all(`CREATE OR REPLACE TEMP TABLE "#known" AS SELECT DISTINCT x FROM (${known.join(" UNION ALL ")})`);
  const { found, own } = await historiesIn(source, rows, `SELECT x FROM "#known"`, item, events, asked.history);
  if (found.length === 0) {
    return null;
  }
  const notes = own.map(
    (column) =>
      `\`${column}\` has its own row's item in nearly every row: it seems to hold what was shown or chosen with it, and is no history of it`,
  );
  return drafted(files, rows, found, item, key, asked, notes);
}

const mayHoldLists = ({ type, family }: Profile): boolean => family === "list" || type === "VARCHAR";

async function drafted(
  { source, relation, events, items, written }: Files,
  rows: string,
  found: readonly FoundHistory[],
  item: Profile,
  key: Profile | null,
  asked: Named,
  notes: string[],
): Promise<Draft> {
  const lists = await Lists.open(source, rows, relation, found, events);
  const left = events.filter(({ name }) => !lists.columns.has(name));
  const roles = sampleRolesOf(left, items, item, key, asked);
  const skipped: Skipped[] = [];
  const labels = roles.labels.map(({ column }) => column);
  const taken = [roles.user, roles.item, roles.clock?.column, ...labels];
  const others = left.filter(({ name }) => !taken.includes(name));
  const [{ total }] = await source.all(`SELECT count(*)::DOUBLE AS total FROM ${relation.sql()}`);
  const own = await overall(source, relation, item);
  const ofItem = items === null ? await belongingTo(source, relation, own, others) : [];
  const user = roles.user === null ? null : await overall(source, relation, columnOf(events, roles.user));
  const ofUser =
    user === null
      ? []
      : await belongingTo(
          source,
          relation,
          user,
          others.filter((column) => !ofItem.includes(column)),
        );
  const rest = others.filter((column) => ![...ofItem, ...ofUser].includes(column));
  const split = roles.clock === null ? null : await splitOf(source, relation, roles.clock, Number(total));
  const histories = await lists.drafted(roles, ofItem, items === null, skipped);
  const counted = await lists.counted(roles, own);
  const featuresOf = featuresFrom(left, skipped);
  const ofItems = items === null ? featuresOf : featuresFrom(items, skipped);
  const groups = await requestsOwn({ source, relation }, roles, rest, Number(total), skipped);
  const isKnown = user !== null && split !== null && (await lists.known(roles, split.end));
  if (user !== null && !isKnown) {
    skipped.push({
      column: user.name,
      because:
        split === null
          ? "without times users are held out, who then have no rows; what is known of them is their history"
          : "most of the samples after the training part are of users that it does not have; what is known of them is their history",
    });
  }
  const texts = sampleTexts({
    roles,
    written,
    rows: Number(total),
    item:
      items === null || roles.key === null
        ? ofItems([counted, ...ofItem], roles.item)
        : ofItems(keyFirst(items, roles.key, counted), roles.key),
    user: [...(user !== null && isKnown ? [userFeature(user, namesIn(left)(user.name))] : []), ...featuresOf(ofUser)],
    context: featuresOf(groups.context),
    candidate: featuresOf(groups.candidate),
    histories,
    repeats: labels.length === 0 ? await lists.repeats(item.name) : 0,
    split:
      split !== null
        ? { by: "time", train: split.train, validation: split.validation, test: "rest" }
        : (user?.different ?? Number(total)) < fewUsers
          ? null
          : { holdout: "users", train: "80%", validation: "10%", test: "rest" },
  });
  const said = histories.map(
    ({ name, column, times }) =>
      `the history \`${name}\` is in column \`${column}\`${times === null ? ", without times: positions count as steps" : `, its times in \`${times}\``}`,
  );
  return { ...texts, roles, repeats: texts.repeats, skipped, notes: [...said, ...notes] };
}

function columnOf(events: readonly Profile[], name: string): Profile {
  const found = events.find((column) => column.name === name);
  if (found === undefined) {
    throw new Error(`the rows have no column ${name}`);
  }
  return found;
}

/** Of what is known when a request comes: what all its candidates share, and what differs among them. */
async function requestsOwn(
  { source, relation }: Pick<Files, "source" | "relation">,
  { user, clock, labels }: SampleRoles,
  columns: readonly Profile[],
  total: number,
  skipped: Skipped[],
): Promise<{ readonly context: readonly Profile[]; readonly candidate: readonly Profile[] }> {
  const keys = user === null || clock === null ? null : [user, clock.column];
  const shared = keys === null ? null : await steadyWithin(source, relation, keys, columns, total);
  if (labels.length > 0) {
    const context = shared ?? [];
    return { context, candidate: columns.filter((column) => !context.includes(column)) };
  }
  // Nobody measured what differs by candidate for an item that was drawn: it would tell the two apart.
  const context = shared ?? columns;
  skipped.push(
    ...columns
      .filter((column) => !context.includes(column))
      .map(({ name }) => ({
        column: name,
        because: "it differs by candidate, and nobody knows it of negatives that are drawn",
      })),
  );
  return { context, candidate: [] };
}
