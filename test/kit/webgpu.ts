// Graphs on a WebGPU device, of suites that say `needs("webgpu")`.
import ort from "onnxruntime-node";
import { afterAll, beforeAll } from "vitest";
import { lacking } from "./needs.ts";
import type { Options } from "./onnx.ts";
import { tiny } from "./webgpu-probe.ts";

/** A session that fails if one node would leave the device. */
export const onDevice: Options = {
  executionProviders: ["webgpu"],
  extra: { session: { disable_cpu_ep_fallback: "1" } },
};

/**
 * Holds the device open during the tests of a `describe`, where there is one. With its last session the device is
 * closed, and to open it for every case costs more than ten cases, on a busy machine at times all that a test has.
 */
export function holdDevice(): void {
  if (lacking("webgpu") !== null) {
    return;
  }
  let held: ort.InferenceSession | undefined;
  beforeAll(async () => {
    held = await ort.InferenceSession.create(tiny(), { logSeverityLevel: 3, ...onDevice });
  });
  afterAll(() => held?.release());
}
