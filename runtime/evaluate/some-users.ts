// Which users of prepared data `--users N` means: those of whom requests are read, by the same condition on the log.

import type { Manifest } from "../../contract/manifest.ts";
import { type Binding, boundFiles, partNumbers, Source, sampleColumns, someUsers } from "../data/index.ts";
import { numbersOf } from "../encode/data-column.ts";
import type { Part } from "../learn/index.ts";

/**
 * Ordinals in the prepared data of at most `count` users who have samples of a part.
 * @param samples `all`: rows without a label count as well
 * @throws TwinError naming file and column of what cannot be read
 */
export async function ordinalsOfSome(
  binding: Binding,
  manifest: Manifest,
  part: Part,
  count: number,
  samples?: "all",
): Promise<Set<number>> {
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const labelled = samples !== "all";
    const columns = await sampleColumns(source, binding, manifest, null, labelled);
    // Prepared data count the users of the whole log in the order of their keys.
    const every = `SELECT DISTINCT "#user" FROM (${columns.events.select})`;
    const numbered = `SELECT "#user", row_number() OVER (ORDER BY "#user") - 1 AS ordinal FROM (${every})`;
    const where = someUsers(columns, count, partNumbers[part], labelled);
    const query = `SELECT CAST(ordinal AS DOUBLE) AS ordinal FROM (${numbered}) WHERE ${where}`;
    const chosen = new Set<number>();
    for await (const { rows, columns: found } of source.stream(query, 65_536, columns.explain)) {
      const ordinal = numbersOf(found.ordinal);
      for (let i = 0; i < rows; i++) {
        chosen.add(ordinal[i]);
      }
    }
    return chosen;
  } finally {
    source.close();
  }
}
