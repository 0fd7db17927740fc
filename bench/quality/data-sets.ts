// The real data sets that quality is measured on: how each is bound, what the models know of it, and how it is split.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { literal } from "../../runtime/data/database/source.ts";
import { Database } from "../../test/kit/database.ts";
import { type ModelParts, type Past, trained } from "./model-parts.ts";

export interface DataSet {
  readonly name: string;
  readonly label: string;
  /** What must be there; the data sets are no part of the project. */
  readonly needs: readonly string[];
  /**
   * Writes data.yaml, and what it must first derive, into a folder outside the project.
   * @param fifth whether of a fifth of the users alone
   */
  bind(folder: string, fifth?: boolean): Promise<Bound>;
  model(past: Past): ModelParts;
  /** What arms add to it. */
  readonly additions: Additions;
  /**
   * SQL for the baseline: rows (user, item, category, label, moment, part) of the labelled events, part 0 training,
   * 1 validation, 2 test. `moment` is a whole number; ties of it are not each other's past.
   */
  baseline(folder: string): string;
}

/** A binding names columns of features that the model has, and no others. */
export interface Bound {
  readonly plain: string;
  /** Of models that count the past. */
  readonly counted: string;
}

/** The binding of a model. */
export const dataOf = (bound: Bound, { past }: Pick<ModelParts, "past">): string =>
  past === null ? bound.plain : bound.counted;

export interface Additions {
  /** A history `past` that holds all events, and what is counted of it. */
  readonly past: NonNullable<ModelParts["past"]>;
  /** Features of `item`, counted over all users, and their names as inputs; none where users share no time. */
  readonly popularity: readonly string[];
  readonly popular: readonly string[];
  /** Item features that may match. */
  readonly match: string;
  /** Features of `context` from the request's time; none where there is an order alone. */
  readonly clock: readonly string[];
  /** Cross features of the attended history: places, and gaps. */
  readonly place: string;
  readonly gap: string;
}

const shared = join(import.meta.dirname, "../../../shared/data");
const csv = (name: string) => join(shared, name);

const plain: Omit<ModelParts, "name" | "item" | "history" | "label"> = {
  context: [],
  past: null,
  query: ["item"],
  metric: [],
  attend: [],
  inputs: ["item"],
  deep: true,
  tower: [],
  loss: "",
  train: trained,
};

/** Writes both bindings. @param column of the past */
function bound(folder: string, text: string, column: string): Bound {
  const paths = { plain: join(folder, "data.yaml"), counted: join(folder, "data-counted.yaml") };
  writeFileSync(paths.plain, text);
  writeFileSync(paths.counted, text.replace("columns:\n", `columns:\n  ${column}\n`));
  return paths;
}

/** The rows of a fifth of the users, the same ones each time, written once; returns the file. */
async function fifthOf(events: string, folder: string): Promise<string> {
  const path = join(folder, "fifth.parquet");
  if (!existsSync(path)) {
    const source = await Database.open();
    const rows = events.endsWith(".parquet") ? `read_parquet(${literal(events)})` : `read_csv(${literal(events)})`;
    try {
      await source.all(
        `COPY (SELECT * FROM ${rows} WHERE CAST(user_id AS BIGINT) * 2654435761 % 4294967296 < 4294967296 / 5)
         TO ${literal(path)} (FORMAT parquet)`,
      );
    } finally {
      source.close();
    }
  }
  return path;
}

const longest: Readonly<Record<Exclude<Past, "none">, string>> = { whole: "3k", "newest 100": "100" };

const movielens: DataSet = {
  name: "movielens",
  label: "like",
  needs: [csv("movielens/ratings.csv.gz"), csv("movielens/movies.csv.gz")],
  async bind(folder, fifth = false) {
    const events = csv("movielens/ratings.csv.gz");
    return bound(
      folder,
      `events: {file: ${fifth ? await fifthOf(events, folder) : events}, user: user_id, item: movie_id, time: timestamp}
items:  {file: ${csv("movielens/movies.csv.gz")}, key: movie_id}
columns:
  predict.like: "rating >= 4"
  item.genres:  {split: {column: genres, by: "|"}}
split: {by: time, train: ..2016-07-04, validation: ..2018-05-19, test: rest}
`,
      'past.liked: "rating >= 4"',
    );
  },
  model: (past) => ({
    ...plain,
    name: "movielens",
    item: [
      "movie_id: vocabulary(max: 20k, min_count: 2, dim: 32, key: true)",
      "genres: tags(vocabulary: 50, max: 8, dim: 16)",
      "year: bucketed(at: [1950, 1960, 1970, 1980, 1985, 1990, 1995, 2000, 2005, 2010, 2015], dim: 8)",
    ],
    history:
      past === "none"
        ? null
        : {
            name: "rated",
            max: longest[past],
            cross: [
              "rating: bucketed(at: [1, 2, 3, 3.5, 4, 4.5, 5], dim: 8)",
              "elapsed: elapsed(at: [1min, 1h, 1d, 30d, 180d, 365d], dim: 8)",
            ],
          },
    label: "like",
  }),
  additions: {
    past: {
      cross: ["liked: flag(dim: 4)"],
      stats: [
        "ratings: met()",
        "own: rate(of: past.liked, k: 10)",
        "lately: recent(of: past.liked, half: 10)",
        "genres: met(on: item.genres)",
        "liking: rate(on: item.genres, of: past.liked)",
        "years: rate(on: item.year, of: past.liked)",
        "since: since(on: item.genres, at: log(1h, 365d, 8), dim: 4)",
      ],
    },
    popularity: ["popular: popularity(on: item.movie_id, of: like, k: 20)"],
    popular: ["item.popular"],
    match: "[item.genres, item.year]",
    clock: ["hour: hour(dim: 8)", "day: weekday(dim: 4)"],
    place: "place: place(at: [1, 2, 3, 5, 10, 20, 50, 100, 300, 1000], dim: 8)",
    gap: "gap: gap(on: item.genres, at: log(1min, 365d, 8), dim: 8)",
  },
  baseline: () => `
    SELECT r.user_id AS user, r.movie_id AS item, split_part(m.genres, '|', 1) AS category,
      CAST(r.rating >= 4 AS INTEGER) AS label, r.timestamp AS moment,
      CASE WHEN r.timestamp < epoch(TIMESTAMP '2016-07-05') THEN 0 WHEN r.timestamp < epoch(TIMESTAMP '2018-05-20') THEN 1 ELSE 2 END AS part
    FROM read_csv(${literal(csv("movielens/ratings.csv.gz"))}) r
    LEFT JOIN read_csv(${literal(csv("movielens/movies.csv.gz"))}) m USING (movie_id)`,
};

const attempts = (folder: string) => join(folder, "attempts.parquet");
const problems = (folder: string) => join(folder, "problems.parquet");

/** Problems last: where they are, all is. */
async function deriveAssistments(folder: string): Promise<void> {
  const source = await Database.open();
  const interactions = `read_csv(${literal(csv("assistments/interactions.csv.gz"))})`;
  try {
    // A retry repeats the problem of the row before: history like any other row, but not scored.
    await source.all(
      `COPY (SELECT user_id, seq, problem_id, skill_id, correct = 1 AS correct,
         CASE WHEN problem_id IS DISTINCT FROM lag(problem_id) OVER (PARTITION BY user_id ORDER BY seq)
           THEN CAST(correct AS INTEGER) END AS success
       FROM ${interactions}) TO ${literal(attempts(folder))} (FORMAT parquet)`,
    );
    await source.all(
      `COPY (SELECT problem_id, arg_min(skill_id, seq) AS skill FROM ${interactions} GROUP BY problem_id)
       TO ${literal(problems(folder))} (FORMAT parquet)`,
    );
  } finally {
    source.close();
  }
}

const assistments: DataSet = {
  name: "assistments",
  label: "success",
  needs: [csv("assistments/interactions.csv.gz")],
  async bind(folder, fifth = false) {
    // Once: runs go on only with the same files.
    if (!existsSync(problems(folder))) {
      await deriveAssistments(folder);
    }
    return bound(
      folder,
      `events: {file: ${fifth ? await fifthOf(attempts(folder), folder) : attempts(folder)}, user: user_id, item: problem_id, order: seq}
items:  {file: ${problems(folder)}, key: problem_id}
columns:
  predict.success: success
  context.now:     skill_id
split: {by: share, train: 80%, validation: 10%, test: rest}
`,
      "past.solved: correct",
    );
  },
  model: (past) => ({
    ...plain,
    name: "assistments",
    item: ["problem_id: vocabulary(max: 4k, min_count: 2, dim: 32, key: true)", "skill: id(vocab: 200, dim: 16)"],
    // The skill that this attempt is for: a problem may be posed for several.
    context: ["now: id(vocab: 200, dim: 16)"],
    history:
      past === "none"
        ? null
        : {
            name: "done",
            max: longest[past],
            cross: ["correct: flag(dim: 8)", "ago: elapsed(at: [2, 3, 5, 10, 20, 50, 100, 300, 1000], dim: 8)"],
          },
    inputs: ["item", "context"],
    label: "success",
  }),
  additions: {
    past: {
      cross: ["solved: flag(dim: 4)"],
      stats: [
        "attempts: met()",
        "own: rate(of: past.solved, k: 20)",
        "lately: recent(of: past.solved, half: 10)",
        "met: met(on: item.skill)",
        "solving: rate(on: item.skill, of: past.solved)",
        "skilled: recent(on: item.skill, of: past.solved, half: 10)",
        "last: last(on: item.skill, of: past.solved, dim: 4)",
        "gap: since(on: item.skill, at: [2, 3, 5, 10, 20, 50, 100, 300, 1000], dim: 4)",
        "again: met(on: item.problem_id)",
        "before: rate(on: item.problem_id, of: past.solved)",
      ],
    },
    // Its times are an order within a user, which users do not share.
    popularity: [],
    popular: [],
    match: "[item.skill, item.problem_id]",
    clock: [],
    place: "place: place(at: [1, 2, 3, 5, 10, 20, 50, 100, 300, 1000], dim: 8)",
    gap: "gap: gap(on: item.skill, at: [2, 3, 5, 10, 20, 50, 100, 300, 1000], dim: 8)",
  },
  baseline: (folder) => `
    SELECT user_id AS user, problem_id AS item, skill_id AS category, success AS label, seq AS moment,
      CASE WHEN place <= ceil(0.8 * many) THEN 0 WHEN place <= ceil(0.9 * many) THEN 1 ELSE 2 END AS part
    FROM (SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY seq) AS place, count(*) OVER (PARTITION BY user_id) AS many
      FROM read_parquet(${literal(attempts(folder))}))
    WHERE success IS NOT NULL`,
};

export const dataSets: readonly DataSet[] = [movielens, assistments];

/** The sets of these names, separated by commas, that are here; of others it is said that they are not. */
export function setsHere(names: string): DataSet[] {
  return names.split(",").flatMap((name) => {
    const set = dataSets.find((one) => one.name === name);
    if (set === undefined) {
      throw new Error(`there is no data set ${name}`);
    }
    const absent = set.needs.filter((file) => !existsSync(file));
    if (absent.length > 0) {
      console.log(`skipped: ${absent.join(" and ")} is not here, and the data set is not part of this project`);
    }
    return absent.length > 0 ? [] : [set];
  });
}

/** A fresh folder for what a data set derives. */
export function workFolder(base: string, name: string): string {
  const folder = join(base, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
