// Puts items in in a process of its own, so that a test may kill it: DIR FILE, then again and again for ever.
import { upsertItems } from "../../runtime/build-table/upsert.ts";

const [dir, items] = process.argv.slice(2);
for (;;) {
  await upsertItems({ dir, items, remove: null, binding: null });
  process.stdout.write("put\n");
}
