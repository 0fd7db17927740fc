// What a page asks of onnxruntime-web: the library here records. Outputs are the library's own, for those that were made
// ahead come back as zeros; on a device no node may leave it, and WASM, which would refuse every graph, is not asked.
import { afterEach, describe, expect, it } from "vitest";
import type { OrtWeb } from "../../runtime/session/ort-web.ts";
import { floats } from "../../runtime/session/session.ts";
import { OrtWebLibrary } from "../../runtime/session/session-web.ts";

function recording() {
  const created: object[] = [];
  const runs: unknown[][] = [];
  let under = 0;
  let most = 0;
  class Tensor {
    readonly type: string;
    readonly data: unknown;
    readonly dims: readonly number[];
    constructor(type: string, data: unknown, dims: readonly number[]) {
      [this.type, this.data, this.dims] = [type, data, dims];
    }
  }
  const ort = {
    Tensor,
    env: { wasm: {}, webgpu: { device: Promise.resolve(undefined) }, versions: { common: "1.30.0" } },
    InferenceSession: {
      async create(_: Uint8Array, options: object) {
        created.push(options);
        return {
          inputNames: ["x"],
          async run(...asked: unknown[]) {
            runs.push(asked);
            most = Math.max(most, ++under);
            await new Promise((resolve) => setTimeout(resolve, 1));
            under--;
            return { y: new Tensor("float32", Float32Array.of(7), [1]) };
          },
          release: async () => undefined,
        };
      },
    },
  };
  return { created, runs, most: () => most, library: async () => ort as unknown as OrtWeb };
}

describe("float16 rows", () => {
  class Halves extends Uint16Array {}
  const known = Object.getOwnPropertyDescriptor(globalThis, "Float16Array");
  afterEach(() => {
    Reflect.deleteProperty(globalThis, "Float16Array");
    if (known !== undefined) {
      Object.defineProperty(globalThis, "Float16Array", known);
    }
  });

  it.each([
    ["has an array of its own for them", Halves],
    ["has none", undefined],
  ])("are handed over without a copy, in the array that the browser takes: one that %s", async (_, value) => {
    Object.defineProperty(globalThis, "Float16Array", { value, configurable: true, writable: true });
    const { runs, library } = recording();
    const opens = new OrtWebLibrary({ provider: "wasm", threads: 1, wasmPaths: null, library });
    const session = await opens.open("search.float16", { model: new Uint8Array(1), externalData: [] });
    const data = Uint16Array.of(0, 0x3c00, 0x4000).subarray(1);
    await session.run({ x: { dtype: "float16", shape: [2], data } });
    const [{ x }] = runs[0] as [{ x: { type: string; data: Uint16Array; dims: number[] } }];
    expect([x.type, x.dims]).toEqual(["float16", [2]]);
    expect(x.data.constructor).toBe(value ?? Uint16Array);
    expect([x.data.buffer, x.data.byteOffset, x.data.length]).toEqual([data.buffer, 2, 2]);
  });
});

describe.each(["wasm", "webgpu"] as const)("a session on %s", (provider) => {
  it("is given inputs alone, and makes its outputs itself", async () => {
    const { created, runs, most, library } = recording();
    const opens = new OrtWebLibrary({ provider, threads: 1, wasmPaths: null, library });
    const session = await opens.open("rank", { model: new Uint8Array(1), externalData: [] });
    const other = await opens.open("search", { model: new Uint8Array(1), externalData: [] });
    const feeds = { x: floats(Float32Array.of(1), 1) };
    const found = await Promise.all([session.run(feeds), other.run(feeds), session.run(feeds)]);
    expect(found.map(({ y }) => [...y.data])).toEqual([[7], [7], [7]]);
    expect(runs.map((asked) => asked.length)).toEqual([1, 1, 1]);
    const fallback = { extra: { session: { disable_cpu_ep_fallback: "1" } } };
    const wanted = { executionProviders: [provider], externalData: [], logSeverityLevel: 3 };
    expect(created).toEqual(Array(2).fill(provider === "webgpu" ? { ...wanted, ...fallback } : wanted));
    // Two runs at once on a device hang, or fail.
    if (provider === "webgpu") {
      expect(most()).toBe(1);
    }
    await session.close();
  });
});
