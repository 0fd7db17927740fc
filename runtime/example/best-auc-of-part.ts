// The best AUC of one part of an example data set, from the true probabilities that its event log holds.
import { type Binding, boundFiles, openEvents, partNumbers, quoted, requireColumn, Source } from "../data/index.ts";
import { numbersOf } from "../encode/data-column.ts";
import type { Part } from "../learn/index.ts";
import { BestAuc } from "../planted/index.ts";

/**
 * The AUC of the column `truth` over the part's rows that have a click or none: what no model can pass but by luck.
 * NaN where one class is missing.
 * @throws TwinError where the log has no column `truth`
 */
export async function bestAucOfPart(binding: Binding, part: Part): Promise<number> {
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const events = await openEvents(source, binding, null);
    for (const name of ["truth", "click"]) {
      requireColumn(events.relation, name, "the example's event log");
    }
    const query =
      `SELECT CAST(${quoted("truth")} AS DOUBLE) AS truth, CAST(${quoted("click")} AS INTEGER) AS click ` +
      `FROM (${events.select}) WHERE "#part" = ${partNumbers[part]} AND ${quoted("click")} IS NOT NULL`;
    const best = new BestAuc();
    for await (const { rows, columns } of source.stream(query, 65_536, events.explain())) {
      const [truth, click] = [columns.truth, columns.click].map(numbersOf);
      for (let i = 0; i < rows; i++) {
        best.add(truth[i], click[i] === 1);
      }
    }
    return best.value();
  } finally {
    source.close();
  }
}
