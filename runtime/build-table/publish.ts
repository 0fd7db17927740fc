// `twin table publish`: the current generation's rows, item records and outside embedding rows into a Redis.
import { TwinError } from "../../contract/error.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import { recordOf } from "../../contract/record.ts";
import { holdBuild } from "../host/build-folder.ts";
import { type Meter, meter, type OnProgress } from "../host/progress.ts";
import {
  finish,
  openRedis,
  type Published,
  type RedisLink,
  RedisRows,
  removeSpaces,
  type Space,
  writeRows,
} from "../redis/index.ts";
import { openArtefacts } from "../serve/index.ts";
import { Generation, writePublished } from "../store/index.ts";
import { PublishHistory } from "./publish-history.ts";
import { PublishJournal } from "./publish-journal.ts";
import { type PublishedSource, sourcesOf } from "./publish-sources.ts";

export interface PublishOptions {
  readonly dir: string;
  /** `redis://HOST:PORT` */
  readonly to: string;
  /** Hash tags over which keys are spread; default 256. */
  readonly buckets?: number;
  /** Publications of this folder that stay there, this one among them; older ones are removed. Default: all stay. */
  readonly keep?: number;
  /** Rows written at once; default 8,192. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly note?: (message: string) => void;
}

export interface PublishReport {
  readonly dir: string;
  readonly address: string;
  /** Of the folder. */
  readonly generation: number;
  readonly spaces: readonly { readonly rows: string; readonly generation: number; readonly count: number }[];
  /** Rows that were written, those of an earlier run of it not counted. */
  readonly written: number;
  /** Generations before that were removed, and their rows. */
  readonly removed: { readonly generations: number; readonly rows: number };
  readonly bytes: number;
  readonly seconds: number;
}

/** Rows that are read back of each kind. */
const sample = 1000;

/**
 * Publishes the current generation. Stopped at any moment, readers keep what they have, and the next call with the same
 * address goes on where this one stopped.
 * @throws TwinError where the folder has no tables, another process writes it, or the Redis does not take all of them
 */
export async function publishTables(options: PublishOptions): Promise<PublishReport> {
  const release = holdBuild(options.dir);
  try {
    return await publishHeld(options);
  } finally {
    release();
  }
}

async function publishHeld(options: PublishOptions): Promise<PublishReport> {
  const { dir, to, buckets = 256, keep, batch = 8192, signal, onProgress, note } = options;
  const start = performance.now();
  const hash = await hasher();
  const artefacts = await openArtefacts(dir, note ?? (() => undefined));
  const closing: (() => void)[] = [() => artefacts.outside?.close()];
  try {
    await artefacts.weights.sound;
    const generation = await Generation.open(dir, { memoryLimit: 0 });
    closing.push(() => generation.close());
    const sources = sourcesOf(artefacts, generation);
    const link = await openRedis(to, { command: 30_000 });
    closing.push(() => link.close());
    const history = new PublishHistory(dir);
    const journal = new PublishJournal(dir, link.where, generation.description, history, note);
    const total = sources.reduce((sum, { count }) => sum + count, 0);
    const show = meter("rows published", total, onProgress);
    const spaces: Space[] = [];
    let [written, bytes] = [0, 0];
    for (const source of sources) {
      const { space, done } = await journal.begin(link, source, buckets);
      spaces.push(space);
      show.add(done);
      written += source.count - done;
      bytes += (source.count - done) * source.rowBytes;
      await fill(link, space, source, done, { hash, show, journal, signal, batch });
      await verify(link, space, source, hash);
      await finish(link, space);
    }
    show.done();
    history.published(link.where, spaces);
    writePublished(dir, described(link.where, generation, sources, spaces));
    journal.end();
    const old = keep === undefined ? [] : history.beyond(link.where, keep);
    const rows = await removeSpaces(link, old, {
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
    history.removed(link.where, old);
    return {
      ...{ dir, address: link.where, generation: generation.description.number },
      spaces: sources.map(({ rows, count }, i) => ({ rows, count, generation: spaces[i].generation })),
      removed: { generations: old.length, rows },
      ...{ written, bytes, seconds: (performance.now() - start) / 1000 },
    };
  } finally {
    for (const close of closing.reverse()) {
      close();
    }
  }
}

/** Writes the rows from `done` on. */
async function fill(
  link: RedisLink,
  space: Space,
  source: PublishedSource,
  done: number,
  {
    hash,
    show,
    journal,
    signal,
    batch,
  }: { hash: Hasher; show: Meter; journal: PublishJournal; signal: AbortSignal | undefined; batch: number },
): Promise<void> {
  for (let from = done; from < source.count; from += batch) {
    signal?.throwIfAborted();
    const to = Math.min(source.count, from + batch);
    const rows = await rowsHere(source, from, to);
    await writeRows(link, space, source.names(from, to), rows, hash);
    journal.reached(source, to);
    show.add(to - from);
  }
}

/** Rows of this machine, [to − from, rowBytes]. */
async function rowsHere(source: PublishedSource, from: number, to: number): Promise<Uint8Array> {
  const { here, rowBytes } = source;
  const into = new Uint8Array((to - from) * rowBytes);
  await here.read(source.numbers(from, to), [{ from: 0, bytes: rowBytes, into }]);
  return into;
}

/** Reads some rows back, spread over all. @throws TwinError where one is another */
async function verify(link: RedisLink, space: Space, source: PublishedSource, hash: Hasher): Promise<void> {
  const { count, rowBytes } = source;
  const there = new RedisRows(link, { ...source, ...space, state: "writing" }, new Uint8Array(rowBytes), hash);
  const runs = Math.min(16, Math.ceil(count / sample));
  for (let run = 0; run < runs; run++) {
    const from = Math.floor((run * Math.max(0, count - sample / runs)) / Math.max(1, runs - 1));
    const to = Math.min(count, from + Math.ceil(sample / runs));
    const into = new Uint8Array((to - from) * rowBytes);
    const hits = await there.read(source.names(from, to), [{ from: 0, bytes: rowBytes, into }]);
    const rows = await rowsHere(source, from, to);
    const wrong = hits.findIndex(
      (hit, i) =>
        hit === 0 || into.subarray(i * rowBytes, (i + 1) * rowBytes).some((byte, j) => byte !== rows[i * rowBytes + j]),
    );
    if (wrong >= 0) {
      throw new TwinError(
        `${link.where}: of ${source.rows}, what was written as row ${from + wrong} ${hits[wrong] === 0 ? "is not there" : "reads otherwise"}: does something remove or change keys \`twin:*\` there (see its \`maxmemory-policy\`)? Nothing uses this generation; publish again`,
      );
    }
  }
}

function described(
  address: string,
  generation: Generation,
  sources: readonly PublishedSource[],
  spaces: readonly Space[],
): Published {
  const placed = (kind: PublishedSource["kind"]) =>
    sources.flatMap((source, i) =>
      source.kind === kind ? [{ source, space: { ...spaces[i], count: source.count } }] : [],
    );
  const [items] = placed("items");
  const { format: _, files: __, checksum: ___, ...own } = generation.description;
  return {
    format: 1,
    address,
    described: { format: 1, ...own },
    tables: recordOf(
      placed("table").map(({ source: { name }, space }) => [name, { ...space, rows: rowsOf(generation, name) }]),
    ),
    items: {
      ...items.space,
      layout: [...generation.store.features],
      absent: Buffer.from(generation.store.absent).toString("base64"),
    },
    embeddings: recordOf(
      placed("embedding").map(({ source: { name, rowBytes, fingerprint }, space }) => [
        name,
        { ...space, dim: rowBytes / 4, fingerprint },
      ]),
    ),
  };
}

function rowsOf({ tables }: Generation, name: string): Published["tables"][string]["rows"] {
  const { precision, width, heads } = tables.get(name)!.format;
  return { precision, width, heads: [...heads] };
}
