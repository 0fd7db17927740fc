// Items through the projector into the files of their tables: of a generation, or of a delta.
import { join } from "node:path";
import type { Manifest } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import type { KeyType } from "../data/index.ts";
import type { meter } from "../host/progress.ts";
import { type KeptRows, type Piece, type Projector, projectionPlan, pump, rowFormat } from "../projection/index.ts";
import { type ItemStore, newFile } from "../store/index.ts";
import { rowBytes } from "../table/precision.ts";
import { TableWriter } from "../table/table-writer.ts";
import { projectorFiles } from "./open-projection.ts";
import { localProjector, threadProjector } from "./pool.ts";

/** Encoded items, wherever they come from. */
export interface RowsInput {
  readonly items: number;
  readonly keyType: KeyType;
  /** The item store that is there already; null: `jobs` writes it. */
  readonly store: { readonly path: string; readonly features: ItemStore["features"] } | null;
  /** Whether all files that are read are whole and belong together. */
  check(): Promise<void>;
  jobs(
    partial: string,
    header: Readonly<Record<string, unknown>>,
    batch: number,
    seconds: { read: number; encode: number; write: number },
  ): AsyncGenerator<Omit<Piece, "done">>;
}

export interface WriteRowsOptions {
  /** The build folder. */
  readonly dir: string;
  readonly manifest: Manifest;
  /** Where the files go. */
  readonly partial: string;
  /** What the files' headers say. */
  readonly header: Readonly<Record<string, unknown>>;
  /** Rows of each table, the miss row among them. */
  readonly rows: Readonly<Record<string, number>>;
  readonly input: RowsInput;
  /** Seconds are added here. */
  readonly seconds: { read: number; encode: number; project: number; rows: number; write: number };
  readonly progress?: ReturnType<typeof meter>;
  /** Throws where the work is to stop. */
  readonly stopped: () => void;
  readonly workers?: number;
  readonly providers?: readonly string[] | undefined;
  readonly measureLoss?: boolean;
  readonly batch?: number;
  readonly warn?: (message: string) => void;
}

/** Fewer items than this are projected in this thread: a thread would take longer to start. */
const fewItems = 20_000;

/** From the store whole ranges of blocks are taken at once, so that few blocks are read twice. */
export const storeBatch = (batch: number): number => 4 * batch;

export interface WrittenRows {
  /** Largest error of narrower rows by table. */
  readonly loss: ReadonlyMap<string, number>;
  /** Rows of each table, the miss row among them: fewer than asked for where there were fewer items. */
  readonly rows: Readonly<Record<string, number>>;
  /** Seconds from the first item sent to the last row written. */
  readonly flow: number;
}

export async function writeRows(options: WriteRowsOptions): Promise<WrittenRows> {
  const { dir, manifest, partial, header, rows, input, seconds, progress, stopped, warn } = options;
  const { batch = 8192, measureLoss = true, workers = 2, providers = ["cpu"] } = options;
  let starting: Promise<Projector> | null = null;
  const writers = new Map<string, TableWriter>();
  const loss = new Map<string, number>();
  try {
    // A device has one session: several would wait for each other.
    const inThread = workers === 0 || input.items < fewItems || providers[0] !== "cpu";
    const plan = projectionPlan(dir, manifest, rows, measureLoss);
    if (plan !== null) {
      const work = { projector: projectorFiles(dir, manifest, plan, inThread ? 2 : 1, providers), store: input.store };
      // The database hands out whole pieces of 2,048 rows, so that a batch may be that much larger.
      const largest = Math.min(input.store ? storeBatch(batch) : batch + 2048, input.items);
      starting = inThread ? localProjector(work, largest, warn) : threadProjector(work, workers, largest);
      // Its error is thrown when its turn comes.
      starting.catch(() => undefined);
    }
    // The threads start meanwhile.
    await input.check();
    for (const [name, table] of Object.entries(manifest.tables)) {
      const prints = { producer: manifest.fingerprints.producer[name], key: input.keyType };
      writers.set(
        name,
        await TableWriter.create(newFile(join(partial, `${name}.table`)), rowFormat(table), { ...header, ...prints }),
      );
    }
    const projector = await starting;
    const take = async (piece: Piece): Promise<void> => {
      const start = performance.now();
      for (const [name, writer] of writers) {
        const projected = piece.done?.rows.get(name);
        const encoded =
          piece.kept === undefined ? projected : filledIn(name, piece.kept, projected, rows[name], manifest);
        if (encoded !== undefined) {
          await writer.writeEncoded(encoded);
        }
      }
      for (const [name, most] of Object.entries(piece.done?.projected.loss ?? {})) {
        loss.set(name, Math.max(loss.get(name) ?? 0, most));
      }
      seconds.project += piece.done?.projected.project ?? 0;
      seconds.rows += piece.done?.projected.encode ?? 0;
      seconds.read += piece.done?.read ?? 0;
      seconds.write += (performance.now() - start) / 1000;
      progress?.add(piece.kept?.items ?? piece.items);
    };
    const most = Math.max(0, ...Object.values(rows));
    const flowing = performance.now();
    await pump(input.jobs(partial, header, batch, seconds), projector, most, take, stopped);
    const start = performance.now();
    for (const writer of writers.values()) {
      stopped();
      await writer.finish();
    }
    await projector?.close();
    starting = null;
    seconds.write += (performance.now() - start) / 1000;
    const written = recordOf([...writers].map(([name, writer]) => [name, writer.rows]));
    return { loss, rows: written, flow: (start - flowing) / 1000 };
  } catch (error) {
    for (const writer of writers.values()) {
      await writer.abort();
    }
    throw error;
  } finally {
    const projector = await starting?.catch(() => null);
    await projector?.close();
  }
}

/** The rows of a range of items in a table, those that were projected among them. @param most rows of the table */
function filledIn(
  table: string,
  { first, items, changed, rows }: KeptRows,
  projected: Uint8Array | undefined,
  most: number,
  { tables }: Manifest,
): Uint8Array | undefined {
  const count = Math.min(items, most - first);
  const all = rows.get(table);
  if (count <= 0 || all === undefined) {
    return undefined;
  }
  const bytes = rowBytes(rowFormat(tables[table]));
  for (let i = 0; i < changed.length && changed[i] < count; i++) {
    if (projected === undefined) {
      throw new Error(`no row of table ${table} came of a projection`);
    }
    all.set(projected.subarray(i * bytes, (i + 1) * bytes), changed[i] * bytes);
  }
  return all.subarray(0, count * bytes);
}
