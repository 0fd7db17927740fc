// Tells whether this machine has a WebGPU adapter for onnxruntime-node. Importing it makes the software adapter known.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { builder } from "../../compiler/ir/build.ts";
import { graphOf } from "./graph-of.ts";
import { bytesOf } from "./onnx.ts";

/** Chromium's software adapter, as Debian installs it: correct, slow. */
const swiftshader = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (process.env.VK_ICD_FILENAMES === undefined && existsSync(swiftshader)) {
  process.env.VK_ICD_FILENAMES = swiftshader;
}

/** A graph of one node. */
export function tiny(): Uint8Array {
  const b = builder("probe");
  return bytesOf(graphOf({ y: b.relu(b.input("x", "float32", [1])) }));
}

/** Asked in another process: the runtime may end the process that asks. */
const probe = `
  const ort = require("onnxruntime-node");
  const model = Buffer.from(process.argv[1], "base64");
  ort.InferenceSession.create(model, { executionProviders: ["webgpu"], logSeverityLevel: 4 })
    .then((session) => session.run({ x: new ort.Tensor("float32", [1], [1]) }))
    .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
`;

/** Why there is no adapter, or null where there is one. */
export function noAdapter(): string | null {
  const model = Buffer.from(tiny()).toString("base64");
  const options = { encoding: "utf8", timeout: 60_000 } as const;
  const { status, stderr, signal } = spawnSync(process.execPath, ["-e", probe, model], options);
  if (status === 0) {
    return null;
  }
  return stderr.trim().split("\n")[0] || signal || `exit ${status}`;
}
