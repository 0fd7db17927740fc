// The selection kernel alone against ONNX Runtime's MatMul of the same scores, by turns: npx tsx bench/kernel.ts [TURNS [C,H …]]
// Wall-clock and processor time, least and median: on a machine that does other things, the processor's least is what counts.
import { availableParallelism, cpus, loadavg } from "node:os";
import ort from "onnxruntime-node";
import { builder } from "../compiler/ir/build.ts";
import { Kernel, type Phases } from "../runtime/kernel/index.ts";
import { startLane } from "../runtime/serve/index.ts";
import { graphOf } from "../test/kit/graph-of.ts";
import { numbers } from "../test/kit/kernel-case.ts";
import { bytesOf } from "../test/kit/onnx.ts";
import { type Contender, milliseconds, table } from "./measure.ts";

const [heads, width, keep] = [4, 16, 100];
const turns = Number(process.argv[2] ?? 31);
const asked = process.argv.slice(3).map((size) => size.split(",").map(Number));
const sizes =
  asked.length > 0
    ? asked
    : [
        [1, 10_000],
        [100, 1000],
        [1000, 1000],
        [100, 10_000],
        [1000, 10_000],
        [100, 100_000],
      ];

async function measured(contenders: readonly Contender[]): Promise<Map<string, { wall: number[]; cpu: number[] }>> {
  const found = new Map(contenders.map(({ name }) => [name, { wall: [] as number[], cpu: [] as number[] }]));
  for (let turn = -2; turn < turns; turn++) {
    for (const { name, run } of contenders) {
      const cpu = process.cpuUsage();
      const begun = performance.now();
      await run();
      const wall = performance.now() - begun;
      const { user, system } = process.cpuUsage(cpu);
      if (turn >= 0) {
        found.get(name)!.wall.push(wall);
        found.get(name)!.cpu.push((user + system) / 1000);
      }
    }
  }
  return found;
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const median = (values: readonly number[]): number => sorted(values)[values.length >> 1];

async function matmul(candidates: number, history: number, threads: number) {
  const b = builder("scores");
  const q = b.input("q", "float32", [heads, candidates, width + 1]);
  const k = b.input("k", "float32", [heads, width + 1, history]);
  return ort.InferenceSession.create(bytesOf(graphOf({ scores: b.matmul(q, k) })), {
    intraOpNumThreads: threads,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
}

console.log(`${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}; ${turns} turns`);
const rows: string[][] = [
  [
    "candidates × behaviours",
    "contender",
    "wall least",
    "wall median",
    "cpu least",
    "cpu median",
    "÷ scores (cpu)",
    "scores/select/attend",
  ],
];
for (const [candidates, history] of sizes) {
  const next = numbers(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const floats = (length: number) => Float32Array.from({ length }, normal);
  const [keys, values] = [floats(history * heads * width), floats(history * heads * width)];
  const queries = floats(heads * candidates * width);
  const bias = floats(heads * history);
  const rowsOf = (data: Float32Array) => ({ data, rows: null, offset: 0, rowStride: heads * width });
  const shape = {
    histories: 1,
    products: [{ history: 0, heads, width, match: [] }],
    searches: [{ product: 0, rule: "round_robin" as const, keep }],
    attends: [{ product: 0, over: { search: 0 }, searched: true, width, strength: false }],
  };
  const user = {
    lengths: [history],
    products: [{ keys: rowsOf(keys), bias, match: [] }],
    searches: [{ mask: null }],
    attends: [{ mask: null, values: [rowsOf(values)] }],
  };
  const phases = new Map<string, Phases[]>();
  const contenders: Contender[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  for (const threads of [1, 2]) {
    const session = await matmul(candidates, history, threads);
    const turned = new Float32Array(heads * (width + 1) * history);
    for (let a = 0; a < heads; a++) {
      for (let i = 0; i < history; i++) {
        for (let d = 0; d < width; d++) {
          turned[(a * (width + 1) + d) * history + i] = keys[(i * heads + a) * width + d];
        }
        turned[(a * (width + 1) + width) * history + i] = bias[a * history + i];
      }
    }
    const q = new Float32Array(heads * candidates * (width + 1)).fill(1);
    for (let n = 0; n < heads * candidates; n++) {
      q.set(queries.subarray(n * width, (n + 1) * width), n * (width + 1));
    }
    const feeds = {
      q: new ort.Tensor("float32", q, [heads, candidates, width + 1]),
      k: new ort.Tensor("float32", turned, [heads, width + 1, history]),
    };
    contenders.push({ name: `scores ${threads}`, run: () => session.run(feeds) });
    const kernel = await Kernel.open(shape, { lanes: threads, startLane, maxBytes: 2 ** 31 });
    await kernel.joined();
    const packed = kernel.pack(user);
    const name = `kernel ${threads}`;
    phases.set(name, []);
    contenders.push({
      name,
      run: async () => {
        phases.get(name)!.push((await kernel.run(packed, [queries], candidates)).phases);
      },
    });
    closing.push(
      () => session.release(),
      () => kernel.close(),
    );
  }
  const found = await measured(contenders);
  for (const [name, { wall, cpu }] of found) {
    const threads = name.slice(-1);
    const mine = phases.get(name);
    const ratio = Math.min(...cpu) / Math.min(...found.get(`scores ${threads}`)!.cpu);
    const least = (of: keyof Phases) => milliseconds(Math.min(...mine!.map((one) => one[of])));
    rows.push([
      `${candidates} × ${history}`,
      name,
      ...[Math.min(...wall), median(wall), Math.min(...cpu), median(cpu)].map(milliseconds),
      ratio.toFixed(2),
      mine === undefined ? "" : `${least("scores")} ${least("select")} ${least("attend")}`,
    ]);
  }
  for (const close of closing) {
    await close();
  }
}
console.log(table(rows));
