// `twin doctor`: which execution providers really run here, each proved by a session that runs a graph.

import { spawnSync } from "node:child_process";
import { availableParallelism, totalmem } from "node:os";
import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import { probeModel } from "../../compiler/index.ts";
import { print, printJson } from "../output.ts";

import { version } from "../version.ts";

interface Finding {
  readonly provider: string;
  readonly runs: boolean;
  readonly reason: string;
}

/** Asked in a process of its own: a provider without its libraries may end the process that asks. */
const probe = `
const ort = require("onnxruntime-node");
const [provider, model] = process.argv.slice(1);
const options = { executionProviders: [provider], logSeverityLevel: 4 };
if (provider !== "cpu") options.extra = { session: { disable_cpu_ep_fallback: "1" } };
ort.InferenceSession.create(Buffer.from(model, "base64"), options)
  .then((session) => session.run({ x: new ort.Tensor("float32", [-1, 2], [2]) }))
  .then(({ y }) => { if (y.data[0] !== 0 || y.data[1] !== 2) throw new Error("wrong result"); process.exit(0); })
  .catch((error) => { console.error(String(error.message).split("\\n")[0]); process.exit(1); });
`;

export function doctor(options: { json?: boolean }): void {
  const model = Buffer.from(probeModel()).toString("base64");
  const findings = ["cpu", "cuda", "webgpu"].map((provider): Finding => {
    const { status, signal, stderr } = spawnSync(process.execPath, ["-e", probe, provider, model], {
      encoding: "utf8",
      timeout: 60_000,
      cwd: import.meta.dirname,
    });
    const last = stderr.trim().split("\n").at(-1) ?? "";
    return {
      provider,
      runs: status === 0,
      reason: status === 0 ? "" : last || `ended by ${signal ?? `exit ${status}`}`,
    };
  });
  const machine = { twin: version, node: process.version, cores: availableParallelism(), memory: totalmem() };
  if (options.json) {
    printJson({ ...machine, providers: findings });
    return;
  }
  print(`twin ${machine.twin}, Node ${machine.node}, ${machine.cores} cores, ${bytesText(machine.memory)} of memory`);
  for (const { provider, runs, reason } of findings) {
    print(`${provider.padEnd(7)} ${runs ? "runs" : `does not run: ${reason}`}`);
  }
}
