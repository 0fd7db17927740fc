// The real data sets that quality is measured on: how each is bound, what the models know of it, and how it is split.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { literal } from "../../runtime/data/database/source.ts";
import { Database } from "../../test/kit/database.ts";

/** How much of the past a model may look at. */
export type Past = "whole" | "newest 100" | "none";

export interface DataSet {
  readonly name: string;
  readonly label: string;
  /** What must be there; the data sets are no part of the project. */
  readonly needs: readonly string[];
  /** Writes data.yaml, and what it must first derive, into a folder outside the project; returns its path. */
  bind(folder: string): Promise<string>;
  /** The `.twin` text. */
  model(past: Past, seed: number): string;
  /** What is counted of a history `past` that holds all events, and of all users. */
  readonly counted: {
    /** A cross feature that says what happened, and its column in data.yaml. */
    readonly cross: string;
    readonly column: string;
    readonly stats: string;
    /** Features of `item`, and their names as inputs. */
    readonly popularity: string;
    readonly popular: readonly string[];
  };
  /**
   * SQL for the baseline: rows (user, item, category, label, moment, part) of the labelled events, part 0 training,
   * 1 validation, 2 test. `moment` is a whole number; ties of it are not each other's past.
   */
  baseline(folder: string): string;
}

const shared = join(import.meta.dirname, "../../../shared/data");
const csv = (name: string) => join(shared, name);

const tower = (inputs: string, label: string) => `
tower ranking {
  input:   [${inputs}]
  hidden:  [128, 64]
  dropout: 0.1

  predict {
    ${label}: binary
  }
}
`;

const train = (seed: number) => `
train {
  embeddings: adagrad(rate: 0.05)
  dense:      adam(rate: 1e-3)
  batch:      512
  epochs:     2
  clip:       5
  l2:         1e-5
  stop:       stop(2, on: auc)
  seed:       ${seed}
}
`;

/** Two-stage interest over a history: the search over all of it, the newest 20 beside. */
const stages = (history: string) => `
metric relevance {
  query: item
  keys:  ${history}.item
  bias:  ${history}.cross
  heads: 4
  dim:   16
}

search nearest {
  from: ${history}
  by:   relevance
  keep: 100
}

attend interest {
  over: nearest
  by:   relevance
}

attend recent {
  over: ${history}.last(20)
  by:   relevance
}
`;

const longest: Readonly<Record<Exclude<Past, "none">, string>> = { whole: "3k", "newest 100": "100" };

const movielens: DataSet = {
  name: "movielens",
  label: "like",
  needs: [csv("movielens/ratings.csv.gz"), csv("movielens/movies.csv.gz")],
  async bind(folder) {
    const path = join(folder, "data.yaml");
    writeFileSync(
      path,
      `events: {file: ${csv("movielens/ratings.csv.gz")}, user: user_id, item: movie_id, time: timestamp}
items:  {file: ${csv("movielens/movies.csv.gz")}, key: movie_id}
columns:
  predict.like: "rating >= 4"
  item.genres:  {split: {column: genres, by: "|"}}
split: {by: time, train: ..2016-07-04, validation: ..2018-05-19, test: rest}
`,
    );
    return path;
  },
  model: (past, seed) => `model movielens

item {
  movie_id: vocabulary(max: 20k, min_count: 2, dim: 32, key: true)
  genres:   tags(vocabulary: 50, max: 8, dim: 16)
  year:     bucketed(at: [1950, 1960, 1970, 1980, 1985, 1990, 1995, 2000, 2005, 2010, 2015], dim: 8)
}
${
  past === "none"
    ? tower("item", "like")
    : `
history rated {
  of:  item
  max: ${longest[past]}

  cross {
    rating:  bucketed(at: [1, 2, 3, 3.5, 4, 4.5, 5], dim: 8)
    elapsed: elapsed(at: [1min, 1h, 1d, 30d, 180d, 365d], dim: 8)
  }
}
${stages("rated")}${tower("interest, recent, item", "like")}`
}${train(seed)}`,
  counted: {
    cross: "    liked: flag(dim: 4)",
    column: '  past.liked: "rating >= 4"',
    stats: `    ratings: met()
    own:     rate(of: past.liked, k: 10)
    lately:  recent(of: past.liked, half: 10)
    genres:  met(on: item.genres)
    liking:  rate(on: item.genres, of: past.liked)
    years:   rate(on: item.year, of: past.liked)
    since:   since(on: item.genres, at: log(1h, 365d, 8), dim: 4)`,
    popularity: "  popular: popularity(on: item.movie_id, of: like, k: 20)",
    popular: ["item.popular"],
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
  async bind(folder) {
    // Once: runs go on only with the same files.
    if (!existsSync(problems(folder))) {
      await deriveAssistments(folder);
    }
    const path = join(folder, "data.yaml");
    writeFileSync(
      path,
      `events: {file: ${attempts(folder)}, user: user_id, item: problem_id, order: seq}
items:  {file: ${problems(folder)}, key: problem_id}
columns:
  predict.success: success
  context.now:   skill_id
split: {by: share, train: 80%, validation: 10%, test: rest}
`,
    );
    return path;
  },
  model: (past, seed) => `model assistments

item {
  problem_id: vocabulary(max: 4k, min_count: 2, dim: 32, key: true)
  skill:      id(vocab: 200, dim: 16)
}

/// The skill that this attempt is for: a problem may be posed for several.
context {
  now: id(vocab: 200, dim: 16)
}
${
  past === "none"
    ? tower("item, context", "success")
    : `
history done {
  of:  item
  max: ${longest[past]}

  cross {
    correct: flag(dim: 8)
    ago:     elapsed(at: [2, 3, 5, 10, 20, 50, 100, 300, 1000], dim: 8)
  }
}
${stages("done")}${tower("interest, recent, item, context", "success")}`
}${train(seed)}`,
  counted: {
    cross: "    solved: flag(dim: 4)",
    column: "  past.solved: correct",
    stats: `    attempts: met()
    own:      rate(of: past.solved, k: 20)
    lately:   recent(of: past.solved, half: 10)
    met:      met(on: item.skill)
    solving:  rate(on: item.skill, of: past.solved)
    skilled:  recent(on: item.skill, of: past.solved, half: 10)
    last:     last(on: item.skill, of: past.solved, dim: 4)
    gap:      since(on: item.skill, at: [2, 3, 5, 10, 20, 50, 100, 300, 1000], dim: 4)
    again:    met(on: item.problem_id)
    before:   rate(on: item.problem_id, of: past.solved)`,
    // Its times are an order within a user, which users do not share.
    popularity: "",
    popular: [],
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
export function workFolder(base: string, { name }: DataSet): string {
  const folder = join(base, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
