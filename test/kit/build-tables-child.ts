// Builds tables in a process of its own, so that a test may kill it: DIR DATA, then generation after generation for ever.
import { buildTables } from "../../runtime/build-table/build.ts";
import { readBinding } from "../../runtime/data/binding.ts";

const [dir, data] = process.argv.slice(2);
for (let round = 0; ; round++) {
  // Both ways to build, in threads and without.
  const fromStore = round % 3 === 2;
  await buildTables({ dir, binding: readBinding(data), fromStore, workers: round % 2, batch: 256 });
  process.stdout.write(`built ${round}\n`);
}
