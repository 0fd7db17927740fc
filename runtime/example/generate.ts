// Writes example data with planted interests: items, users and events as Parquet, a data binding and a README, from a seed.
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { streams } from "../../contract/random.ts";
import { type CellType, RowWriter } from "../data/database/row-writer.ts";
import { Source } from "../data/database/source.ts";
import { attempt, writeFileAtomic } from "../host/files.ts";
import type { OnProgress } from "../host/progress.ts";
import { meter } from "../host/progress.ts";
import { BestAuc } from "./best-auc.ts";
import { binding, readme } from "./documents.ts";
import { items, life, shelf, span, start, type WorldSize } from "./world.ts";

export interface ExampleOptions {
  readonly dir: string;
  /** Default 200. */
  readonly users?: number;
  /** Default 2,000; at least as many as categories. */
  readonly items?: number;
  /** Of each user; default 300. */
  readonly behaviours?: number;
  /** Default 64. */
  readonly categories?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Only each user's last so many events carry labels; default all. */
  readonly samplesPerUser?: number;
  /** Width of the items' `cover` vector; 0: none; default 32. */
  readonly cover?: number;
  readonly onProgress?: OnProgress;
  /** Stops between users; nothing is left of the file that was being written. */
  readonly signal?: AbortSignal;
}

export interface Example {
  readonly dir: string;
  /** Path of data.yaml. */
  readonly data: string;
  readonly items: number;
  readonly users: number;
  readonly events: number;
  /** AUC of the true click probability over the labelled events. */
  readonly bestAuc: number;
}

/**
 * Generates a data set; see world.ts for what is planted. Equal options give equal rows on every machine.
 * Rows are streamed: memory holds the item ids and one batch.
 */
export async function generate(options: ExampleOptions): Promise<Example> {
  const { dir, cover = 32, seed = 1 } = options;
  const size: WorldSize = {
    users: options.users ?? 200,
    items: options.items ?? 2000,
    behaviours: options.behaviours ?? 300,
    categories: options.categories ?? 64,
    seed,
  };
  check(size, cover);
  attempt("write", dir, () => mkdirSync(dir, { recursive: true }));
  const files = ["items.parquet", "users.parquet", "events.parquet"];
  const scratch = join(dir, `.example-${process.pid}.duckdb`);
  const removeScratch = () => {
    for (const file of [scratch, `${scratch}.wal`]) {
      rmSync(file, { force: true });
    }
  };
  const source = await Source.open({ database: scratch, writes: files.map((name) => resolve(dir, name)) }).catch(
    (failure) => {
      removeScratch();
      throw failure;
    },
  );
  try {
    await writeItems(source, size, cover, join(dir, "items.parquet"));
    await writeUsers(source, size, join(dir, "users.parquet"));
    const bestAuc = await writeEvents(source, size, options, join(dir, "events.parquet"));
    const events = size.users * size.behaviours;
    writeFileAtomic(join(dir, "data.yaml"), binding());
    writeFileAtomic(join(dir, "README.md"), readme(size, events, bestAuc));
    return { dir, data: join(dir, "data.yaml"), items: size.items, users: size.users, events, bestAuc };
  } finally {
    source.close();
    removeScratch();
  }
}

function check(size: WorldSize, cover: number): void {
  for (const [name, value] of Object.entries({ ...size, cover })) {
    const least = name === "cover" || name === "seed" || name === "users" || name === "behaviours" ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new TwinError(`example data: ${name} is ${value}; a whole number of at least ${least} is due`);
    }
  }
  if (size.items < size.categories) {
    throw new TwinError(`example data: ${size.items} items cannot fill ${size.categories} categories; give more items`);
  }
}

async function writeItems(source: Source, size: WorldSize, cover: number, path: string): Promise<void> {
  const columns: [string, CellType][] = [
    ["video_id", "int64"],
    ["author_id", "int32"],
    ["category", "int32"],
    ["duration", "int32"],
    ["topics", "int32[]"],
  ];
  if (cover > 0) {
    columns.push(["cover", "float32[]"]);
  }
  const writer = await RowWriter.create(source, "items", columns);
  const draw = streams.exampleCovers(size.seed);
  // A category's own direction, so that covers of one category are alike.
  const centres = Array.from({ length: size.categories }, () => Array.from({ length: cover }, () => draw.normal()));
  for (const item of items(size)) {
    const vector = centres[item.category].map((x) => Math.fround(x + 0.5 * draw.normal()));
    writer.add(item.id, item.author, item.category, item.duration, item.topics, vector);
  }
  await writer.save(path);
}

const userId = (user: number): bigint => 1001n + BigInt(user) * 7n;

async function writeUsers(source: Source, size: WorldSize, path: string): Promise<void> {
  const writer = await RowWriter.create(source, "users", [
    ["user_id", "int64"],
    ["age", "int32"],
  ]);
  const draw = streams.exampleAges(size.seed);
  for (let user = 0; user < size.users; user++) {
    writer.add(userId(user), 13 + draw.below(60));
  }
  await writer.save(path);
}

async function writeEvents(source: Source, size: WorldSize, options: ExampleOptions, path: string): Promise<number> {
  const writer = await RowWriter.create(source, "events", [
    ["user_id", "int64"],
    ["video_id", "int64"],
    ["time", "int64"],
    ["progress", "float32"],
    ["liked", "boolean"],
    ["hour", "int32"],
    ["tab", "int32"],
    ["recall_score", "float32"],
    ["click", "boolean"],
    ["like", "boolean"],
    ["truth", "float64"],
  ]);
  const stock = shelf(size);
  const auc = new BestAuc();
  const progress = meter("example events", size.users * size.behaviours, options.onProgress);
  const unlabelled = options.samplesPerUser === undefined ? 0 : Math.max(0, size.behaviours - options.samplesPerUser);
  for (let user = 0; user < size.users; user++) {
    const id = userId(user);
    let place = 0;
    for (const shown of life(size, stock, user)) {
      const { click, truth, liked } = shown;
      const labelled = place++ >= unlabelled;
      if (labelled) {
        auc.add(truth, click);
      }
      writer.add(
        id,
        stock.ids[shown.item],
        BigInt(shown.time),
        Math.fround(shown.progress),
        liked,
        shown.hour,
        shown.tab,
        Math.fround(shown.recall),
        labelled ? click : null,
        // Nobody likes what they did not click: the label is defined where click is.
        labelled && click ? liked : null,
        truth,
      );
    }
    progress.add(size.behaviours);
    // The event loop turns between users, so that progress is seen and a signal is heard.
    if (user % 16 === 0) {
      await new Promise(setImmediate);
    }
    if (options.signal?.aborted) {
      throw new TwinError(`the example data was stopped; ${path} was not written`);
    }
  }
  await writer.save(path);
  progress.done();
  return auc.value();
}

/** First second and length of the log, for those who split it. */
export const logSpan = { start, end: start + span } as const;
