// EasyRec's layout: a pipeline.config that names files, columns and features, and which sequences go with which.
import { TwinError } from "../../../contract/error.ts";
import { type EasyFeature, easyFeatures } from "./easyrec-features.ts";
import { type EasyFiles, easyrecFiles } from "./easyrec-files.ts";
import { easyPairs, groupOf, type Pair } from "./easyrec-groups.ts";
import { labelsOf } from "./labels.ts";
import { type Look, named } from "./look.ts";
import type { Layout, ParallelList, Published, PublishedFeature, PublishedHistory, SaidRoles } from "./published.ts";
import { toldId, toldItem, toldUser } from "./role-names.ts";

/** @param given the folder, or the configuration itself */
export function easyrec(given: string, said: SaidRoles): Layout {
  const notes: string[] = [];
  const files = easyrecFiles(given, notes);
  const features = easyFeatures(files.config, notes);
  return {
    reads: Object.values(files.files),
    ...(files.separator !== null && { separator: files.separator }),
    describe: (look) => describe(look, files, features, said, notes),
  };
}

async function describe(
  look: Look,
  files: EasyFiles,
  all: readonly EasyFeature[],
  said: SaidRoles,
  notes: string[],
): Promise<Published> {
  const { config, data, order } = files;
  const { train } = files.files;
  const columnOf = await columnsOf(look, files);
  const features = all.filter(({ name, input }) => {
    const there = columnOf(input) !== null;
    if (!there) {
      notes.push(`\`${name}\` is left out: ${train} has no column \`${input}\``);
    }
    return there;
  });
  const column = (input: string): string => columnOf(input) ?? input;
  const pairs = easyPairs(config, features);
  const item = await itemOf(look, files, features, pairs, column, said);
  const user = userOf(files, features, item, said);
  const { histories, claimed } = await historiesOf(look, train, features, pairs, item, column, notes);
  const made = features.flatMap((feature): PublishedFeature[] => {
    const { name, input, kind, list, dim } = feature;
    if (claimed.has(name)) {
      return [];
    }
    const listed = histories.some(({ parallel }) => parallel.some(({ of }) => of === name));
    const group = name === item.name || listed ? "item" : input === user ? "user" : groupOf(config, name);
    const tags =
      feature.sequence && kind.kind === "category" ? ({ kind: "tags", size: kind.size, max: null } as const) : kind;
    if (feature.sequence && tags === kind) {
      notes.push(`\`${name}\` is left out: its lists of numbers run parallel to no history`);
      return [];
    }
    return [{ name, group, table: "rows", column: column(input), kind: tags, list, dim, sql: feature.sql(column) }];
  });
  const weight = data.text("sample_weight");
  const labels = data.texts("label_fields");
  const there = labels.flatMap((name) => {
    const found = columnOf(name);
    return found === null ? [] : [{ name, column: found }];
  });
  if (there.length === 0) {
    throw new TwinError(`${data.place("label_fields")}: no \`label_fields\` name a column of ${train}`);
  }
  return {
    project: "EasyRec",
    rows: "samples",
    files: files.files,
    user: user === null ? null : column(user),
    item: column(item.input),
    clock: null,
    items: null,
    users: null,
    features: made,
    histories,
    longest: 0,
    where: null,
    ...(await labelsOf(look, train, there)),
    weight: weight === null ? null : columnOf(weight),
    split: null,
    remarks: [
      ...(order === null
        ? []
        : [`The files have no headings: column0 is \`${order[0]}\`, and so on as input_fields say.`]),
      ...(histories.length === 0
        ? []
        : [
            "EasyRec does not say at which end of its lists the newest behaviour stands: it is taken to be the last; else add `newest: first`.",
          ]),
    ],
    notes,
    writes: null,
  };
}

/** The file's column of an input: its own heading, or its place among the inputs; null where there is none. */
async function columnsOf(
  look: Look,
  { files, order, inputs, path, data }: EasyFiles,
): Promise<(input: string) => string | null> {
  const expected = order === null ? inputs : order.map((_, i) => `column${i}`);
  const { columns } = await look.relation(files.train, order === null ? [] : expected);
  if (order === null) {
    return (input) => (columns.has(input) ? input : null);
  }
  if (columns.size !== order.length) {
    throw new TwinError(
      `${data.place("input_fields")}: ${path} names ${order.length} input_fields, and ${files.train} has ${columns.size} columns; without headings each column needs its field`,
    );
  }
  const places = new Map(order.map((input, i) => [input, `column${i}`]));
  return (input) => places.get(input) ?? null;
}

/** The item: what is told; else the finest of what histories are of; else a name that tells. */
async function itemOf(
  look: Look,
  { files, path, config }: EasyFiles,
  features: readonly EasyFeature[],
  pairs: readonly Pair[],
  column: (input: string) => string,
  { item }: SaidRoles,
): Promise<EasyFeature> {
  const single = features.filter((one) => !one.sequence && one.kind.kind === "category" && one.sql(column) === null);
  if (item !== undefined) {
    const found = single.find(({ name, input }) => name === item || input === item);
    if (found === undefined) {
      throw new TwinError(
        `${path} has no IdFeature \`${item}\` (--item); it has ${named(single.map(({ name }) => name))}`,
      );
    }
    return found;
  }
  const keys = single.filter(({ name }) => pairs.some(({ key }) => key === name));
  if (keys.length > 0) {
    const counted = await Promise.all(
      keys.map(async (feature) => ({
        feature,
        size: (await look.profile(files.train, column(feature.input))).different,
      })),
    );
    return counted.reduce((best, one) => (one.size > best.size ? one : best)).feature;
  }
  const names = single.map(({ name }) => name);
  const ofItem = names.filter((name) => groupOf(config, name) === "item");
  const told = toldItem(ofItem) ?? toldId(ofItem) ?? toldItem(names.filter((name) => groupOf(config, name) !== "user"));
  const found = single.find(({ name }) => name === told);
  if (found === undefined) {
    throw new TwinError(`${path}: which feature is the item? Say it: --item NAME, one of ${named(names)}`);
  }
  return found;
}

/** The input that names the user: what is told, what their GAUC goes by, or a name that tells. */
function userOf(
  { inputs, config, path }: EasyFiles,
  features: readonly EasyFeature[],
  item: EasyFeature,
  { user }: SaidRoles,
): string | null {
  if (user !== undefined) {
    if (!inputs.includes(user)) {
      throw new TwinError(`${path} has no input_field \`${user}\` (--user); it has ${named(inputs)}`);
    }
    return user;
  }
  const grouped = config
    .messages("eval_config")
    .flatMap((one) => [...one.below()].map((message) => message.text("uid_field")))
    .find((field) => field !== null && inputs.includes(field));
  const sequences = new Set(features.filter(({ sequence }) => sequence).map(({ input }) => input));
  return grouped ?? toldUser(inputs.filter((input) => input !== item.input && !sequences.has(input)));
}

/** The list that goes with the item is the history; what is as long in each row runs parallel to it. */
async function historiesOf(
  look: Look,
  train: string,
  features: readonly EasyFeature[],
  pairs: readonly Pair[],
  item: EasyFeature,
  column: (input: string) => string,
  notes: string[],
): Promise<{ readonly histories: PublishedHistory[]; readonly claimed: ReadonlySet<string> }> {
  const claimed = new Set<string>();
  const sequence = (name: string): EasyFeature | undefined => features.find((one) => one.name === name && one.sequence);
  const histories: PublishedHistory[] = [];
  for (const { list } of pairs.filter(({ key }) => key === item.name)) {
    const of = sequence(list);
    if (of === undefined || claimed.has(list)) {
      continue;
    }
    claimed.add(list);
    const parallel: ParallelList[] = [];
    for (const pair of pairs) {
      const other = sequence(pair.list);
      if (other === undefined || claimed.has(pair.list) || pair.key === item.name) {
        continue;
      }
      const form = (one: EasyFeature) => ({ column: column(one.input), by: one.list.by });
      if (other.list.by !== of.list.by || !(await look.parallel(train, form(of), form(other)))) {
        continue;
      }
      claimed.add(pair.list);
      const key = features.find(({ name }) => name === pair.key);
      parallel.push({
        name: pair.list,
        column: column(other.input),
        of: key?.name ?? null,
        kind: key?.kind ?? other.kind,
        dim: key?.dim ?? other.dim,
      });
    }
    histories.push({ name: list, column: column(of.input), list: of.list, times: null, max: null, parallel });
  }
  const loose = features.filter(({ name, sequence: listed }) => listed && !claimed.has(name));
  if (loose.length > 0) {
    notes.push(
      `${named(loose.map(({ name }) => name))}: no list of the item \`${item.name}\` is as long in each row, so they became tags`,
    );
  }
  if (histories.length === 0) {
    notes.push(
      `no history was found: no seq_att_map gives \`${item.name}\` a list; a draft without one attends to nothing`,
    );
  }
  return { histories, claimed };
}
