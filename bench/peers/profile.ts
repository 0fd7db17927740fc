// Where Twin's step goes inside ONNX Runtime, by operator: its own profile of the training graphs on one step's inputs.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import ort from "onnxruntime-node";
import type { TrainSpec } from "../../contract/training-spec.ts";
import type { GraphRole } from "../../runtime/learn/graphs.ts";
import type { Tensor } from "../../runtime/session/session.ts";
import { table } from "../measure.ts";

/** What a step fed to each graph. */
export type Recorded = ReadonlyMap<GraphRole, Readonly<Record<string, Tensor>>>;

/** An event of ONNX Runtime's profile; microseconds. */
interface Event {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly op_name?: string };
}

/** Operators by the time they take in a step, whatever graph they are in. Profiling itself adds some microseconds a call. */
export async function operatorProfile(
  folder: string,
  spec: TrainSpec,
  fed: Recorded,
  threads: number,
  steps: number,
): Promise<string> {
  const found = new Map<string, { calls: number; ms: number }>();
  for (const [role, feeds] of fed) {
    const file = spec.graphs[role]!.file;
    for (const { args, dur } of await events(folder, file, feeds, role === "update" ? 1 : threads, steps)) {
      // The branches of an `If` count by themselves.
      if (args.op_name === "If") {
        continue;
      }
      const own = found.get(args.op_name!) ?? { calls: 0, ms: 0 };
      found.set(args.op_name!, { calls: own.calls + 1 / steps, ms: own.ms + dur / 1000 / steps });
    }
  }
  const sorted = [...found].sort(([, a], [, b]) => b.ms - a.ms);
  const all = sorted.reduce((sum, [, { ms }]) => sum + ms, 0);
  const rows = sorted
    .slice(0, 16)
    .map(([op, { calls, ms }]) => [op, calls.toFixed(0), ms.toFixed(2), `${((100 * ms) / all).toFixed(1)} %`]);
  return table([["twin: operator", "calls a step", "ms a step", "share"], ...rows]);
}

async function events(
  folder: string,
  file: string,
  feeds: Readonly<Record<string, Tensor>>,
  threads: number,
  steps: number,
): Promise<Event[]> {
  const prefix = "profile";
  const session = await ort.InferenceSession.create(join(folder, file), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
    enableProfiling: true,
    profileFilePrefix: join(folder, prefix),
  });
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, data, shape }]) => [
      name,
      new ort.Tensor(dtype as "float32", data as Float32Array, shape),
    ]),
  );
  for (let run = 0; run <= steps; run++) {
    await session.run(tensors);
  }
  session.endProfiling();
  await session.release();
  const written = readdirSync(folder).find((name) => name.startsWith(prefix))!;
  const all = JSON.parse(readFileSync(join(folder, written), "utf8")) as Event[];
  rmSync(join(folder, written));
  // The first run allocates.
  const [, second] = all.filter(({ name }) => name === "model_run").sort((a, b) => a.ts - b.ts);
  return all.filter(({ cat, name, ts }) => cat === "Node" && name.endsWith("_kernel_time") && ts >= second.ts);
}
