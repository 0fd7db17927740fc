// `prepare` of a user of 100,000 behaviours by the graphs: what the host does before any of them runs. npx tsx bench/prepare.ts
import { availableParallelism, cpus } from "node:os";
import { load } from "../runtime/index.ts";
import { milliseconds, quartiles, table } from "./measure.ts";
import { requestModel } from "./request-model.ts";
import { user, writeGeneration } from "./request-runtime.ts";

const history = 100_000;
const rounds = 61;
const rows = [["behaviours come", "of their items are read", "milliseconds: median (quartiles)", "least"]];
for (const values of [true, false]) {
  const model = await requestModel(false, 100, values);
  await writeGeneration(model);
  const twin = await load(model.dir, { threads: 1, plan: "graph" });
  for (const ordered of [true, false]) {
    const mine = user({ history }, ordered);
    const times: number[] = [];
    for (let round = -10; round < rounds; round++) {
      const begun = performance.now();
      await twin.prepare(mine);
      if (round >= 0) {
        times.push(performance.now() - begun);
      }
    }
    rows.push([
      ordered ? "newest first" : "in no order",
      values ? "rows of two tables" : "rows of the table of keys, features for values",
      quartiles(times, milliseconds),
      milliseconds(Math.min(...times)),
    ]);
  }
  await twin.close();
  model.close();
}
console.log(
  `${cpus()[0].model.trim()}, ${availableParallelism()} cores; Node ${process.versions.node}; ${history} behaviours, one thread\n`,
);
console.log(table(rows));
