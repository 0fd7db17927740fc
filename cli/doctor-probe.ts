// One execution provider, tried: a session, a graph, its numbers, its nodes' places and its time. In a process of its own,
// for a provider without its libraries may end the process that asks.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { probeModel } from "../compiler/index.ts";
import { nativeReason, providerRemedy } from "../runtime/session/provider-remedy.ts";

export interface Finding {
  readonly provider: string;
  /** Whether a session opened on it, the numbers are right, and every node ran there. */
  readonly runs: boolean;
  /** Why not; empty where it runs. */
  readonly reason: string;
  /** What to install, where that is known; null where it runs. */
  readonly remedy: string | null;
  /** Null where nothing tells. */
  readonly device: string | null;
  /** Nodes that ran on it, of all. */
  readonly nodes: { readonly there: number; readonly all: number } | null;
  readonly milliseconds: { readonly open: number; readonly run: number } | null;
  /** Whether Twin's graphs were ever run on it by this project's tests. */
  readonly tested: boolean;
}

/** Where the tests of this project run graphs. */
const tested = ["cpu", "webgpu"];

const list = `
console.log(JSON.stringify(require("onnxruntime-node").listSupportedBackends().map(({ name }) => name)));
`;

/** Prints the numbers and what it took; the profile says where the nodes ran. */
const probe = `
const ort = require("onnxruntime-node");
const { provider, onnx, x, rows, width, profile } = JSON.parse(process.argv[1]);
ort.env.logLevel = "fatal";
(async () => {
  const options = { executionProviders: [provider], enableProfiling: true, profileFilePrefix: profile };
  const begun = performance.now();
  const session = await ort.InferenceSession.create(Buffer.from(onnx, "base64"), options);
  const open = performance.now() - begun;
  const feeds = { x: new ort.Tensor("float32", Float32Array.from(x), [rows, width]) };
  let y = (await session.run(feeds)).y.data;
  const times = [];
  for (let i = 0; i < 9; i++) {
    const start = performance.now();
    y = (await session.run(feeds)).y.data;
    times.push(performance.now() - start);
  }
  session.endProfiling();
  times.sort((a, b) => a - b);
  console.log(JSON.stringify({ y: Array.from(y), open, run: times[4] }));
  process.exit(0);
})().catch((error) => { console.error(String(error.message).split("\\n")[0]); process.exit(1); });
`;

const node = (program: string, ...words: string[]) =>
  spawnSync(process.execPath, ["-e", program, ...words], {
    encoding: "utf8",
    timeout: 60_000,
    cwd: import.meta.dirname,
  });

/** The providers that the installed onnxruntime-node knows, the CPU first; null where it cannot be loaded, and why. */
export function knownProviders(): { readonly names: readonly string[]; readonly failure: string | null } {
  const { status, stdout, stderr, signal } = node(list);
  if (status !== 0) {
    return { names: [], failure: lastLine(stderr) || `it ended by ${signal ?? `exit ${status}`}` };
  }
  const names: string[] = JSON.parse(stdout);
  return { names, failure: null };
}

export function examine(provider: string): Finding {
  const folder = mkdtempSync(join(tmpdir(), "twin-doctor-"));
  try {
    const { onnx, x, rows, width, y } = probeModel();
    const profile = join(folder, "profile");
    const asked = { provider, onnx: Buffer.from(onnx).toString("base64"), x, rows, width, profile };
    const { status, signal, stdout, stderr } = node(probe, JSON.stringify(asked));
    const found = { provider, tested: tested.includes(provider), device: null, nodes: null, milliseconds: null };
    if (status !== 0) {
      const reason = nativeReason(lastLine(stderr)) || `it ended by ${signal ?? `exit ${status}`}`;
      return { ...found, runs: false, reason, remedy: providerRemedy(provider) };
    }
    const answer: { y: number[]; open: number; run: number } = JSON.parse(lastLine(stdout));
    const nodes = placed(folder, provider);
    const wrong = answer.y.filter((value, i) => value !== y[i]).length;
    const reason =
      wrong > 0
        ? `${wrong} of ${y.length} numbers are wrong`
        : nodes !== null && nodes.there < nodes.all
          ? `${nodes.all - nodes.there} of ${nodes.all} nodes ran elsewhere`
          : "";
    return {
      ...found,
      runs: reason === "",
      reason,
      remedy: null,
      device: deviceOf(provider),
      nodes,
      milliseconds: { open: answer.open, run: answer.run },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly args?: { readonly provider?: string };
}

/** Where the nodes ran, by ONNX Runtime's own profile: each node is counted once. */
function placed(folder: string, provider: string): Finding["nodes"] {
  const file = readdirSync(folder).find((name) => name.endsWith(".json"));
  if (file === undefined) {
    return null;
  }
  const events: readonly ProfileEvent[] = JSON.parse(readFileSync(join(folder, file), "utf8"));
  const places = new Map<string, string>();
  for (const { cat, name, args } of events) {
    if (cat === "Node" && name.endsWith("_kernel_time")) {
      places.set(name, args?.provider ?? "");
    }
  }
  const own = `${provider}executionprovider`;
  const there = [...places.values()].filter((place) => place.toLowerCase() === own).length;
  return places.size === 0 ? null : { there, all: places.size };
}

/** What the provider runs on, where the system tells. */
function deviceOf(provider: string): string | null {
  if (provider === "cpu") {
    const model = cpus()[0]?.model.trim();
    return `${model === undefined || model === "" ? "processor" : model}, ${availableParallelism()} cores`;
  }
  if (provider === "cuda" || provider === "tensorrt") {
    const { stdout } = spawnSync("nvidia-smi", ["-L"], { encoding: "utf8", timeout: 10_000 });
    return /^GPU \d+: (.*?)(?: \(UUID.*)?$/m.exec(stdout ?? "")?.[1] ?? null;
  }
  return null;
}
