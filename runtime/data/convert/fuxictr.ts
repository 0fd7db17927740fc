// FuxiCTR's layouts: a feature map beside encoded files, or a configuration of columns beside files as they are.
import { TwinError } from "../../../contract/error.ts";
import { type FuxiFiles, fuxictrFiles } from "./fuxictr-files.ts";
import { groupsOf, kindOf, labelColumns, listOf } from "./fuxictr-kinds.ts";
import { longSequences } from "./fuxictr-long.ts";
import type { FuxiSpec } from "./fuxictr-specs.ts";
import { labelsOf } from "./labels.ts";
import { type Look, named } from "./look.ts";
import type { Layout, ParallelList, Published, PublishedFeature, PublishedHistory, SaidRoles } from "./published.ts";
import { toldId, toldItem, toldUser } from "./role-names.ts";

/** @param written where a file may be written that Twin needs beside them */
export function fuxictr(dir: string, written: string, said: SaidRoles): Layout {
  const files = fuxictrFiles(dir);
  const reads = [...Object.values(files.files), files.userInfo, files.itemInfo].filter((file) => file !== null);
  return {
    reads,
    describe: (look) =>
      files.userInfo === null
        ? describe(look, files, said)
        : longSequences(look, { ...files, userInfo: files.userInfo }, written),
  };
}

async function describe(look: Look, files: FuxiFiles, said: SaidRoles): Promise<Published> {
  const { encoded, itemInfo, group } = files;
  const { train } = files.files;
  const rows = await look.columns(train);
  const known = itemInfo === null ? new Map<string, string>() : await look.columns(itemInfo);
  const notes: string[] = [];
  const specs = files.specs.filter((spec) => {
    const there = rows.has(spec.name) || known.has(spec.name);
    if (!there) {
      const made = spec.made === null ? "no file has it" : `their code makes it (${spec.made})`;
      notes.push(`\`${spec.name}\` is left out: ${made}`);
    }
    return there;
  });
  const listed = specs.filter(({ name, type }) => rows.has(name) && isList(type, rows.get(name) ?? ""));
  const key = await itemOf(look, files, specs, listed, rows, known, said);
  const user = userOf(specs, rows, key, group, said);
  const { histories, claimed } = await historiesOf(look, files, specs, listed, key, notes);
  const features = specs.flatMap((spec): PublishedFeature[] => {
    const { name, source, dim } = spec;
    if (claimed.has(name) || (spec.type === "meta" && name !== user && name !== key)) {
      return [];
    }
    const kind = spec.type === "meta" ? ({ kind: "category", size: null } as const) : kindOf(spec, encoded);
    if (kind === null) {
      notes.push(`\`${name}\` is left out: \`${spec.type}\` is no type of feature that is known`);
      return [];
    }
    const table = known.has(name) ? ("items" as const) : ("rows" as const);
    const of = table === "items" || name === key ? "item" : name === user ? "user" : (groupsOf[source] ?? "unknown");
    // Where an items file says what items are, the rest is known of the candidate alone.
    const beside = of === "item" && itemInfo !== null && table === "rows" && name !== key;
    const own = histories.some(({ parallel }) => parallel.some((list) => list.of === name));
    return [
      {
        name,
        group: own ? "item" : beside ? "candidate" : of,
        table,
        column: name,
        kind,
        list: listOf(spec, encoded),
        dim,
        sql: null,
      },
    ];
  });
  const labels = labelColumns(files, rows);
  return {
    project: "FuxiCTR",
    rows: "samples",
    files: files.files,
    user,
    item: key,
    clock: null,
    items: itemInfo === null ? null : { file: itemInfo, key },
    users: null,
    features,
    histories,
    longest: 0,
    where: null,
    ...(await labelsOf(look, train, labels)),
    split: null,
    remarks: histories.length === 0 ? [] : [newestRemark],
    notes,
    weight: null,
    writes: null,
  };
}

const newestRemark =
  "FuxiCTR does not say at which end of its lists the newest behaviour stands: it is taken to be the last; else add `newest: first`.";

const isList = (type: string, held: string): boolean =>
  type === "sequence" || (type === "meta" && /^(TINYINT|SMALLINT|INTEGER|BIGINT|U\w+|VARCHAR)\[\]$/.test(held));

/** The item: what the items file has in common with the rows, what sequences share a table with, or a name that tells. */
async function itemOf(
  look: Look,
  { files, itemInfo }: FuxiFiles,
  specs: readonly FuxiSpec[],
  listed: readonly FuxiSpec[],
  rows: ReadonlyMap<string, string>,
  known: ReadonlyMap<string, string>,
  { item }: SaidRoles,
): Promise<string> {
  if (item !== undefined) {
    if (!rows.has(item)) {
      throw new TwinError(`${files.train} has no column \`${item}\` (--item); it has ${named(rows.keys())}`);
    }
    return item;
  }
  if (itemInfo !== null) {
    const both = [...known.keys()].filter((name) => rows.has(name));
    const key = both.find((name) => name === "item_index") ?? both.find((name) => /id$/i.test(name)) ?? both[0];
    if (key === undefined) {
      throw new TwinError(`${itemInfo} has no column in common with ${files.train}, so none can be the item`);
    }
    return key;
  }
  const scalar = specs.filter(({ name, type }) => type === "categorical" && rows.has(name));
  const shared = scalar.filter(({ name }) => listed.some(({ share }) => share === name));
  if (shared.length > 0) {
    const counted = await Promise.all(
      shared.map(async (spec) => ({
        spec,
        size: spec.vocab ?? (await look.profile(files.train, spec.name)).different,
      })),
    );
    return counted.reduce((best, one) => (one.size > best.size ? one : best)).spec.name;
  }
  const names = scalar.map(({ name }) => name);
  const sourced = scalar.filter(({ source }) => source === "item").map(({ name }) => name);
  const told = toldItem(sourced) ?? toldId(sourced) ?? toldItem(names) ?? sourced[0];
  if (told === undefined) {
    throw new TwinError(
      `${files.train}: which column is the item? Say it: --item COLUMN, one of ${named(rows.keys())}`,
    );
  }
  return told;
}

/** Null where nothing tells: GAUC then cannot be said. */
function userOf(
  specs: readonly FuxiSpec[],
  rows: ReadonlyMap<string, string>,
  item: string,
  group: string | null,
  { user }: SaidRoles,
): string | null {
  if (user !== undefined && !rows.has(user)) {
    throw new TwinError(`there is no column \`${user}\` (--user); there are ${named(rows.keys())}`);
  }
  const scalar = specs.filter(
    ({ name, type }) =>
      rows.has(name) && name !== item && (type === "categorical" || type === "meta") && !rows.get(name)?.endsWith("[]"),
  );
  const told = toldUser(scalar.map(({ name }) => name));
  return user ?? (group !== null && rows.has(group) ? group : null) ?? told;
}

/** Lists of the item are histories; lists of what else is known of items run parallel to the first that is as long. */
async function historiesOf(
  look: Look,
  { files, encoded, itemInfo }: FuxiFiles,
  specs: readonly FuxiSpec[],
  listed: readonly FuxiSpec[],
  item: string,
  notes: string[],
): Promise<{ readonly histories: PublishedHistory[]; readonly claimed: ReadonlySet<string> }> {
  const claimed = new Set<string>();
  const ofItem = listed.filter(({ share, type }) => share === item || (type === "meta" && share === null));
  const parallel = new Map<string, ParallelList[]>(ofItem.map(({ name }) => [name, []]));
  for (const { name } of ofItem) {
    claimed.add(name);
  }
  for (const spec of listed) {
    const target = specs.find(({ name }) => name === spec.share);
    if (claimed.has(spec.name) || target === undefined) {
      continue;
    }
    claimed.add(spec.name);
    if (itemInfo !== null) {
      notes.push(`the lists \`${spec.name}\` are left out: the items file says what is known of past items`);
      continue;
    }
    const by = (one: FuxiSpec) => ({ column: one.name, by: encoded ? null : one.splitter });
    let beside: string | null = null;
    for (const one of ofItem) {
      if (await look.parallel(files.train, by(one), by(spec))) {
        beside = one.name;
        break;
      }
    }
    const lists = beside === null ? undefined : parallel.get(beside);
    if (lists === undefined) {
      notes.push(`the lists \`${spec.name}\` are left out: no list of the item \`${item}\` is as long in each row`);
      continue;
    }
    const kind =
      kindOf({ ...target, vocab: target.vocab ?? spec.vocab }, encoded) ?? ({ kind: "category", size: null } as const);
    lists.push({ name: spec.name, column: spec.name, of: target.name, kind, dim: target.dim });
  }
  const histories = ofItem.map(
    (spec): PublishedHistory => ({
      name: spec.name,
      column: spec.name,
      list: listOf(spec, encoded),
      times: null,
      max: spec.max,
      parallel: parallel.get(spec.name) ?? [],
    }),
  );
  const loose = listed.filter(({ name }) => !claimed.has(name)).map(({ name }) => `\`${name}\``);
  if (loose.length > 0) {
    notes.push(
      `${loose.join(", ")} share no table with another feature, so they became tags; lists of behaviours go to \`samples.histories\``,
    );
  }
  if (histories.length === 0) {
    notes.push(
      `no history was found: no list shares its table with the item \`${item}\` (share_embedding); a draft without one attends to nothing`,
    );
  }
  return { histories, claimed };
}
