// The data sets that drafts are measured on, cut to a share of their users.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { literal } from "../../runtime/data/database/source.ts";
import { Database } from "../../test/kit/database.ts";

export interface DraftSet {
  readonly name: string;
  /** @param data folder of the data sets @returns what is not there */
  missing(data: string): string[];
  /** Writes a share of the users into a folder. @returns the words of `twin init` that name the files */
  cut(data: string, folder: string, share: number): Promise<string[]>;
}

interface Cut {
  readonly name: string;
  readonly file: string;
  readonly select: string;
}

/** @param select of FILE and of the users that KEPT keeps */
async function write(data: string, folder: string, share: number, cuts: readonly Cut[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const source = await Database.open();
  // Knuth's multiplicative hash: the same users on every machine.
  const kept = `(user_id::BIGINT * 2654435761) % 4294967296 < ${Math.round(share * 4294967296)}`;
  try {
    for (const { name, file, select } of cuts) {
      const sql = select.replace("FILE", `read_csv(${literal(join(data, file))})`).replace("KEPT", kept);
      await source.all(`COPY (${sql}) TO ${literal(join(folder, name))} (FORMAT parquet)`);
    }
  } finally {
    source.close();
  }
}

async function generate(folder: string, made: readonly Omit<Cut, "file">[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const source = await Database.open();
  try {
    for (const { name, select } of made) {
      await source.all(`COPY (${select}) TO ${literal(join(folder, name))} (FORMAT parquet)`);
    }
  } finally {
    source.close();
  }
}

const absent = (data: string, files: readonly string[]): string[] =>
  files.map((file) => join(data, file)).filter((file) => !existsSync(file));

const ratings = "movielens/ratings.csv.gz";
const movies = "movielens/movies.csv.gz";
const interactions = "assistments/interactions.csv.gz";

/** Evenly from 0 to 1, the same on every machine. */
const drawn = (...of: readonly string[]): string =>
  `((md5_number_lower(concat_ws(' ', ${of.join(", ")})) % 1000003) / 1000003.0)`;

/** Generated: 3,000 items with 8 of 500 tags, seldom and frequent ones. Each tag has an appeal from -1 to 1, and each user likes every seventh tag: clicks go by both. */
const tagged = {
  users: 4000,
  each: 100,
  items: `SELECT item_id, string_agg(DISTINCT 't' || tag, '|' ORDER BY 't' || tag) AS tags FROM (SELECT item_id, floor(500 * ${drawn("'tag'", "item_id", "k")} ** 2)::INTEGER AS tag FROM range(3000) AS i(item_id), range(8) AS t(k)) GROUP BY item_id ORDER BY item_id`,
  events(users: number): string {
    const events = `SELECT user_id, n, floor(3000 * ${drawn("'item'", "user_id", "n")} ** 1.5)::BIGINT AS item_id, 1600000000 + floor(31536000 * ${drawn("'time'", "user_id", "n")})::BIGINT AS time FROM range(${users}) AS u(user_id), range(${this.each}) AS e(n)`;
    const appeal = `list_sum(list_transform(string_split(tags, '|'), lambda tag: 2 * ${drawn("'appeal'", "tag")} - 1))`;
    const likes = `len(list_filter(string_split(tags, '|'), lambda tag: ${drawn("'likes'", "user_id", "tag")} < 1 / 7.0))`;
    return `SELECT user_id, item_id, time, (${drawn("'click'", "user_id", "n")} < 1 / (1 + exp(1 - 0.8 * ${appeal} - 0.8 * ${likes})))::INTEGER AS click FROM (${events}) JOIN (${this.items}) USING (item_id) ORDER BY user_id, time`;
  },
};

export const draftSets: readonly DraftSet[] = [
  {
    name: "movielens",
    missing: (data) => absent(data, [ratings, movies]),
    async cut(data, folder, share) {
      await write(data, folder, share, [
        { name: "ratings.parquet", file: ratings, select: "SELECT * FROM FILE WHERE KEPT" },
        { name: "movies.parquet", file: movies, select: "SELECT * FROM FILE" },
      ]);
      return ["--from", join(folder, "ratings.parquet"), "--items", join(folder, "movies.parquet")];
    },
  },
  {
    name: "assistments",
    missing: (data) => absent(data, [interactions]),
    async cut(data, folder, share) {
      await write(data, folder, share, [
        { name: "interactions.parquet", file: interactions, select: "SELECT * FROM FILE WHERE KEPT" },
      ]);
      return ["--from", join(folder, "interactions.parquet")];
    },
  },
  {
    // The same samples, each with its newest 200 ratings before it as lists.
    name: "samples",
    missing: (data) => absent(data, [ratings, movies]),
    async cut(data, folder, share) {
      const before = "OVER (PARTITION BY user_id ORDER BY timestamp RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)";
      const newest = (column: string): string => `coalesce(list(${column} ORDER BY timestamp) ${before}, [])[-200:]`;
      const lists = `${newest("movie_id")} AS seen_movies, ${newest("timestamp")} AS seen_times, ${newest("rating")} AS seen_ratings`;
      await write(data, folder, share, [
        {
          name: "samples.parquet",
          file: ratings,
          select: `SELECT *, ${lists} FROM FILE WHERE KEPT ORDER BY user_id, timestamp`,
        },
        { name: "movies.parquet", file: movies, select: "SELECT * FROM FILE" },
      ]);
      return ["--from", join(folder, "samples.parquet"), "--items", join(folder, "movies.parquet")];
    },
  },
  {
    // What was rated at all, as a shop knows what was bought: no label, so that negatives are drawn.
    name: "implicit",
    missing: (data) => absent(data, [ratings, movies]),
    async cut(data, folder, share) {
      // Of a few users' films: among all of them most negatives would be films that nobody of these has seen, which a row tells that stands for all.
      const met = `SELECT movie_id FROM read_csv(${literal(join(data, ratings))}) WHERE KEPT`;
      await write(data, folder, share, [
        { name: "log.parquet", file: ratings, select: "SELECT user_id, movie_id, timestamp FROM FILE WHERE KEPT" },
        { name: "movies.parquet", file: movies, select: `SELECT * FROM FILE WHERE movie_id IN (${met})` },
      ]);
      return ["--from", join(folder, "log.parquet"), "--items", join(folder, "movies.parquet")];
    },
  },
  {
    name: "tags",
    missing: () => [],
    async cut(_, folder, share) {
      await generate(folder, [
        { name: "log.parquet", select: tagged.events(Math.max(10, Math.round(share * tagged.users))) },
        { name: "items.parquet", select: tagged.items },
      ]);
      return ["--from", join(folder, "log.parquet"), "--items", join(folder, "items.parquet")];
    },
  },
];
