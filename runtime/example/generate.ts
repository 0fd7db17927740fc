// Writes example data with planted interests: items, users and events as Parquet, a data binding and a README, from a seed.
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { RowWriter, Source } from "../data/index.ts";
import { attempt, writeFileAtomic } from "../host/files.ts";
import type { OnProgress } from "../host/progress.ts";
import { meter } from "../host/progress.ts";
import {
  BestAuc,
  checkSize,
  eventColumns,
  eventRows,
  itemColumns,
  itemRows,
  type ScenarioName,
  scenarioOf,
  shelf,
  span,
  start,
  userColumns,
  userRows,
  type WorldSize,
} from "../planted/index.ts";
import { binding, readme } from "./documents.ts";

export interface ExampleOptions {
  readonly dir: string;
  /** What decides the clicks; default `categories`, whose sizes are 200 users, 2,000 items, 500 behaviours, 64 categories. */
  readonly scenario?: ScenarioName;
  /** Default: the scenario's, as of the next three. */
  readonly users?: number;
  /** At least as many as categories. */
  readonly items?: number;
  /** Of each user. */
  readonly behaviours?: number;
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
 * Generates a data set; see planted/scenarios.ts for what is planted. Equal options give equal rows on every machine.
 * Rows are streamed: memory holds the item ids and one batch.
 */
export async function generate(options: ExampleOptions): Promise<Example> {
  const { dir, cover = 32, seed = 1, scenario = "categories" } = options;
  const own = scenarioOf({ scenario }).size;
  const size: WorldSize = {
    users: options.users ?? own.users,
    items: options.items ?? own.items,
    behaviours: options.behaviours ?? own.behaviours,
    categories: options.categories ?? own.categories,
    seed,
    scenario,
  };
  checkSize(size, cover);
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

async function writeItems(source: Source, size: WorldSize, cover: number, path: string): Promise<void> {
  const writer = await RowWriter.create(source, "items", itemColumns(cover));
  for (const row of itemRows(size, cover)) {
    writer.add(...row);
  }
  await writer.save(path);
}

async function writeUsers(source: Source, size: WorldSize, path: string): Promise<void> {
  const writer = await RowWriter.create(source, "users", userColumns);
  for (const row of userRows(size)) {
    writer.add(...row);
  }
  await writer.save(path);
}

async function writeEvents(source: Source, size: WorldSize, options: ExampleOptions, path: string): Promise<number> {
  const writer = await RowWriter.create(source, "events", eventColumns);
  const stock = shelf(size);
  const auc = new BestAuc();
  const progress = meter("example events", size.users * size.behaviours, options.onProgress);
  const unlabelled = options.samplesPerUser === undefined ? 0 : Math.max(0, size.behaviours - options.samplesPerUser);
  for (let user = 0; user < size.users; user++) {
    for (const { row, truth, click, labelled } of eventRows(size, stock, user, unlabelled)) {
      if (labelled) {
        auc.add(truth, click);
      }
      writer.add(...row);
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
