// Several tables over the same items: what a request has beside the tables' rows need not be prepared for each of them.
import { tablesRead } from "../../contract/ports.ts";
import { type Engine, KernelSide, rowsOfTables, tablesOf, type UserSide } from "../request/index.ts";
import { allow } from "../table/freshness.ts";
import type { OpenGeneration } from "../table/live-tables.ts";

/** Whether keys and features of items are read from the same place. */
export function sameItems(a: OpenGeneration | null, b: OpenGeneration | null): boolean {
  return a?.store === b?.store && a?.keys === b?.keys;
}

/**
 * A user's side whose search reads other tables over the same items.
 * @throws TwinError where such a table may not be used
 */
export async function withTables(engine: Engine, side: UserSide, generation: OpenGeneration | null): Promise<UserSide> {
  const { manifest, dir } = engine.artefacts;
  // The kernel reads those of all products at once; a graph that searches those of its own inputs.
  const read = side.kernel === null ? tablesRead(manifest, "search") : tablesOf(manifest, side.route);
  const freshness = generation?.freshness(Date.now() / 1000) ?? [];
  for (const found of freshness) {
    if (read.includes(found.table)) {
      allow(found, engine.tables.maxStaleness, dir);
    }
  }
  const tables = await rowsOfTables(engine, read, side.histories, generation);
  // Another user to the kernel: its operands are others.
  const kernel = side.kernel === null ? null : new KernelSide(side.kernel.planned);
  return { ...side, generation, freshness, tables, kernel };
}
