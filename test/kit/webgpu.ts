// Tells whether this machine has a WebGPU adapter for onnxruntime-node, and runs graphs on it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import ort from "onnxruntime-node";
import { afterAll, beforeAll } from "vitest";
import { builder } from "../../compiler/ir/build.ts";
import { bytesOf, graphOf, type Options } from "./onnx.ts";

/** Chromium's software adapter, as Debian installs it: correct, slow. */
const swiftshader = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (process.env.VK_ICD_FILENAMES === undefined && existsSync(swiftshader)) process.env.VK_ICD_FILENAMES = swiftshader;

/** A session that fails if one node would leave the device. */
export const onDevice: Options = {
  executionProviders: ["webgpu"],
  extra: { session: { disable_cpu_ep_fallback: "1" } },
};

/** A graph of one node. */
const tiny = (): Uint8Array => {
  const b = builder("probe");
  return bytesOf(graphOf({ y: b.relu(b.input("x", "float32", [1])) }));
};

/**
 * Holds the device open during the tests of a `describe`. With its last session the device is closed, and to open it
 * for every case costs more than ten cases, on a busy machine at times all the time that a test has.
 */
export function holdDevice(): void {
  let held: ort.InferenceSession | undefined;
  beforeAll(async () => {
    held = await ort.InferenceSession.create(tiny(), { logSeverityLevel: 3, ...onDevice });
  });
  afterAll(() => held?.release());
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
  if (status === 0) return null;
  return `no WebGPU adapter: ${stderr.trim().split("\n")[0] || signal || `exit ${status}`}`;
}
