// The fewest items whose behaviours make up a share of those that requests of a log would see: what a pack is cut for.
import { TwinError } from "../../contract/error.ts";
import { recordOf } from "../../contract/record.ts";
import { type Binding, boundFiles, coverTables, itemKeyType, openItems, Source } from "../data/index.ts";
import { readManifest } from "../host/manifest-file.ts";
import { keyFeature } from "../projection/index.ts";

export interface CoveringItems {
  readonly keys: readonly (bigint | string)[];
  /** Share of the log's (request, behaviour) pairs, of the history of which it is least; null where it has none. */
  readonly reached: number | null;
}

/** @param coverage share of every history's behaviours @throws TwinError where the data names no log */
export async function coveringItems(dir: string, binding: Binding, coverage: number): Promise<CoveringItems> {
  const manifest = readManifest(dir);
  const { histories } = manifest;
  if (binding.events === null) {
    throw new TwinError(
      `${binding.place()}: it names no event log, and coverage is a share of its behaviours; add \`events:\`, or name the items: --items ids.txt`,
    );
  }
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const keyType = await itemKeyType(source, binding, keyFeature(manifest));
    const items = await openItems(source, binding, [], keyType);
    const total = await items.check();
    const wanted = recordOf(histories.map(({ name }) => [name, { coverage, min_count: 0, history: name }] as const));
    const cover = await coverTables(source, binding, items, keyType, total, wanted, histories);
    const covers = Object.values(cover.tables);
    const count = Math.max(0, ...covers.map(({ rows }) => rows - 1));
    const keys: (bigint | string)[] = [];
    for await (const chunk of items.chunks(8192, cover.order ?? undefined)) {
      for (const key of chunk.keys) {
        if (keys.length < count && key !== null) {
          keys.push(key);
        }
      }
      if (keys.length >= count) {
        break;
      }
    }
    const shares = covers.flatMap(({ reached }) => (reached === null ? [] : [reached]));
    return { keys, reached: shares.length === 0 ? null : Math.min(...shares) };
  } finally {
    source.close();
  }
}
