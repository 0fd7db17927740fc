// Another system's scores for the rows that we evaluated: read from a file, joined by row number or by keys, and checked.
import { type Binding, boundFiles } from "../data/binding.ts";
import { familyOf, secondsOf } from "../data/cast.ts";
import { openEvents } from "../data/events.ts";
import { localFile } from "../data/local-file.ts";
import { openRelation, type Relation, readError } from "../data/relation.ts";
import { quoted, Source } from "../data/source.ts";
import { TwinError } from "../error.ts";
import type { Collected, Task } from "./rows.ts";

/** One label's scores, aligned with the collected rows; NaN where the file has none. */
export interface OtherScores {
  readonly label: string;
  /** As the file has them: higher is likelier. */
  readonly score: Float64Array;
  /** Of probabilities the logit; of a regression the value. */
  readonly logit: Float64Array;
}

export interface Predictions {
  readonly file: string;
  readonly labels: readonly OtherScores[];
  /** Rows of the file that were not evaluated here. */
  readonly unused: number;
}

interface ScoreColumn {
  readonly task: Task;
  readonly column: string;
  /** Whether it holds probabilities, as against logits or values. */
  readonly probability: boolean;
}

/**
 * Reads `LABEL.logit`, or else `LABEL` (a probability, of a regression the value), of each label that the file has. Rows
 * are joined by the column `row` (number in the event log, from 0), or else by `user`, `item` and `time`, named so or as
 * the event log names them.
 * @throws TwinError naming file, column and row of a missing column, a row that stands twice, or what is no probability
 */
export async function readPredictions(
  file: string,
  binding: Binding,
  tasks: readonly Task[],
  rows: Collected,
): Promise<Predictions> {
  const path = localFile(file, "--predictions");
  const source = await Source.open({ reads: [...boundFiles(binding), path] });
  try {
    const relation = await openRelation(source, path, "--predictions");
    const columns = scoreColumns(relation, tasks);
    const picked = columns.map(({ column }, i) => `CAST(${quoted(column)} AS DOUBLE) AS s${i}`).join(", ");
    const query = relation.columns.has("row")
      ? `SELECT CAST("row" AS DOUBLE) AS at, ${picked} FROM ${relation.sql()}`
      : await joinedByKeys(source, binding, relation, picked);
    const places = placesOf(rows);
    const labels = columns.map(({ task }) => ({
      label: task.name,
      score: new Float64Array(rows.rows).fill(Number.NaN),
      logit: new Float64Array(rows.rows).fill(Number.NaN),
    }));
    const seen = new Uint8Array(rows.rows);
    let unused = 0;
    for await (const chunk of source.stream(query, 65_536, (cause) => readError(relation, cause))) {
      const at = chunk.columns.at as ArrayLike<number | null>;
      for (let i = 0; i < chunk.rows; i++) {
        const row = at[i];
        const place = row === null ? -1 : (places[row] ?? -1);
        if (place < 0) {
          unused++;
          continue;
        }
        if (seen[place] === 1)
          throw new TwinError(`${relation.name}: row ${row} of the events stands in it twice; keep one`);
        seen[place] = 1;
        columns.forEach((column, c) => {
          const value = (chunk.columns[`s${c}`] as ArrayLike<number | null>)[i];
          if (value === null || Number.isNaN(value)) return;
          labels[c].score[place] = value;
          labels[c].logit[place] = column.probability ? checkedLogit(relation, column, value, row!) : value;
        });
      }
    }
    return { file: relation.name, labels, unused };
  } finally {
    source.close();
  }
}

function scoreColumns(relation: Relation, tasks: readonly Task[]): ScoreColumn[] {
  const found = tasks.flatMap((task): ScoreColumn[] => {
    const logit = `${task.name}.logit`;
    if (task.kind === "binary" && relation.columns.has(logit)) return [{ task, column: logit, probability: false }];
    if (relation.columns.has(task.name)) return [{ task, column: task.name, probability: task.kind === "binary" }];
    return [];
  });
  if (found.length > 0) return found;
  const wanted = tasks.map(({ name }) => `\`${name}\` or \`${name}.logit\``).join(", ");
  throw new TwinError(
    `--predictions: ${relation.name} has no scores of a label of the model: name a column ${wanted}. It has ${[...relation.columns.keys()].map((name) => `\`${name}\``).join(", ")}`,
  );
}

/** The number of each prediction's event, found by user, item and time. */
async function joinedByKeys(source: Source, binding: Binding, relation: Relation, picked: string): Promise<string> {
  const { events } = binding;
  const names = [
    ["user", events?.user],
    ["item", events?.item],
    ["time", events?.clock.column],
  ] as const;
  const columns = names.map(([name, own]) => [name, own].find((one) => one !== undefined && relation.columns.has(one)));
  const absent = names.filter((_, i) => columns[i] === undefined);
  if (absent.length > 0) {
    throw new TwinError(
      `--predictions: ${relation.name} says of no score which row it belongs to: give it a column \`row\` (number of the row in the event log, from 0), or ${names.map(([name]) => `\`${name}\``).join(", ")} as the event log has them`,
    );
  }
  const log = await openEvents(source, binding, null);
  const [user, item] = columns.map((column) => `CAST(${quoted(column!)} AS VARCHAR)`);
  const clock = relation.columns.get(columns[2]!)!;
  const timed = familyOf(clock) === "time";
  // Timestamps are compared as instants: a zone, or a type of another width, changes their text.
  const time = timed ? secondsOf(quoted(columns[2]!), clock) : `CAST(${quoted(columns[2]!)} AS VARCHAR)`;
  const scores = `SELECT ${user} AS twin_user, ${item} AS twin_item, ${time} AS twin_time, ${picked} FROM ${relation.sql()}`;
  const same = timed
    ? `twin_time = "#time"`
    : `(twin_time = CAST(${quoted(log.time.shown)} AS VARCHAR) OR TRY_CAST(twin_time AS DOUBLE) = "#time"${
        familyOf(log.relation.columns.get(log.time.shown)!) === "time"
          ? ` OR epoch(TRY_CAST(twin_time AS TIMESTAMPTZ)) = "#time"`
          : ""
      })`;
  return (
    `SELECT CAST("#row" AS DOUBLE) AS at, scores.* FROM (${log.select}) JOIN (${scores}) AS scores ` +
    `ON CAST("#user" AS VARCHAR) = twin_user AND CAST("#item" AS VARCHAR) = twin_item AND ${same}`
  );
}

/** Place of each row of the event log among the collected rows, −1 where it is not among them. */
function placesOf({ row, rows }: Collected): Int32Array {
  let most = -1;
  for (let i = 0; i < rows; i++) most = Math.max(most, row[i]);
  const places = new Int32Array(most + 1).fill(-1);
  for (let i = 0; i < rows; i++) if (row[i] >= 0) places[row[i]] = i;
  return places;
}

function checkedLogit(relation: Relation, { task, column }: ScoreColumn, value: number, row: number): number {
  if (value >= 0 && value <= 1) return Math.log(value) - Math.log1p(-value);
  throw new TwinError(
    `${relation.name}, column \`${column}\`: ${value} (row ${row} of the events) is no probability; logits belong in a column \`${task.name}.logit\``,
  );
}
