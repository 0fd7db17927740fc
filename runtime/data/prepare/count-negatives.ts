// What there is to know of negatives before any is drawn: how often items are positives, repeats among them, draws by part.
import { TwinError } from "../../../contract/error.ts";
import { doubles, ints, numbersOf } from "../../encode/data-column.ts";
import type { Binding } from "../binding.ts";
import type { DataModel } from "../data-model.ts";
import { quoted, type Source } from "../database/source.ts";
import { listColumns } from "../lists/open-lists.ts";
import type { Counts } from "../report.ts";
import { rowBlocks, userBlocks } from "./blocks.ts";
import { encoders } from "./encode-rows.ts";
import { ordinalsOf } from "./items-phase.ts";
import { ListReader, rowsOfBlock } from "./list-reader.ts";
import { Negatives } from "./negatives.ts";
import { samplesOf, samplesOfLists } from "./sample-rows.ts";
import type { DataQuery } from "./select.ts";

/** A condition that holds for events with a label. */
const labelled = ({ columns }: DataQuery): string =>
  columns.labels.map(({ name }) => `NOT isnan(${quoted(name)})`).join(" OR ") || "false";

/**
 * How often each item is the candidate of a training sample.
 * @param from a table, or a select in brackets, with the columns of the events' query @param items the unknown one among them
 */
export async function countCandidates(
  source: Source,
  from: string,
  query: DataQuery,
  items: number,
  allRows: boolean,
): Promise<Uint32Array> {
  const counts = new Uint32Array(items);
  const sql = `SELECT "#ordinal" AS ordinal, count(*)::DOUBLE AS n FROM ${from} WHERE "#part" = 0 AND (${allRows ? "true" : labelled(query)}) GROUP BY 1`;
  for await (const chunk of source.stream(sql, 65_536)) {
    const [ordinal, n] = [numbersOf(chunk.columns.ordinal), numbersOf(chunk.columns.n)];
    for (let i = 0; i < chunk.rows; i++) {
      counts[ordinal[i]] = n[i];
    }
  }
  return counts;
}

/** Reads the events whose item their user had met at an earlier time; where each row brings its own history, those whose item is in it. */
function fromRepeats(from: string, { columns }: DataQuery): string {
  const { lists } = columns.events;
  const first = `min("#time") OVER (PARTITION BY "#user", "#item")`;
  const named = lists?.map(({ item }) => `list_contains(${quoted(item.name)}, "#item")`).join(" OR ") || "false";
  return lists === null
    ? `(SELECT *, ${first} AS "#first" FROM ${from}) WHERE "#time" > "#first"`
    : `${from} WHERE (${named})`;
}

/** The counts with the repeats among the ones of each binary label. */
export async function withRepeatedOnes(
  source: Source,
  from: string,
  query: DataQuery,
  counts: Counts,
): Promise<Counts> {
  const { labels } = query.columns;
  if (labels.length === 0) {
    return counts;
  }
  const ones = labels.map(({ name }, i) => `count(*) FILTER (${quoted(name)} = 1)::DOUBLE AS n${i}`);
  const sql = `SELECT "#part" AS part, ${ones.join(", ")} FROM ${fromRepeats(from, query)} GROUP BY 1`;
  const found = await source.all(sql).catch(async (cause: unknown) => {
    throw await query.columns.explain(cause);
  });
  const parts = counts.parts.map((part, p) => ({
    ...part,
    labels: part.labels.map((label, i) => {
      const row = found.find((one) => Number(one.part) === p);
      return label.kind === "binary" ? { ...label, repeats: Number(row?.[`n${i}`] ?? 0) } : label;
    }),
  }));
  return { ...counts, parts };
}

/** The counts with each part's repeats among the events with a label. */
export async function withRepeats(source: Source, from: string, query: DataQuery, counts: Counts): Promise<Counts> {
  const sql = `SELECT "#part" AS part, count(*)::DOUBLE AS n FROM ${fromRepeats(from, query)} AND (${labelled(query)}) GROUP BY 1`;
  const found = await source.all(sql).catch(async (cause: unknown) => {
    throw await query.columns.explain(cause);
  });
  const parts = counts.parts.map((part, p) => ({
    ...part,
    repeats: Number(found.find((row) => Number(row.part) === p)?.n ?? 0),
  }));
  return { ...counts, parts };
}

/**
 * The counts with the negatives that preparing would draw for each part: they are drawn, and thrown away.
 * @param items the unknown one among them
 */
export async function withDraws(
  source: Source,
  from: string,
  query: DataQuery,
  {
    counts,
    items,
    binding,
    model,
    seed,
  }: { counts: Counts; items: number; binding: Binding; model: DataModel; seed: number },
  signal?: AbortSignal,
): Promise<Counts> {
  const occurrences = await countCandidates(source, from, query, items, false);
  if (binding.negatives === null) {
    return counts;
  }
  const negatives = new Negatives(occurrences, { ...binding.negatives, seed });
  const labels = query.columns.labels.map(({ name }) => name);
  const { lists } = query.columns.events;
  const flat = new Set((lists ?? []).flatMap(listColumns).map(({ name }) => name));
  const names = ["#user", "#ordinal", "#time", "#row", "#part", ...labels, ...flat].map(quoted).join(", ");
  const sql = `SELECT ${names} FROM ${from} ORDER BY "#user", "#time" DESC, "#row" DESC`;
  const drawn = [0, 0, 0];
  const reader =
    lists === null
      ? null
      : new ListReader(model, query.columns, await encoders(new Map()), await ordinalsOf(source, query));
  const size = reader === null ? 32_768 : await rowsOfBlock(source, from, query.columns);
  const stream = source.stream(sql, size, query.columns.explain, flat);
  for await (const block of reader === null
    ? userBlocks(stream, "#user")
    : rowBlocks(stream, { user: "#user", time: "#time" }, size, undefined)) {
    const { columns, starts } = block;
    if (signal?.aborted) {
      throw new TwinError("checking the data was stopped");
    }
    const rows = {
      starts,
      times: doubles(columns["#time"]),
      items: ints(columns["#ordinal"]),
      rows: doubles(columns["#row"]),
      parts: ints(columns["#part"]),
      labels: labels.map((name) => doubles(columns[name])),
    };
    const samples =
      reader === null ? samplesOf(rows, negatives, false) : samplesOfLists(rows, reader.met(block), negatives, false);
    samples.forEach((samples, part) => {
      for (const one of samples.drawn) {
        drawn[part] += one;
      }
    });
  }
  return { ...counts, parts: counts.parts.map((part, p) => ({ ...part, drawn: drawn[p] })) };
}
