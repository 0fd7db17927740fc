// Another system's scores for the rows that we evaluated: read from a file, joined by row number or by keys, and checked.

import { TwinError } from "../../contract/error.ts";
import {
  type Binding,
  boundFiles,
  castTo,
  type DataModel,
  dataQuery,
  familyOf,
  itemTable,
  type KeyType,
  localFile,
  numberItems,
  openEvents,
  openRelation,
  quoted,
  type Relation,
  type RowsKey,
  readAsIds,
  readError,
  rowsKey,
  Source,
  secondsOf,
  textName,
} from "../data/index.ts";
import { numbersOrNulls } from "../encode/data-column.ts";
import type { Collected, Task } from "./rows.ts";
import { keyColumns, scoreColumns } from "./score-columns.ts";

/** One label's scores, aligned with the collected rows; NaN where the file has none. */
export interface OtherScores {
  readonly label: string;
  /** As the file has them: higher is likelier. */
  readonly score: Float64Array;
  /** Of probabilities the logit; of a regression the value. */
  readonly logit: Float64Array;
  /** Whether they are of the drawn sample as they stand; else, as what is served, they say how it is without the draws. */
  readonly ofSample: boolean;
}

export interface Predictions {
  readonly file: string;
  readonly labels: readonly OtherScores[];
  /** `sample`: drawn negatives can be named, too. */
  readonly joinedBy: "sample" | "row";
  /** Rows of the file that were not evaluated here. */
  readonly unused: number;
  /** What rows are of, for errors. */
  readonly of: RowsKey;
}

interface ScoreColumn {
  readonly task: Task;
  readonly column: string;
  /** Whether it holds probabilities, as against logits or values. */
  readonly probability: boolean;
  readonly ofSample: boolean;
}

/**
 * Reads `LABEL.logit`, or else `LABEL.score` (a probability, of a regression the value), of each label that the file has;
 * plain `LABEL` is taken for the latter where no key is called so. Where it has `LABEL.sampled.logit` or `LABEL.sampled`, these,
 * which are of the drawn sample. Rows are joined by the column `sample` (number within the part, as `writeRows` gives it), or
 * else by `row` (number in the event log, from 0), or else by `user`, `item` and `time`, named so or as the event log names
 * them.
 * @throws TwinError naming file, column and row of a missing column, a row that stands twice or is another item's, or what is
 * no probability
 */
export async function readPredictions(
  file: string,
  binding: Binding,
  model: DataModel,
  tasks: readonly Task[],
  rows: Collected,
): Promise<Predictions> {
  const path = localFile(file, "--predictions");
  const source = await Source.open({ reads: [...boundFiles(binding), path] });
  try {
    const relation = await openRelation(source, path, "--predictions");
    const columns = columnsOf(relation, binding, tasks);
    const picked = columns.map(({ column }, i) => `CAST(${quoted(column)} AS DOUBLE) AS s${i}`).join(", ");
    const named = (name: string): boolean =>
      relation.columns.has(name) && !columns.some(({ column }) => column === name);
    const samples = rows.prepared !== null && named("sample") ? rows.prepared : null;
    const query =
      samples !== null
        ? await joinedBySample(source, binding, model, relation, picked)
        : relation.columns.has("row")
          ? `SELECT CAST("row" AS DOUBLE) AS at, ${picked} FROM ${relation.sql()}`
          : await joinedByKeys(source, binding, relation, picked);
    const places = placesOf(samples?.sample ?? rows.row);
    const what = samples === null ? "row" : "sample";
    const of = rowsKey(binding);
    const labels = columns.map(({ task, ofSample }) => ({
      label: task.name,
      ofSample,
      score: new Float64Array(rows.rows).fill(Number.NaN),
      logit: new Float64Array(rows.rows).fill(Number.NaN),
    }));
    const seen = new Uint8Array(rows.rows);
    let unused = 0;
    for await (const chunk of source.stream(query, 65_536, (cause) => readError(source, relation, cause))) {
      const at = numbersOrNulls(chunk.columns.at);
      const ordinals = chunk.columns.twin_ordinal === undefined ? null : numbersOrNulls(chunk.columns.twin_ordinal);
      const values = columns.map((_, c) => numbersOrNulls(chunk.columns[`s${c}`]));
      for (let i = 0; i < chunk.rows; i++) {
        const row = at[i];
        const place = row === null ? -1 : (places[row] ?? -1);
        if (place < 0) {
          unused++;
          continue;
        }
        if (seen[place] === 1) {
          throw new TwinError(
            `${relation.name}: ${what} ${row}${samples === null ? ` of the ${of}` : ""} stands in it twice; keep one`,
          );
        }
        seen[place] = 1;
        const item = ordinals?.[i];
        if (samples !== null && item !== undefined && item !== samples.item[place]) {
          throw new TwinError(
            `${relation.name}: sample ${row} has another item than sample ${row} of this evaluation: the file is of another part, or was written for other draws (other data, binding or version). Write the rows again, and score those`,
          );
        }
        columns.forEach((column, c) => {
          const value = values[c][i];
          if (value === null || Number.isNaN(value)) {
            return;
          }
          labels[c].score[place] = value;
          labels[c].logit[place] = column.probability
            ? checkedLogit(relation, column, value, `${what} ${row}${samples === null ? ` of the ${of}` : ""}`)
            : value;
        });
      }
    }
    return { file: relation.name, labels, joinedBy: what, unused, of };
  } finally {
    source.close();
  }
}

function columnsOf(relation: Relation, binding: Binding, tasks: readonly Task[]): ScoreColumn[] {
  const { events } = binding;
  const keys = new Set<string | null | undefined>([...keyColumns, events?.user, events?.item, events?.clock?.column]);
  const names = scoreColumns(tasks.map(({ name }) => name));
  const found = tasks.flatMap((task, i): ScoreColumn[] => {
    const { score, logit, sampled, sampledLogit } = names[i];
    const binary = task.kind === "binary";
    const forms = [
      ...(binary ? [[sampledLogit, false, true] as const] : []),
      ...(binary ? [[sampled, true, true] as const] : []),
      ...(binary ? [[logit, false, false] as const] : []),
      [score, binary, false] as const,
      ...(keys.has(task.name) ? [] : [[task.name, binary, false] as const]),
    ];
    const found = forms.find(([column]) => relation.columns.has(column));
    if (found === undefined) {
      return [];
    }
    const [column, probability, ofSample] = found;
    return [{ task, column, probability, ofSample }];
  });
  if (found.length > 0) {
    return found;
  }
  const wanted = names.map(({ score, logit }) => `\`${score}\` or \`${logit}\``).join(", ");
  throw new TwinError(
    `--predictions: ${relation.name} has no scores of a label of the model: name a column ${wanted}. It has ${[...relation.columns.keys()].map((name) => `\`${name}\``).join(", ")}`,
  );
}

/** The sample's number of each prediction, and the ordinal of its item where the file names one. */
async function joinedBySample(
  source: Source,
  binding: Binding,
  model: DataModel,
  relation: Relation,
  picked: string,
): Promise<string> {
  const at = `CAST("sample" AS DOUBLE) AS at, ${picked}`;
  if (!relation.columns.has("item")) {
    return `SELECT ${at} FROM ${relation.sql()}`;
  }
  const query = await dataQuery(source, binding, model);
  await numberItems(source, query);
  const item = await keyText(source, relation, "item", query.keyType);
  const scores = `SELECT ${at}, ${item} AS twin_item FROM ${relation.sql()}`;
  const items = `SELECT CAST(k AS VARCHAR) AS twin_key, CAST(ordinal AS DOUBLE) AS twin_ordinal FROM ${quoted(itemTable)}`;
  return `SELECT scores.*, coalesce(twin_ordinal, 0) AS twin_ordinal FROM (${scores}) AS scores LEFT JOIN (${items}) ON twin_item = twin_key`;
}

/** A column's keys as texts: where keys are texts as they are written, so that `1e3` is no 1000; else digits. */
async function keyText(source: Source, relation: Relation, column: string, held: KeyType): Promise<string> {
  if (held === "string" && relation.texts.has(column)) {
    return quoted(textName(column));
  }
  const { sql, type } = await readAsIds(source, relation, column);
  return castTo("text", sql, type)?.sql ?? `CAST(${sql} AS VARCHAR)`;
}

/** The number of each prediction's event, found by user, item and time. */
async function joinedByKeys(source: Source, binding: Binding, relation: Relation, picked: string): Promise<string> {
  const { events } = binding;
  const names = [
    ["user", events?.user ?? undefined],
    ["item", events?.item],
    ["time", events?.clock?.column],
  ] as const;
  const [ofUser, ofItem, ofTime] = names.map((own) =>
    own.find((one) => one !== undefined && relation.columns.has(one)),
  );
  const clock = ofTime && relation.columns.get(ofTime);
  if (ofUser === undefined || ofItem === undefined || ofTime === undefined || clock === undefined) {
    const [within, as] =
      binding.lists === null
        ? ["in the event log", "as the event log has them"]
        : ["in the samples", "as the samples have them"];
    throw new TwinError(
      `--predictions: ${relation.name} says of no score which row it belongs to: give it a column \`row\` (number of the row ${within}, from 0), or ${names.map(([name]) => `\`${name}\``).join(", ")} ${as}`,
    );
  }
  const log = await openEvents(source, binding, null);
  const user = await keyText(source, relation, ofUser, log.userType);
  const item = await keyText(source, relation, ofItem, log.keyType);
  const timed = familyOf(clock) === "time";
  // Timestamps are compared as instants: a zone, or a type of another width, changes their text.
  const time = timed ? secondsOf(quoted(ofTime), clock) : `CAST(${quoted(ofTime)} AS VARCHAR)`;
  const scores = `SELECT ${user} AS twin_user, ${item} AS twin_item, ${time} AS twin_time, ${picked} FROM ${relation.sql()}`;
  const held = log.relation.columns.get(log.time.shown);
  const same = timed
    ? `twin_time = "#time"`
    : `(twin_time = CAST(${quoted(log.time.shown)} AS VARCHAR) OR TRY_CAST(twin_time AS DOUBLE) = "#time"${
        held !== undefined && familyOf(held) === "time" ? ` OR epoch(TRY_CAST(twin_time AS TIMESTAMPTZ)) = "#time"` : ""
      })`;
  return (
    `SELECT CAST("#row" AS DOUBLE) AS at, scores.* FROM (${log.select}) JOIN (${scores}) AS scores ` +
    `ON CAST("#user" AS VARCHAR) = twin_user AND CAST("#item" AS VARCHAR) = twin_item AND ${same}`
  );
}

/** Place of each number among the collected rows, −1 where it is not among them. @param numbers below zero: has none */
function placesOf(numbers: ArrayLike<number>): Int32Array {
  let most = -1;
  for (let i = 0; i < numbers.length; i++) {
    most = Math.max(most, numbers[i]);
  }
  const places = new Int32Array(most + 1).fill(-1);
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] >= 0) {
      places[numbers[i]] = i;
    }
  }
  return places;
}

function checkedLogit(relation: Relation, { task, column }: ScoreColumn, value: number, where: string): number {
  if (value >= 0 && value <= 1) {
    return Math.log(value) - Math.log1p(-value);
  }
  throw new TwinError(
    `${relation.name}, column \`${column}\`: ${value} (${where}) is no probability; logits belong in a column \`${scoreColumns([task.name])[0].logit}\``,
  );
}
