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

const absent = (data: string, files: readonly string[]): string[] =>
  files.map((file) => join(data, file)).filter((file) => !existsSync(file));

const ratings = "movielens/ratings.csv.gz";
const movies = "movielens/movies.csv.gz";
const interactions = "assistments/interactions.csv.gz";

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
    // What was rated at all, as a shop knows what was bought: no label, so that negatives are drawn.
    name: "implicit",
    missing: (data) => absent(data, [ratings, movies]),
    async cut(data, folder, share) {
      await write(data, folder, share, [
        { name: "log.parquet", file: ratings, select: "SELECT user_id, movie_id, timestamp FROM FILE WHERE KEPT" },
        { name: "movies.parquet", file: movies, select: "SELECT * FROM FILE" },
      ]);
      return ["--from", join(folder, "log.parquet"), "--items", join(folder, "movies.parquet")];
    },
  },
];
