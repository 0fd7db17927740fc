// The most memory of a process that prepares a user and ranks, by each plan, each size in a process of its own:
// npx tsx bench/plan-memory.ts [CANDIDATESxBEHAVIOURS …]
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { load } from "../runtime/index.ts";
import { table } from "./measure.ts";
import { requestModel } from "./request-model.ts";
import { asked, user, writeGeneration } from "./request-runtime.ts";

const [mode, dir, plan, size] = process.argv.slice(2);
const megabytes = (): number => process.resourceUsage().maxRSS / 1024;

if (mode === "--child") {
  const [candidates, history] = size.split("x").map(Number);
  const [mine, theirs] = [user({ history }), asked({ candidates })];
  const twin = await load(dir, { threads: Math.min(2, availableParallelism()), plan: plan as "graph" | "kernel" });
  const begun = megabytes();
  const prepared = await twin.prepare(mine);
  for (let round = 0; round < 10; round++) {
    await prepared.rank(theirs);
  }
  console.log(JSON.stringify({ begun, most: megabytes() }));
  await twin.close();
} else {
  const sizes = process.argv.slice(2);
  const model = await requestModel(false);
  await writeGeneration(model);
  const rows = [["candidates × behaviours", "plan", "MB, loaded", "MB, most"]];
  for (const one of sizes.length > 0 ? sizes : ["100x1000", "1000x10000", "100x100000"]) {
    for (const by of ["graph", "kernel"]) {
      const args = ["--import", "tsx", import.meta.filename, "--child", model.dir, by, one];
      const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (stdout === "") {
        throw new Error(stderr);
      }
      const { begun, most } = JSON.parse(stdout) as { begun: number; most: number };
      rows.push([one.replace("x", " × "), by, begun.toFixed(0), most.toFixed(0)]);
    }
  }
  console.log(`${cpus()[0].model.trim()}, Node ${process.versions.node}; peak of the resident memory\n`);
  console.log(table(rows));
  model.close();
}
