// Where the items of a table build come from: files or the generation before, and what was put in since.
import { join } from "node:path";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import { recordOf } from "../../contract/record.ts";
import { vectorsOf } from "../../contract/vectors-of.ts";
import {
  type Binding,
  coverTables,
  expectSameVectors,
  itemKeyType,
  type KeyType,
  openItems,
  type Source,
  saidRenamed,
  type TableCover,
} from "../data/index.ts";
import { madeBy } from "../delta/delta-description.ts";
import { attempt } from "../host/files.ts";
import { linkFile } from "../host/link-folder.ts";
import { keyFeature } from "../projection/index.ts";
import type { Artefacts } from "../serve/index.ts";
import {
  currentGeneration,
  Generation,
  generationFolder,
  ItemStore,
  type PendingDeltas,
  pendingDeltas,
  readGeneration,
} from "../store/index.ts";
import { type EncodedChunk, expectCount, readItems, storedItems, withDelta } from "./encoded-chunks.ts";
import type { Reuse } from "./reuse.ts";
import { storeItems } from "./store-items.ts";
import { type RowsInput, storeBatch } from "./write-rows.ts";

type Warn = ((message: string) => void) | undefined;

/** Where the items of a build come from. */
export interface BuildInput extends Omit<RowsInput, "jobs"> {
  /** Column of the key feature. */
  readonly feature: string;
  readonly tables: Readonly<Record<string, TableCover & { readonly cut: number | null }>>;
  readonly supplied: readonly string[];
  readonly pending: PendingDeltas;
  /** Items that there were; after `jobs`. */
  counted(): number;
  jobs(reuse: Reuse | null, ...given: Parameters<RowsInput["jobs"]>): ReturnType<RowsInput["jobs"]>;
}

/** Items from the binding's files: read, encoded, stored, indexed. */
export async function fromItems(
  source: Source,
  binding: Binding,
  artefacts: Artefacts,
  warn: Warn,
): Promise<BuildInput> {
  const { dir, manifest } = artefacts;
  await expectSameVectors(binding, manifest.features, vectorsOf(manifest), dir);
  const feature = keyFeature(manifest);
  const keyType = await itemKeyType(source, binding, feature);
  const items = await openItems(source, binding, artefacts.itemFeatures, keyType);
  for (const heading of saidRenamed(items.relation)) {
    warn?.(heading);
  }
  const total = await items.check();
  const cover = await coverTables(source, binding, items, keyType, total, manifest.tables, manifest.histories);
  const pending = await takenIn(dir, manifest, keyType, warn);
  const { delta } = pending;
  const added = delta?.counts().items ?? 0;
  let count = 0;
  return {
    items: total + added,
    keyType,
    feature: feature.column,
    tables: recordOf(
      Object.entries(cover.tables).map(([name, table]) => {
        const cut = table.rows > total ? null : table.rows;
        return [name, { ...table, cut, rows: roomFor(table.rows, cut, added) }] as const;
      }),
    ),
    supplied: items.supplied,
    store: null,
    pending,
    check: () => Promise.resolve(),
    counted: () => count,
    jobs(reuse, partial, header, batch, seconds) {
      let read = 0;
      const all = counting(readItems({ items, order: cover.order, artefacts, keyType, batch, seconds }), (found) => {
        read += found;
      });
      const chunks = delta === null ? all : withDelta(delta, all, batch);
      const counted = (found: number): void => {
        expectCount(items.relation.name, total, read);
        count = found;
      };
      return storeItems({ chunks, manifest, keyType, partial, header, seconds, reuse, counted });
    },
  };
}

async function* counting(
  chunks: AsyncIterable<EncodedChunk>,
  count: (items: number) => void,
): AsyncGenerator<EncodedChunk> {
  for await (const chunk of chunks) {
    count(chunk.keys.length);
    yield chunk;
  }
}

/** Items of the current generation, as they were encoded. */
export async function fromStore(artefacts: Artefacts, incremental: boolean, warn: Warn): Promise<BuildInput> {
  const { dir, manifest } = artefacts;
  const number = currentGeneration(dir);
  if (number === null) {
    throw new TwinError(`${dir} has no built tables yet: twin table build ${dir} --data DATA`);
  }
  const folder = generationFolder(dir, number);
  const description = readGeneration(folder);
  if (description.fingerprints.encoders !== encodersFingerprint(manifest)) {
    throw new TwinError(
      `${folder}: the item features or their encoders have changed since the item store was made; build from the items: twin table build ${dir} --data data.yaml`,
    );
  }
  const path = join(folder, description.store);
  const store = await ItemStore.open(path, { memoryLimit: 0 });
  store.close();
  const keyType = description.key.type;
  const pending = await takenIn(dir, manifest, keyType, warn);
  const { delta } = pending;
  const added = delta?.counts().items ?? 0;
  const cover = Object.keys(manifest.tables).map((name) => {
    const before = description.tables[name];
    if (before === undefined) {
      throw new TwinError(
        `${folder} has no table ${name} yet; build from the items: twin table build ${dir} --data data.yaml`,
      );
    }
    const cut = before.cut ?? (before.rows > description.items ? null : before.rows);
    return [
      name,
      { rows: roomFor(before.rows, cut, added), cut, reached: before.coverage_reached, note: null },
    ] as const;
  });
  // Where nothing is put in between, the files are those of before.
  const shares = delta === null && !incremental;
  let count = description.items;
  return {
    items: description.items + added,
    keyType,
    feature: description.key.feature,
    tables: recordOf(cover),
    supplied: [],
    store: shares ? { path, features: store.features } : null,
    pending,
    counted: () => count,
    async check(): Promise<void> {
      (await Generation.open(dir, { number, memoryLimit: 0 })).close();
    },
    async *jobs(reuse, partial, header, batch, seconds) {
      if (!shares) {
        const own = storedItems(folder, description, store.features, batch);
        const chunks = delta === null ? own : withDelta(delta, own, batch);
        const counted = (found: number): void => {
          count = found;
        };
        yield* storeItems({ chunks, manifest, keyType, partial, header, seconds, reuse, counted });
        return;
      }
      attempt("write", partial, () => {
        linkFile(path, join(partial, "items.store"));
        linkFile(join(folder, description.index), join(partial, "keys.index"));
      });
      for (let first = 1; first <= description.items; first += storeBatch(batch)) {
        yield { first, items: Math.min(storeBatch(batch), description.items + 1 - first), columns: null };
      }
    },
  };
}

/** What was put in since the generation before. */
async function takenIn(
  dir: string,
  manifest: Artefacts["manifest"],
  type: KeyType,
  warn: Warn,
): Promise<PendingDeltas> {
  const pending = await pendingDeltas(dir, madeBy(manifest, type));
  if (pending.foreign > 0) {
    warn?.(
      `${pending.foreign} deltas are not taken in, because they were encoded otherwise (an encoder, a bucket edge or a vocabulary has changed): put in again what the data do not hold (twin table upsert ${dir} --items …)`,
    );
  }
  return pending;
}

/** Rows beyond a table's cut that it has at least for items put in after it was cut. */
const leastReserve = 1024;

/**
 * Rows of a table to which items are added, the miss row among them. They stand before all others; beyond a tenth more than
 * it was cut to, the last of the others go, which the log had least often.
 * @param cut rows that coverage asked for; null: it holds every item
 */
function roomFor(rows: number, cut: number | null, added: number): number {
  return cut === null ? rows + added : Math.min(rows + added, cut + Math.max(leastReserve, Math.ceil(cut / 10)));
}
