// The fewest items whose behaviours make up a share of those that requests of a log would see: what a pack is cut for.
import { TwinError } from "../../contract/error.ts";
import { recordOf } from "../../contract/record.ts";
import { type Binding, boundFiles, chosenPairs, coverTables, itemKeyType, openItems, Source } from "../data/index.ts";
import { readManifest } from "../host/manifest-file.ts";
import { keyFeature } from "../projection/index.ts";

export interface CoveringItems {
  readonly keys: readonly (bigint | string)[];
  /** What could not be done as asked, by history. */
  readonly notes: readonly string[];
  /**
   * Share of the log's (request, behaviour) pairs whose behaviour is one of the items `has` says yes to, by their places in
   * `keys`: of one history, or of the one of which it is least; null where the log has none.
   */
  share(has: (place: number) => boolean, history?: string): number | null;
}

/**
 * @param coverage share of every history's behaviours
 * @throws TwinError where the data names no log, or `signal` stops it
 */
export async function coveringItems(
  dir: string,
  binding: Binding,
  coverage: number,
  signal?: AbortSignal,
): Promise<CoveringItems> {
  const manifest = readManifest(dir);
  const { histories } = manifest;
  if (binding.events === null) {
    throw new TwinError(
      `${binding.place()}: it names no event log, and coverage is a share of its behaviours; add \`events:\`, or name the items: --items ids.txt`,
    );
  }
  const source = await Source.open({ reads: boundFiles(binding) });
  const stop = (): void => source.connection.interrupt();
  signal?.addEventListener("abort", stop);
  try {
    const keyType = await itemKeyType(source, binding, keyFeature(manifest));
    const items = await openItems(source, binding, [], keyType);
    const total = await items.check();
    const wanted = recordOf(histories.map(({ name }) => [name, { coverage, min_count: 0, history: name }] as const));
    const { tables, order } = await coverTables(source, binding, items, keyType, total, wanted, histories);
    const covers = Object.entries(tables);
    const count = Math.max(0, ...covers.map(([, { rows }]) => rows - 1));
    const keys: (bigint | string)[] = [];
    /** Of each key, its place in the order. */
    const places: number[] = [];
    let place = 0;
    for await (const chunk of items.chunks(8192, order ?? undefined)) {
      for (const key of chunk.keys) {
        if (place < count && key !== null) {
          keys.push(key);
          places.push(place);
        }
        place++;
      }
      if (place >= count) {
        break;
      }
    }
    const pairs = await chosenPairs(source, histories.length, count);
    const counted = histories.map(({ name }, i) => ({
      history: name,
      total: pairs[i].total,
      pairs: Float64Array.from(places, (at) => pairs[i].pairs[at]),
    }));
    return {
      keys,
      notes: covers.flatMap(([history, { note }]) => (note === null ? [] : [`history ${history}: ${note}`])),
      share(has, history) {
        const shares = counted
          .filter(({ history: name, total }) => total > 0 && (history === undefined || name === history))
          .map(({ total, pairs: own }) => own.reduce((all, one, i) => (has(i) ? all + one : all), 0) / total);
        return shares.length === 0 ? null : Math.min(...shares);
      },
    };
  } catch (error) {
    if (signal?.aborted) {
      throw new TwinError("choosing the items was stopped", { cause: error });
    }
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    source.close();
  }
}
