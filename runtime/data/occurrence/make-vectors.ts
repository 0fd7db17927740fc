// `twin vectors`: vectors of the items that a data set names, from what stands together in users' pasts, as a Parquet file.
import { join, relative, resolve } from "node:path";
import { stringify } from "yaml";
import { TwinError } from "../../../contract/error.ts";
import { streams } from "../../../contract/random.ts";
import { writeFileAtomic } from "../../host/files.ts";
import type { OnProgress } from "../../host/progress.ts";
import { runSteps } from "../../host/run-steps.ts";
import { pairVectorsSteps } from "../../vectors/pair-vectors.ts";
import { type Binding, boundFiles } from "../binding.ts";
import { RowWriter } from "../database/row-writer.ts";
import { Source } from "../database/source.ts";
import { type Events, openEvents } from "../events.ts";
import { readMoment } from "../moment.ts";
import { checkKeys } from "../report.ts";
import { behavioursBefore } from "./behaviours-before.ts";
import { type CountedPairs, countPairs } from "./count-pairs.ts";
import { recordText, type VectorRecord } from "./record.ts";

export interface VectorOptions {
  /** Behaviours strictly before it are counted: a day (its beginning), a timestamp, or a number of seconds or steps. */
  readonly until: string;
  readonly history?: string | undefined;
  readonly dim: number;
  readonly window: number;
  readonly minCount: number;
  readonly shift: number;
  readonly seed: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface MadeVectors {
  readonly path: string;
  readonly record: VectorRecord;
  /** Items that have a vector. */
  readonly items: number;
  /** Items that occur with nothing, or with nothing that `dim` numbers tell, and items with too few behaviours. */
  readonly without: { readonly alone: number; readonly rare: number };
  /** Numbers of a vector that tell something. */
  readonly rank: number;
  /** What data.yaml needs, as YAML. */
  readonly needed: string;
}

/** The model's feature, and the columns of the file. */
const column = "vector";
const keyColumn = "item";

/**
 * Writes `vectors.parquet` (columns `item` and `vector`, by key) and `vectors.yaml` into a folder; equal inputs and seed give
 * the same bytes, and what happened at `until` or later changes none.
 * @throws TwinError naming file, column and row of what cannot be read, or where there is nothing to make vectors of
 */
export async function makeVectors(binding: Binding, folder: string, options: VectorOptions): Promise<MadeVectors> {
  const { dim, window, minCount, shift, seed, history = null, onProgress, signal } = options;
  const path = join(folder, "vectors.parquet");
  // Vectors of before and parts do not matter here.
  const plain: Binding = { ...binding, vectors: null, split: null };
  const source = await Source.open({ reads: boundFiles(plain), writes: [resolve(path)] });
  try {
    const events = await openEvents(source, plain, null);
    const steps = events.steps;
    const until = readMoment(options.until, steps, "--until");
    await checkEvents(source, events);
    const behaviours = await behavioursBefore(source, plain, events, until, history);
    const { rows, dropped } = events.relation;
    const total = dropped === undefined && events.lists === null ? (rows ?? 0) : 0;
    const counted = await countPairs(source, behaviours, total, { window, minCount, onProgress, signal }).catch(
      async (cause) => {
        throw signal?.aborted
          ? cause
          : cause instanceof TwinError
            ? told(cause, options.until)
            : await events.explain()(cause);
      },
    );
    const { keys, pairs } = counted;
    const found = await runSteps(
      pairVectorsSteps(pairs, { dim, shift, random: streams.pairVectors(seed, keys.length) }),
      {
        // Each product meets every pair from both sides.
        ...{ task: "pairs multiplied", total: 2 * pairs.counts.length * products },
        ...{ onProgress, signal, stopped: "nothing was written" },
      },
    );
    const record: VectorRecord = {
      ...{ format: 1, until, clock: steps ? "steps" : "seconds", history },
      ...{ dim, window, min_count: minCount, shift, seed },
      ...{ behaviours: counted.behaviours, items: keys.length, pairs: pairs.counts.length, least: counted.least },
      counted: counted.digest,
    };
    const items = await write(source, path, events, counted, found, record);
    const needed = stringify({
      vectors: { file: relative(binding.folder, resolve(path)), key: keyColumn },
      samples_from: Number.isNaN(Number(options.until)) ? options.until : until,
    });
    writeFileAtomic(join(folder, "vectors.yaml"), accompanying(record, needed));
    return {
      ...{ path, record, items, rank: found.rank, needed },
      without: { alone: keys.length - items, rare: counted.rare },
    };
  } finally {
    source.close();
  }
}

/** Products of a matrix that the truncated SVD takes. */
const products = 14;

async function checkEvents(source: Source, events: Events): Promise<void> {
  const missing = (name: string, as: string): string => `count(*) FILTER (${name} IS NULL)::DOUBLE AS ${as}`;
  const counts = `count(*)::DOUBLE AS n, min("#time") AS first, max("#time") AS last`;
  const [all] = await source
    .all(
      `SELECT ${counts}, ${missing('"#user"', "userless")}, ${missing('"#item"', "itemless")}, ${missing('"#time"', "timeless")} FROM (${events.select})`,
    )
    .catch(async (cause) => {
      throw await events.explain()(cause);
    });
  await checkKeys(source, events, all);
}

/** An error of counting, with the moment that it speaks of. */
const told = (cause: TwinError, until: string): TwinError =>
  new TwinError(`--until ${until}: ${cause.message}`, { cause });

/** @returns how many items have a vector */
async function write(
  source: Source,
  path: string,
  { keyType }: Events,
  { keys }: CountedPairs,
  { rows, present }: { readonly rows: Float32Array; readonly present: Uint8Array },
  record: VectorRecord,
): Promise<number> {
  const writer = await RowWriter.create(source, "vectors", [
    [keyColumn, keyType === "int64" ? "int64" : "text"],
    [column, "float32[]"],
  ]);
  let items = 0;
  for (const [i, key] of keys.entries()) {
    if (present[i] === 1) {
      writer.add(key, Array.from(rows.subarray(i * record.dim, (i + 1) * record.dim)));
      items++;
    }
  }
  await writer.save(path, undefined, recordText(record));
  return items;
}

const accompanying = (record: VectorRecord, needed: string): string =>
  `# What vectors.parquet was made of. What data.yaml needs to read it stands below, as comments.
${stringify(record)}
# data.yaml:
${needed.trimEnd().replaceAll(/^/gm, "#   ")}
# the model, in item:
#   ${featureText(record.dim)}
`;

/** The feature that reads the file's column. */
export const featureText = (dim: number): string => `${column}: pretrained(size: ${dim})`;
