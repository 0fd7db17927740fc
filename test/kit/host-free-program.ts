// A page's whole life without a host: data is made, a model compiled, trained, stopped, resumed, its table written, requests
// ranked and measured. Bundled for a browser and run where nothing of Node is; sessions are given.
import { compile } from "../../compiler/index.ts";
import { headerBytes } from "../../contract/block-format.ts";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { graphInputs } from "../../contract/ports.ts";
import { MemorySink } from "../../runtime/bytes/byte-sink.ts";
import { memorySource } from "../../runtime/bytes/byte-source.ts";
import { readTensors } from "../../runtime/bytes/tensor-file.ts";
import type { EncodeContext } from "../../runtime/encode/context.ts";
import { parseKeys } from "../../runtime/encode/keys.ts";
import type { RawValue } from "../../runtime/encode/raw.ts";
import { type HitRate, hitRates, type RankedRequest } from "../../runtime/hit-rate/index.ts";
import { encodeLog, type MetricsLine, type RawLog } from "../../runtime/learn/index.ts";
import type { MemoryDataset } from "../../runtime/learn/memory-dataset.ts";
import {
  BestAuc,
  eventColumns,
  eventRows,
  itemColumns,
  itemRows,
  type PlantedColumn,
  type PlantedRow,
  shelf,
  userColumns,
  userRows,
  type WorldSize,
} from "../../runtime/planted/index.ts";
import { keyFeature, projectionPlan, rowFormat } from "../../runtime/projection/plan.ts";
import { Projection, rowsIn, slotBytes } from "../../runtime/projection/projection.ts";
import { type Engine, KernelUse, Sessions, statsTaken, Variants } from "../../runtime/request/index.ts";
import type { GraphSession } from "../../runtime/session/session.ts";
import { tensorOf } from "../../runtime/session/session.ts";
import { ItemStoreWriter, storedFeatures } from "../../runtime/table/item-store-writer.ts";
import { KeyIndex } from "../../runtime/table/key-index.ts";
import { buildKeyIndex, writeKeyIndex } from "../../runtime/table/key-index-build.ts";
import type { OpenGeneration, OpenTable } from "../../runtime/table/live-tables.ts";
import { type Locate, locator } from "../../runtime/table/locate.ts";
import { MemoryRows } from "../../runtime/table/memory-rows.ts";
import type { RowKeys } from "../../runtime/table/table-store.ts";
import { TableWriter } from "../../runtime/table/table-writer.ts";
import { runs } from "./page-run.ts";

/** Opens the graphs of a build, whose files are given by path. */
export type OpenBuild = (files: ReadonlyMap<string, Uint8Array>) => (path: string) => Promise<GraphSession>;

export interface LifeOptions {
  readonly source: string;
  readonly size: WorldSize;
  readonly cover: number;
  readonly steps: number;
  /** Requests of so many users are measured. */
  readonly requests: number;
  readonly open: OpenBuild;
}

/** Everything that a test may want to look at. */
export interface Life {
  readonly dataset: MemoryDataset;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly bestAuc: number;
  /** Before the first step, and at each evaluation. */
  readonly aucs: readonly number[];
  /** How the three runs ended: the one that never stopped, the one that was stopped, the one that went on. */
  readonly ends: readonly string[];
  /** Of the run that never stopped, and of the one that went on. */
  readonly logs: readonly [readonly MetricsLine[], readonly MetricsLine[]];
  /** At the end: of the run that never stopped, and of the one that went on from the middle. */
  readonly checkpoints: readonly [Uint8Array, Uint8Array];
  readonly table: Uint8Array;
  readonly store: Uint8Array;
  readonly index: Uint8Array;
  readonly requests: readonly RankedRequest[];
  readonly hitRates: readonly HitRate[];
}

const split = { train: 0.8, validation: 0.9 };

export async function live(options: LifeOptions): Promise<Life> {
  const { log, bestAuc } = planted(options.size, options.cover);
  const hash = await hasher();
  const untrained = build(options.source);
  const context = (where: string, now?: number): EncodeContext => {
    const vocabulary = () => {
      throw new Error("this model has no vocabulary");
    };
    return now === undefined ? { hasher: hash, vocabulary, where } : { hasher: hash, vocabulary, where, now };
  };
  const dataset = encodeLog(log, untrained.manifest, context);
  const open = own(options.open(untrained.files));
  const run = runs(untrained, dataset, open, options.steps, hash);
  const straight = await run(null, null);
  const half = await run(options.steps >> 1, null);
  const resumed = await run(null, half.place);
  const weights = made(straight.place.lastWeights);
  const trained = build(options.source, weights);
  const served = own(options.open(trained.files));
  const tables = await writeTables(trained.manifest, dataset, log, served);
  const engine = await serving(trained.manifest, dataset, tables, served, context);
  const requests = requestsOf(log, options.requests);
  const rates = (await hitRates([engine], requests))[0];
  await engine.sessions.close();
  return {
    dataset,
    files: trained.files,
    bestAuc,
    aucs: straight.aucs,
    ends: [straight.ended, half.ended, resumed.ended],
    checkpoints: [made(straight.place.lastCheckpoint), made(resumed.place.lastCheckpoint)],
    logs: [straight.place.lines, resumed.place.lines],
    table: tables.table.bytes,
    store: tables.store.bytes,
    index: tables.index.bytes,
    requests,
    hitRates: rates,
  };
}

/** What a run has written by its end. */
function made(bytes: Uint8Array | null): Uint8Array {
  if (bytes === null) {
    throw new Error("the run has written nothing");
  }
  return bytes;
}

/** Sessions come from another realm: what they give is copied into arrays of this one. */
function own(open: (path: string) => Promise<GraphSession>): (path: string) => Promise<GraphSession> {
  return async (path) => {
    const session = await open(path);
    return {
      provider: session.provider,
      async run(feeds) {
        const outputs = await session.run(feeds);
        return Object.fromEntries(
          Object.entries(outputs).map(([name, { dtype, shape, data }]) => {
            const copied = dtype === "float32" ? Float32Array.from(data) : Int32Array.from(data);
            return [name, tensorOf(copied, [...shape])] as const;
          }),
        );
      },
      close: () => session.close(),
    };
  };
}

function planted(size: WorldSize, cover: number): { log: RawLog; bestAuc: number } {
  const best = new BestAuc();
  const stock = shelf(size);
  const events: PlantedRow[] = [];
  for (let user = 0; user < size.users; user++) {
    for (const { row, truth, click } of eventRows(size, stock, user)) {
      best.add(truth, click);
      events.push(row);
    }
  }
  const table = (columns: readonly PlantedColumn[], rows: readonly PlantedRow[]) => ({
    rows: rows.length,
    columns: Object.fromEntries(columns.map(([name], i) => [name, rows.map((row): RawValue => row[i])] as const)),
  });
  return {
    bestAuc: best.value(),
    log: {
      items: { ...table(itemColumns(cover), [...itemRows(size, cover)]), key: "video_id" },
      users: { ...table(userColumns, [...userRows(size)]), key: "user_id" },
      events: { ...table(eventColumns, events), user: "user_id", item: "video_id", time: "time" },
      split,
    },
  };
}

function build(source: string, weights?: Uint8Array) {
  const file = weights && readTensors(memorySource("weights", weights));
  const from = file && {
    tensors: file.entries,
    step: Number(file.metadata.step),
    read: (name: string) => file.read(name),
    chunks: (name: string) => file.chunks(name),
    path: file.path,
  };
  const options = { version: "0.0.0", vocabularies: new Map(), resolve: () => source, ...(from && { weights: from }) };
  const { model, manifest, files, diagnostics } = compile("page.twin", options);
  if (!model || !manifest) {
    throw new Error(diagnostics[0].title);
  }
  const all = files.map(({ path, content, bytes }): [string, Uint8Array] => {
    if (content instanceof Uint8Array) {
      return [path, content];
    }
    const whole = new Uint8Array(bytes);
    let at = 0;
    for (const piece of content()) {
      whole.set(piece, at);
      at += piece.length;
    }
    return [path, whole];
  });
  return { model, manifest, files: new Map(all) };
}

interface Tables {
  readonly table: MemorySink;
  readonly store: MemorySink;
  readonly index: MemorySink;
  readonly keys: ReturnType<typeof parseKeys>;
  readonly rowBytes: number;
}

async function writeTables(
  manifest: Manifest,
  { items }: MemoryDataset,
  log: RawLog,
  open: (path: string) => Promise<GraphSession>,
): Promise<Tables> {
  const [name] = Object.keys(manifest.tables);
  const plan = projectionPlan("page", manifest, { [name]: items.count }, false);
  if (plan === null) {
    throw new Error("the model has no table");
  }
  const projection = new Projection(plan, await open(plan.graph), null);
  const format = rowFormat(manifest.tables[name]);
  const [table, store, index] = ["table", "items", "index"].map((one) => new MemorySink(one));
  const rows = await TableWriter.create(table, format, { key: "int64" });
  const records = await ItemStoreWriter.create(store, manifest.features);
  const part = 100;
  const memory = new ArrayBuffer(slotBytes(plan, part));
  for (let first = 1; first < items.count; first += part) {
    const count = Math.min(part, items.count - first);
    const columns = new Map(
      storedFeatures(manifest.features).map(({ name: feature }) => {
        const column = items.columns[feature];
        const width = column.length / items.count;
        return [feature, column.slice(first * width, (first + count) * width)] as const;
      }),
    );
    const { bytes } = await projection.run(columns, first, count, new Uint8Array(memory));
    for (const encoded of rowsIn(memory, bytes).values()) {
      await rows.writeEncoded(encoded);
    }
    await records.write(columns, count);
  }
  await rows.finish();
  await records.finish();
  await projection.close();
  const raw = log.items.columns[keyFeature(manifest).column] as readonly bigint[];
  const keys = parseKeys(raw, "int64", "items");
  await writeKeyIndex(index, keys);
  return { table, store, index, keys, rowBytes: 4 * format.width };
}

async function serving(
  manifest: Manifest,
  { items }: MemoryDataset,
  { table, store, keys, rowBytes }: Tables,
  open: (path: string) => Promise<GraphSession>,
  context: (where: string, now?: number) => EncodeContext,
): Promise<Engine> {
  const { fields, parts } = buildKeyIndex(keys, await hasher());
  const memory = [...parts].map((part) => part.slice().buffer);
  const locate = locator(await KeyIndex.attach({ path: "index", fields, parts: memory }));
  const payload = (sink: MemorySink, bytes: number) => sink.bytes.slice(headerBytes, headerBytes + items.count * bytes);
  const stored = storedFeatures(manifest.features);
  let words = 0;
  const places = new Map(
    stored.map((feature) => {
      const width = items.columns[feature.name].length / items.count;
      const from = 4 * words;
      words += width;
      const dtype = items.columns[feature.name] instanceof Int32Array ? "int32" : "float32";
      return [feature.name, { dtype, from, words: width } as const] as const;
    }),
  );
  const rowsOf = (where: string, bytes: number, memory: Uint8Array, by: Locate) =>
    new MemoryRows(where, items.count, [{ from: 0, bytes, memory }], by);
  const [name] = Object.keys(manifest.tables);
  const bytes = payload(table, rowBytes);
  const rows = rowsOf("table", rowBytes, bytes, locate);
  const values = new Float32Array(bytes.buffer);
  const opened: OpenTable = Object.assign(rows, {
    format: rowFormat(manifest.tables[name]),
    floats: async () => ({ values, row: (asked: RowKeys) => rows.locate(asked) }),
    stored: async () => null,
  });
  const generation: OpenGeneration = {
    number: 1,
    hold: () => () => undefined,
    items: items.count - 1,
    store: Object.assign(rowsOf("items", 4 * words, payload(store, 4 * words), locate), { fields: places }),
    keys: (raw, where) => parseKeys(raw, "int64", where),
    table: (asked) => (asked === name ? opened : null),
    freshness: () => [],
  };
  const graphs = manifest.graphs as Readonly<Record<string, { readonly file: string }>>;
  return {
    artefacts: {
      dir: `page ${encodersFingerprint(manifest)}`,
      manifest,
      inputs: graphInputs(manifest),
      statsTaken: statsTaken(manifest, graphInputs(manifest)),
      itemFeatures: manifest.features.filter(({ group }) => group === "item"),
      outside: null,
      context,
    },
    sessions: new Sessions((graph) => open(graphs[graph].file)),
    tables: { maxStaleness: Number.MAX_SAFE_INTEGER, current: () => generation },
    variants: new Variants(manifest, () => undefined),
    kernel: new KernelUse(manifest, "auto", null, { lanes: 1, startLane: null, maxBytes: 1 << 26 }),
    wholeTables: true,
    scoreBytes: 1 << 26,
  };
}

/** The last event of some users, with all that they did before, as requests. */
function requestsOf({ users, events }: RawLog, count: number): RankedRequest[] {
  const of = (name: string) => events.columns[name];
  return Array.from({ length: count }, (_, user): RankedRequest => {
    const id = users.columns.user_id[user];
    const mine = Array.from(of("user_id").keys()).filter((row) => of("user_id")[row] === id);
    const last = mine[mine.length - 1];
    const past = mine.slice(0, -1);
    const column = (name: string) => past.map((row) => of(name)[row]);
    const time = Number(of("time")[last]);
    return {
      prepare: {
        user: { user_id: id, age: users.columns.age[user] },
        time,
        history: {
          watched: {
            item: column("video_id") as bigint[],
            time: column("time").map(Number),
            progress: column("progress"),
            liked: column("liked"),
          },
        },
      },
      rank: {
        context: { hour: of("hour")[last], tab: of("tab")[last] },
        candidates: {
          item: mine.slice(-8).map((row) => of("video_id")[row]) as bigint[],
          recall_score: mine.slice(-8).map((row) => of("recall_score")[row]),
        },
      },
    };
  });
}
