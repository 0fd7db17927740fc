// FuxiCTR's layout of long sequences: each user's whole list in user_info.parquet, of which a sample sees the first `seq_len`.
// Twin reads histories from the samples themselves or from an event log, so one log is written: behaviours and samples by step.
import { TwinError } from "../../../contract/error.ts";
import { literal, quoted } from "../database/source.ts";
import { requireColumn } from "../relation.ts";
import type { FuxiFiles } from "./fuxictr-files.ts";
import { groupsOf, kindOf, labelColumns, listOf } from "./fuxictr-kinds.ts";
import { labelsOf } from "./labels.ts";
import type { Look } from "./look.ts";
import type { PartName, Published, PublishedFeature } from "./published.ts";

const [user, item, step, whole] = ["user_index", "item_index", "seq_len", "full_item_seq"];

/** @param written the log's path */
export async function longSequences(
  look: Look,
  files: FuxiFiles & { readonly userInfo: string },
  written: string,
): Promise<Published> {
  const { itemInfo, userInfo } = files;
  const { train } = files.files;
  if (itemInfo === null) {
    throw new TwinError(`${userInfo} has no item_info.parquet beside it, which says what its items are`);
  }
  for (const column of [user, item, step]) {
    requireColumn(await look.relation(train), column, "convert");
  }
  requireColumn(await look.relation(itemInfo), item, "convert");
  requireColumn(await look.relation(userInfo), whole, "convert");
  const [rows, known] = [await look.columns(train), await look.columns(itemInfo)];
  const notes = [
    `${written} was written: each user's whole list is in a file of its own there (${whole}), and Twin reads behaviours and samples of one log`,
  ];
  const features = files.specs.flatMap((spec): PublishedFeature[] => {
    const { name, source, type, dim } = spec;
    if (type === "meta" || [user, item, step].includes(name)) {
      return [];
    }
    const table = known.has(name) ? ("items" as const) : ("rows" as const);
    const kind = kindOf(spec, true);
    if (kind === null || (table === "rows" && !rows.has(name))) {
      notes.push(
        `\`${name}\` is left out: ${kind === null ? `\`${type}\` is no type of feature that is known` : "no file has it"}`,
      );
      return [];
    }
    const group = table === "items" ? "item" : source === "item" ? "candidate" : (groupsOf[source] ?? "unknown");
    return [{ name, group, table, column: name, kind, list: listOf(spec, true), dim, sql: null }];
  });
  const others = (await look.columns(userInfo)).keys();
  const lists = [...others].filter((name) => ![user, whole].includes(name));
  if (lists.length > 0) {
    notes.push(`${userInfo} also has ${lists.map((name) => `\`${name}\``).join(", ")}, of which nothing is taken`);
  }
  return {
    project: "FuxiCTR",
    rows: "events",
    files: files.files,
    user,
    item,
    clock: { column: step, unit: "steps" },
    items: { file: itemInfo, key: item },
    users: null,
    features: [
      {
        name: user,
        group: "user",
        table: "rows",
        column: user,
        kind: { kind: "category", size: null },
        list: { by: null, padding: null },
        dim: null,
        sql: null,
      },
      ...features,
    ],
    histories: [],
    longest: (await look.lists(userInfo, whole, { by: null, padding: 0 })).longest,
    where: "behaviour",
    ...(await labelsOf(look, train, labelColumns(files, rows))),
    split: "{by: part, column: part, train: train, validation: validation, test: test}",
    remarks: [`${step} counts steps: a sample sees the behaviours of its user before that place of the list.`],
    notes,
    weight: null,
    writes: { file: written, select: await logOf(look, files.files, userInfo) },
  };
}

/** Behaviours with their place in the list, and samples with how many of them they see. */
async function logOf(look: Look, files: Published["files"], userInfo: string): Promise<string> {
  const lists = await look.relation(userInfo);
  const numbered = `(${lists.numbered})`;
  if (lists.columns.has(user)) {
    const [bad] = await look.source.all(
      `SELECT ${quoted("#row")}::BIGINT AS n FROM ${numbered} WHERE ${quoted(user)} IS DISTINCT FROM ${quoted("#row")} LIMIT 1`,
    );
    if (bad !== undefined) {
      throw new TwinError(
        `${userInfo}, row ${Number(bad.n) + 1}: its ${user} is not the row's number from 0 on, by which FuxiCTR finds a user's list; sort the rows by ${user}`,
      );
    }
  }
  const placed = `SELECT ${quoted("#row")}::BIGINT AS ${quoted(user)}, unnest(${quoted(whole)})::BIGINT AS ${quoted(item)}, generate_subscripts(${quoted(whole)}, 1) - 1 AS ${quoted(step)} FROM ${numbered}`;
  const parts = Object.entries(files) as [PartName, string][];
  const samples = await Promise.all(
    parts.map(async ([part, file]) => {
      const relation = await look.relation(file);
      return `SELECT *, false AS behaviour, ${literal(part)} AS part FROM ${relation.sql()}`;
    }),
  );
  const behaviours = `SELECT *, true AS behaviour, 'train' AS part FROM (${placed}) WHERE ${quoted(item)} <> 0`;
  return [behaviours, ...samples].join(" UNION ALL BY NAME ");
}
