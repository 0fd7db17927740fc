// What narrower table rows and a partial table cost: the search's hit rate against the oracle, on real histories of the
// example data, at start values. npx tsx bench/precision.ts
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTo } from "../cli/verbs/build.ts";
import { buildTables } from "../runtime/build-table/index.ts";
import { readBinding, readHistories } from "../runtime/data/index.ts";
import { generate } from "../runtime/example/index.ts";
import { asRequest, evaluateHitRate, load, type RankedRequest } from "../runtime/index.ts";
import { table } from "./measure.ts";

const models = join(import.meta.dirname, "../models");
const dir = mkdtempSync(join(tmpdir(), "twin-precision-"));
const [users, items, behaviours, candidates] = [40, 5000, 2000, 50];

try {
  const { data } = await generate({ dir: join(dir, "data"), users, items, behaviours, seed: 3 });
  const source = readFileSync(join(models, "twin.twin"), "utf8");
  writeFileSync(join(dir, "features.twin"), readFileSync(join(models, "features.twin")));
  const rows = [
    ["rows", "coverage asked", "bytes a row", "largest error of a value", "behaviours found by the search", "hit rate"],
  ];
  for (const [precision, coverage] of [
    ["float32", 100],
    ["float16", 100],
    ["uint8", 100],
    ["float32", 97],
    ["float16", 97],
  ] as const) {
    const model = join(dir, "twin.twin");
    writeFileSync(
      model,
      source
        .replace(/precision: \w+/, `precision: ${precision}`)
        .replace(/coverage: {2}\d+%/, `coverage:  ${coverage}%`),
    );
    const output = join(dir, "build");
    await buildTo(model, { output, data });
    const binding = readBinding(data);
    const built = await buildTables({ dir: output, binding });
    const twin = await load(output);
    const [rate] = await evaluateHitRate(twin, requests(data, twin.manifest));
    await twin.close();
    const [held] = built.tables;
    rows.push([
      precision,
      `${coverage} %`,
      String(Math.round(held.bytes / held.rows)),
      held.loss === null ? "0" : held.loss.toExponential(1),
      `${rate.hits} of ${rate.wanted}`,
      `${(Math.floor((rate.hits / rate.wanted) * 1e5) / 1e3).toFixed(3)} %`,
    ]);
  }
  console.log(
    `models/twin.twin, start values; ${users} users, ${behaviours} behaviours each, ${candidates} candidates a request; keep 100`,
  );
  console.log(table(rows));
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** Every user's newest request, with candidates from further back. */
async function* requests(data: string, manifest: Parameters<typeof readHistories>[1]): AsyncGenerator<RankedRequest> {
  for await (const { requests: samples } of readHistories(readBinding(data), manifest)) {
    const some = [...samples].slice(0, candidates);
    const item = some.map((sample) => (sample.candidates.item as ArrayLike<bigint>)[0]);
    const recall_score = some.map((sample) => (sample.candidates.recall_score as ArrayLike<number>)[0]);
    const { prepare } = asRequest(some[0]);
    yield { prepare, rank: { context: some[0].context, candidates: { item, recall_score } } } as RankedRequest;
  }
}
