// RecBole's layout: one log of interactions with files of items and users, or parts whose rows bring their lists.
import { TwinError } from "../../../contract/error.ts";
import { quoted } from "../database/source.ts";
import { clockIn } from "./clock.ts";
import { labelsOf } from "./labels.ts";
import { type Look, named } from "./look.ts";
import type {
  Layout,
  ListForm,
  ParallelList,
  Published,
  PublishedFeature,
  PublishedHistory,
  PublishedKind,
  SaidRoles,
} from "./published.ts";
import { type AtomicColumn, type AtomicType, atomicColumns, type RecBoleFiles, recboleFiles } from "./recbole-files.ts";

export function recbole(dir: string, said: SaidRoles): Layout {
  const files = recboleFiles(dir);
  return {
    reads: [...Object.values(files.files), files.items, files.users].filter((file) => file !== null),
    ...(files.words.separator !== null && { separator: files.words.separator }),
    describe: (look) => describe(look, files, said),
  };
}

const kinds: Readonly<Record<AtomicType, PublishedKind>> = {
  token: { kind: "category", size: null },
  token_seq: { kind: "tags", size: null, max: null },
  float: { kind: "number", at: null },
  float_seq: { kind: "vector", length: null },
};

async function describe(look: Look, files: RecBoleFiles, said: SaidRoles): Promise<Published> {
  const { words, items, users } = files;
  const { train } = files.files;
  const notes: string[] = [];
  const columnsOf = async (file: string): Promise<AtomicColumn[]> =>
    atomicColumns(file, (await look.columns(file)).keys(), notes);
  const rows = await columnsOf(train);
  const columnOf = (name: string): AtomicColumn | undefined => rows.find((one) => one.name === name);
  const role = (word: string, what: string, option: string): AtomicColumn => {
    const found = rows.find(({ name, column }) => name === word || column === word);
    if (found === undefined) {
      throw new TwinError(
        `${train} has no column \`${word}\`, which is the ${what}; name it: ${option} COLUMN, one of ${named(rows.map(({ name }) => name))}`,
      );
    }
    return found;
  };
  const user = role(said.user ?? words.user, "user", "--user");
  const item = role(said.item ?? words.item, "item", "--item");
  const time = columnOf(words.time);
  const side = async (file: string | null, key: AtomicColumn, group: "item" | "user") => {
    const columns = file === null ? [] : await columnsOf(file);
    const found = columns.find(({ name }) => name === key.name);
    if (file !== null && found === undefined) {
      throw new TwinError(
        `${file} has no column \`${key.name}\`, which says whose its rows are; it has ${named(columns.map(({ name }) => name))}`,
      );
    }
    const table = group === "item" ? ("items" as const) : ("users" as const);
    const own = columns.filter((one) => group === "item" || one !== found);
    return {
      keyed: file === null || found === undefined ? null : { file, key: found.column },
      features: own.map((one) => featureOf(one, group, table, words.by)),
    };
  };
  const ofItems = await side(items, item, "item");
  const ofUsers = await side(users, user, "user");
  const labels = await found(look, files, rows);
  const clock = time === undefined ? null : clockIn(await look.profile(train, time.column));
  const lists = rows.filter(({ name, type }) => name.endsWith(words.listed) && type.endsWith("_seq"));
  const past = lists.find(({ name }) => name === item.name + words.listed);
  const rest = rows.filter((one) => ![user, item, time, ...lists].includes(one));
  const common = {
    project: "RecBole" as const,
    files: files.files,
    user: user.column,
    item: item.column,
    items: ofItems.keyed,
    users: ofUsers.keyed,
    longest: 0,
    where: null,
    ...labels,
    notes,
    weight: null,
    writes: null,
  };
  const ofUser = featureOf(user, "user", "rows", words.by);
  const itself = items === null ? [featureOf(item, "item", "rows", words.by)] : [];
  if (past === undefined) {
    if (clock === null) {
      throw new TwinError(
        `${train} has no column \`${words.time}\`, and a history needs an order: add one, or name it in a configuration of the folder (TIME_FIELD)`,
      );
    }
    const split = Object.keys(files.files).length > 1 ? null : "{by: share, train: 80%, validation: 10%, test: rest}";
    return {
      ...common,
      rows: "events",
      clock,
      features: [
        ...itself,
        ...ofItems.features,
        ofUser,
        ...ofUsers.features,
        ...rest.map((one) => featureOf(one, "cross", "rows", words.by)),
      ],
      histories: [],
      longest: await look.most(train, user.column),
      split,
      remarks:
        split === null
          ? []
          : ["RecBole draws its 80 and 10 % of each user's rows; here they are the first ones in time."],
    };
  }
  const times = lists.find(({ name }) => name === words.time + words.listed);
  const timed = times !== undefined && clock !== null && clock.unit !== "steps";
  const { parallel, asItem } = parallelOf(
    rows,
    lists.filter((one) => one !== past && one !== times),
    files,
    notes,
  );
  const history: PublishedHistory = {
    name: past.name,
    column: past.column,
    list: { by: words.by, padding: null },
    times: timed ? times.column : null,
    max: null,
    parallel,
  };
  // What stands beside a label tells of it: only what has a list of its own is known of an item.
  const beside = rest.filter(
    ({ name }) => name !== words.rating && name !== words.label && name !== words.threshold?.column,
  );
  return {
    ...common,
    rows: "samples",
    clock: timed ? clock : null,
    features: [
      ...itself,
      ...ofItems.features,
      ofUser,
      ...ofUsers.features,
      ...beside.map((one) => featureOf(one, asItem.has(one.name) ? "item" : "unknown", "rows", words.by)),
    ],
    histories: [history],
    split: null,
    remarks: ["RecBole's lists end with what came last."],
  };
}

function featureOf(
  { name, type, column }: AtomicColumn,
  group: PublishedFeature["group"],
  table: PublishedFeature["table"],
  by: string,
): PublishedFeature {
  const list: ListForm = { by: type.endsWith("_seq") ? by : null, padding: null };
  return { name, group, table, column, kind: kinds[type], list, dim: null, sql: null };
}

/** `category_list` says of past items what `category` says of the candidate; `rating_list`, what the user thought then. */
function parallelOf(
  rows: readonly AtomicColumn[],
  lists: readonly AtomicColumn[],
  { words, items }: RecBoleFiles,
  notes: string[],
): { readonly parallel: readonly ParallelList[]; readonly asItem: ReadonlySet<string> } {
  const asItem = new Set<string>();
  const parallel = lists.map(({ name, type, column }): ParallelList => {
    const of = name.slice(0, -words.listed.length);
    const told = rows.some((one) => one.name === of) && ![words.rating, words.label].includes(of) && items === null;
    if (told) {
      asItem.add(of);
    }
    return { name: of, column, of: told ? of : null, kind: kinds[type === "token_seq" ? "token" : "float"], dim: null };
  });
  if (items !== null && lists.length > 0) {
    notes.push(
      `${named(lists.map(({ name }) => name))} became cross features: the items file says what is known of items`,
    );
  }
  return { parallel, asItem };
}

/** The label; a rating from a threshold on; or that a row is there at all. */
async function found(
  look: Look,
  { files: { train }, words }: RecBoleFiles,
  rows: readonly AtomicColumn[],
): Promise<Pick<Published, "labels" | "drawn">> {
  const column = (name: string): string | undefined => rows.find((one) => one.name === name)?.column;
  const label = column(words.label);
  if (label !== undefined) {
    return labelsOf(look, train, [{ name: words.label, column: label }]);
  }
  const above = words.threshold === null ? undefined : column(words.threshold.column);
  const rating = above ?? column(words.rating);
  if (rating === undefined) {
    return { labels: [{ name: "chosen", sql: "true", task: "binary" }], drawn: true };
  }
  const { range } = await look.profile(train, rating);
  const median = range?.quantiles[2] ?? 0;
  const least =
    above === undefined ? (median > (range?.min ?? 0) ? median : (range?.max ?? 0)) : words.threshold?.least;
  return { labels: [{ name: "liked", sql: `${quoted(rating)} >= ${least}`, task: "binary" }], drawn: false };
}
