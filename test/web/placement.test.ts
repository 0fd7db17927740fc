// The table of placement against what a browser does: each operator of each dtype that it claims runs there, on WebGPU with
// no node off the device, and gives the numbers of Node's CPU.
import ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { claims } from "../../compiler/emit/placement.ts";
import { fromHalf, toHalf } from "../../contract/half.ts";
import { useBrowser } from "../kit/browser.ts";
import { needs } from "../kit/needs.ts";
import { type OneNode, oneNodes } from "../kit/one-node.ts";
import { ortPages } from "../kit/ort-pages.ts";

const typed = {
  F32: (shape: number[], data: number[]) => new ort.Tensor("float32", Float32Array.from(data), shape),
  F16: (shape: number[], data: number[]) => new ort.Tensor("float16", Uint16Array.from(data, toHalf), shape),
  I32: (shape: number[], data: number[]) => new ort.Tensor("int32", Int32Array.from(data), shape),
  I64: (shape: number[], data: number[]) => new ort.Tensor("int64", BigInt64Array.from(data, BigInt), shape),
  U8: (shape: number[], data: number[]) => new ort.Tensor("uint8", Uint8Array.from(data), shape),
  BOOL: (shape: number[], data: number[]) => new ort.Tensor("bool", Uint8Array.from(data), shape),
};

/** What Node's CPU computes. */
async function onCpu({ bytes, feeds }: OneNode): Promise<Record<string, number[]>> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const given = Object.entries(feeds).map(([name, { dtype, shape, data }]) => {
    return [name, typed[dtype as keyof typeof typed](shape, data)] as const;
  });
  const results = await session.run(Object.fromEntries(given));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data, type }]) => {
      const found = Array.from(data as ArrayLike<number>, Number);
      return [name, type === "float16" && data instanceof Uint16Array ? found.map(fromHalf) : found];
    }),
  );
}

describe.each(["webgpu", "wasm"] as const)("what is claimed of %s", (provider) => {
  it("is written as a graph of one node", () => {
    const all = claims(provider).flatMap(({ op, dtype }) => oneNodes(op, dtype));
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(all.length).toBeGreaterThan(60);
  });
});

describe("runs in a browser", needs("browser webgpu"), () => {
  const browser = useBrowser();

  it.each(["wasm", "webgpu"] as const)("on %s", async (provider) => {
    const pages = ortPages(browser, provider);
    const site = await pages.site();
    const faults: string[] = [];
    for (const { op, dtype } of claims(provider)) {
      for (const { name, graph } of oneNodes(op, dtype)) {
        const wanted = await onCpu(graph);
        const url = `/one/${name.replaceAll(" ", "-")}.onnx`;
        site.set(url, graph.bytes);
        const asked = { url, feeds: graph.feeds, provider, threads: 1 };
        const found = await pages
          .inPage((page) => page.evaluate((given) => globalThis.graphs.runModel(given), asked))
          .catch((error: Error) => error.message);
        if (typeof found === "string") {
          // Only adapters with `shader-f16` take it: without, the runtime decodes such rows itself.
          if (!(dtype === "float16" && provider === "webgpu" && /requires f16/.test(found))) {
            faults.push(`${name}: ${found}`);
          }
          continue;
        }
        for (const [output, data] of Object.entries(wanted)) {
          const near = data.every((x, i) => Math.abs(x - found[output].data[i]) <= 1e-5 * Math.max(1, Math.abs(x)));
          if (!near || data.length !== found[output].data.length) {
            faults.push(`${name}: ${output} is ${found[output].data} instead of ${data}`);
          }
        }
      }
    }
    expect(faults).toEqual([]);
  });
});
