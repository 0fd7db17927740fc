// A small build with its table, its data and a request, made by the command line: what the end-to-end tests work on.
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { temporary } from "./built-twin.ts";
import { fine, root } from "./cli.ts";
import { Database } from "./database.ts";

export interface ExampleBuild {
  readonly folder: string;
  /** The model's file; it imports features.twin beside it. */
  readonly model: string;
  readonly data: string;
  /** The build folder, with one generation of tables. */
  readonly dir: string;
  readonly request: string;
}

/** Columns as a request file has them. */
export interface RequestFile {
  user: Record<string, unknown>;
  time: unknown;
  history: Record<string, unknown>;
  context: Record<string, unknown>;
  candidates: Record<string, unknown>;
  [more: string]: unknown;
}

const pathsIn = (folder: string): ExampleBuild => ({
  folder,
  model: join(folder, "twin.twin"),
  data: join(folder, "data/data.yaml"),
  dir: join(folder, "build"),
  request: join(folder, "request.json"),
});

/**
 * Writes the repository's model and the library that it imports into a folder; gives the model's path. It keeps fewer
 * behaviours and attends to fewer than it does: the reference numbers of a build take two thirds less time so.
 */
function exampleModel(folder: string, change: (text: string) => string = (text) => text): string {
  copyFileSync(join(root, "models/features.twin"), join(folder, "features.twin"));
  const text = readFileSync(join(root, "models/twin.twin"), "utf8");
  const file = join(folder, "twin.twin");
  writeFileSync(file, change(text.replace("keep: 100", "keep: 10").replace("last(50)", "last(5)")));
  return file;
}

/** The same with one attention, no table and small batches, for tests that train it many times. */
export const leanModel = (folder: string): string =>
  exampleModel(folder, (text) =>
    text
      .replaceAll(/(attend recent|table video_keys) \{[^}]*\}\n\n/g, "")
      .replace("interest, recent, item", "interest, item")
      .replace(/batch: +\d+/, "batch:      32"),
  );

/** Made once for all files of a process, in the run's folder, which a test's cleaning up leaves alone. */
const made = new Map<boolean, Promise<string>>();

async function make(tables: boolean): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "twin-example-"));
  const paths = pathsIn(folder);
  if (tables) {
    cpSync(await once(false), folder, { recursive: true });
    await fine(["table", "build", paths.dir, "--data", paths.data]);
    return folder;
  }
  exampleModel(folder);
  await fine(["example", join(folder, "data"), "--users", "20", "--items", "300", "--behaviours", "60"]);
  await fine(["build", paths.model, "-o", paths.dir, "--data", paths.data]);
  writeFileSync(paths.request, JSON.stringify(await someRequest(join(folder, "data/events.parquet"))));
  return folder;
}

function once(tables: boolean): Promise<string> {
  const folder = made.get(tables) ?? make(tables);
  made.set(tables, folder);
  return folder;
}

/** A copy of its own for the caller, to change as it likes. */
export async function exampleBuild(options: { readonly tables?: boolean } = {}): Promise<ExampleBuild> {
  const folder = temporary();
  cpSync(await once(options.tables !== false), folder, { recursive: true });
  return pathsIn(folder);
}

/** A request by the first user of the log: 50 behaviours, 20 candidates. */
async function someRequest(events: string): Promise<RequestFile> {
  const source = await Database.open();
  try {
    const rows = await source.all(
      `SELECT video_id::VARCHAR AS item, "time"::VARCHAR AS seconds, progress, liked FROM '${events}' ORDER BY user_id, "time" DESC LIMIT 50`,
    );
    const candidates = await source.all(
      `SELECT DISTINCT video_id::VARCHAR AS item FROM '${events}' ORDER BY item LIMIT 20`,
    );
    const column = (name: string) => rows.map((row) => row[name]);
    return {
      user: { user_id: "1001", age: 30 },
      time: Number(rows[0].seconds) + 60,
      history: {
        item: column("item"),
        time: column("seconds").map(Number),
        progress: column("progress"),
        liked: column("liked"),
      },
      context: { hour: 9, tab: 1 },
      candidates: { item: candidates.map(({ item }) => item), recall_score: candidates.map((_, i) => i / 20) },
    };
  } finally {
    source.close();
  }
}

/** A copy of a build to spoil. */
export function copyOf(dir: string): string {
  const copy = join(temporary(), "build");
  cpSync(dir, copy, { recursive: true });
  return copy;
}

export const readRequest = (path: string): RequestFile => JSON.parse(readFileSync(path, "utf8"));

/** Every file under a folder with its bytes: what a command that failed must have left as it was. */
export function contents(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string, name: string): void => {
    if (statSync(path).isDirectory()) {
      for (const one of readdirSync(path)) {
        visit(join(path, one), `${name}/${one}`);
      }
    } else {
      found.set(name, readFileSync(path).toString("base64"));
    }
  };
  mkdirSync(folder, { recursive: true });
  visit(folder, "");
  return found;
}
