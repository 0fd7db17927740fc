// Which part each row of an event log, or of samples, is of.
import { type Binding, boundFiles } from "../../runtime/data/binding.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { openEvents } from "../../runtime/data/events.ts";

/** Row by row its item and the number of its part. */
export async function partsOf(binding: Binding): Promise<string[]> {
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const events = await openEvents(source, binding, null);
    const found: string[] = [];
    const select = `SELECT "#item" AS i, "#part"::INTEGER AS p FROM (${events.select}) ORDER BY "#row"`;
    for await (const { columns } of source.stream(select, 100, events.explain())) {
      for (let row = 0; row < columns.i.length; row++) {
        found.push(`${columns.i[row]}${columns.p[row]}`);
      }
    }
    return found;
  } finally {
    source.close();
  }
}
