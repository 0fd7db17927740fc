// What the selection kernel would take of a training step's search, where each sample has a history of its own:
// npx tsx bench/kernel-train.ts. Beside it stands the whole search of a step (`npm run bench:train`), keys' projection with it.
import { availableParallelism, cpus } from "node:os";
import { Kernel } from "../runtime/kernel/index.ts";
import { startLane } from "../runtime/serve/index.ts";
import { numbers } from "../test/kit/kernel-case.ts";
import { milliseconds, quartiles, table } from "./measure.ts";

const [heads, width, keep] = [4, 16, 100];
const rounds = 15;
const next = numbers(1);
const floats = (length: number): Float32Array => Float32Array.from({ length }, () => 2 * next() - 1);

const shape = {
  histories: 1,
  products: [{ history: 0, heads, width, match: [] }],
  searches: [{ product: 0, rule: "round_robin" as const, keep }],
  attends: [],
};
const rows = [["batch × history", "distinct items", "keys laid out", "scores and selection", "together"]];
for (const [batch, history, items] of [
  [128, 200, 8207],
  [128, 1000, 23_242],
  [128, 5000, 43_610],
]) {
  const lanes = Math.min(2, availableParallelism());
  const kernel = await Kernel.open(shape, { lanes, startLane, maxBytes: 2 ** 28 });
  await kernel.joined();
  const keys = floats(items * heads * width);
  const samples = Array.from({ length: batch }, () => ({
    query: floats(heads * width),
    rows: Int32Array.from({ length: history }, () => Math.floor(next() * items)),
    bias: floats(heads * history),
  }));
  const times = { pack: [] as number[], run: [] as number[], all: [] as number[] };
  for (let round = -2; round < rounds; round++) {
    let [pack, run] = [0, 0];
    for (const sample of samples) {
      const begun = performance.now();
      const user = kernel.pack({
        lengths: [history],
        products: [
          {
            keys: { data: keys, rows: sample.rows, offset: 0, rowStride: heads * width },
            bias: sample.bias,
            match: [],
          },
        ],
        searches: [{ mask: null }],
        attends: [],
      });
      const packed = performance.now();
      await kernel.run(user, [sample.query], 1);
      run += performance.now() - packed;
      pack += packed - begun;
      user.release();
    }
    if (round >= 0) {
      times.pack.push(pack);
      times.run.push(run);
      times.all.push(pack + run);
    }
  }
  rows.push([
    `${batch} × ${history}`,
    String(items),
    ...[times.pack, times.run, times.all].map((all) => quartiles(all, milliseconds)),
  ]);
  await kernel.close();
}
console.log(`${cpus()[0].model.trim()}, ${availableParallelism()} cores; milliseconds a batch: median (quartiles)\n`);
console.log(table(rows));
