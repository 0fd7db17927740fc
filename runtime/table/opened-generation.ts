// A generation whose parts were opened, as a request sees it: whether its items and tables fit the build.
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { parseKeys } from "../encode/keys.ts";
import { freshness } from "./freshness.ts";
import type { GenerationFile, GenerationParts } from "./generation-description.ts";
import type { ItemRows } from "./item-rows.ts";
import type { OpenGeneration, OpenTable } from "./live-tables.ts";
import type { RowKeys } from "./table-store.ts";

/** The build folder whose tables they are. */
export interface TablesHome {
  readonly dir: string;
  readonly manifest: Manifest;
}

/** The parts of a generation, however they were opened. */
export interface OpenParts extends GenerationParts {
  readonly description: GenerationFile;
  readonly store: GenerationParts["store"] & ItemRows;
  readonly tables: ReadonlyMap<string, OpenTable>;
}

/**
 * @param encoders the fingerprint of the build's encoders
 * @param hold as `OpenGeneration` has it
 */
export function openedGeneration(
  { manifest, dir }: TablesHome,
  { description, index, store, tables }: OpenParts,
  encoders: string,
  hold: () => () => void,
): OpenGeneration {
  const made = {
    madeAt: description.made_at,
    fingerprints: { producer: description.fingerprints.producer, metric: description.fingerprints.metric },
  };
  const misfit =
    description.fingerprints.encoders === encoders
      ? null
      : "its items were encoded otherwise (an encoder, a bucket edge, a vocabulary or given vectors have changed)";
  return {
    number: description.number,
    hold,
    items: description.items,
    store: {
      where: store.where,
      rowBytes: store.rowBytes,
      fields: store.fields,
      get absent() {
        return store.absent;
      },
      ...(store.locate && { locate: (keys: RowKeys) => store.locate!(keys) }),
      async read(keys, into, how) {
        // Records of other encoders would be others: their rows may lie outside the embedding tables.
        if (misfit !== null && into.length > 0) {
          throw new TwinError(
            `the item store in ${dir} cannot be used: ${misfit}. Rebuild it: twin table build ${dir} --data data.yaml`,
          );
        }
        return store.read(keys, into, how);
      },
    },
    keys: (keys, where) => parseKeys(keys, index.type, where),
    table: (name) => tables.get(name) ?? null,
    freshness: (now) =>
      Object.keys(manifest.tables).map((table) => {
        const found = freshness(manifest, table, made, now);
        const because = misfit ?? shapeMisfit(manifest, tables, table);
        return because === null ? found : { ...found, state: "refused", because };
      }),
  };
}

function shapeMisfit(manifest: Manifest, tables: OpenParts["tables"], table: string): string | null {
  const found = tables.get(table);
  const { width } = manifest.tables[table];
  if (found === undefined || found.format.width === width) {
    return null;
  }
  return `its rows are ${found.format.width} wide instead of ${width}`;
}
