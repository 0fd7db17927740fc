// Execution providers: what the library is asked for, what happens where it refuses, and what is said of it. The library
// here records and refuses as one without CUDA's libraries or a GPU does; nothing of this ran on a GPU.
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openArtefacts } from "../../runtime/serve/index.ts";
import { nativeReason, providerRemedy } from "../../runtime/session/provider-remedy.ts";
import { floats } from "../../runtime/session/session.ts";
import { type NodeRuntime, openFile } from "../../runtime/session/session-node.ts";
import { built, cleanUp } from "../kit/built-twin.ts";

const asked = (options: InferenceSession.SessionOptions) => options.executionProviders?.join();

/** ONNX Runtime on the CPU under other names: it refuses some providers, and may fail while a graph runs. */
function library(refuses: Readonly<Record<string, string>>, fails?: string) {
  const seen: InferenceSession.SessionOptions[] = [];
  const runs: unknown[][] = [];
  const runtime: NodeRuntime = {
    Tensor: ort.Tensor,
    listSupportedBackends: () =>
      ["cpu", "webgpu", "cuda", "tensorrt"].map((name) => ({ name, bundled: name === "cpu" })),
    InferenceSession: {
      async create(path, options) {
        seen.push(options);
        for (const provider of options.executionProviders ?? []) {
          if (typeof provider === "string" && refuses[provider] !== undefined) {
            throw new Error(refuses[provider]);
          }
        }
        const session = await ort.InferenceSession.create(path, { ...options, executionProviders: ["cpu"] });
        const run = (...asked: unknown[]) => {
          runs.push(asked);
          return fails === undefined
            ? session.run(asked[0] as InferenceSession.FeedsType)
            : Promise.reject(new Error(fails));
        };
        return Object.assign(Object.create(session), { run });
      },
    },
  };
  return { runtime, seen, runs };
}

const missing = "OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library";

describe("a session", () => {
  let dir: string;
  beforeAll(() => {
    dir = built(
      "model m item { i: id(vocab: 4, dim: 2, key: true) } tower t { input: item hidden: [] predict { y: binary } }",
    );
  });
  afterAll(cleanUp);

  const open = async (providers: string[], { runtime }: ReturnType<typeof library>, strict = false) => {
    const warnings: string[] = [];
    const options = { providers, threads: 3, warn: (message: string) => warnings.push(message), strict };
    const session = await openFile(join(dir, "rank.onnx"), options, runtime);
    return { session, warnings };
  };

  /** One candidate. */
  const firstFeeds = async () => {
    const { manifest } = await openArtefacts(dir, () => undefined);
    return Object.fromEntries(
      (manifest.graphs.rank?.inputs ?? []).map(({ name }) => [
        name,
        { dtype: "int32" as const, shape: [1], data: Int32Array.of(1) },
      ]),
    );
  };

  it("asks for the providers in their order, with its threads, and none waiting in a loop", async () => {
    const one = library({});
    const { session, warnings } = await open(["cuda", "cpu"], one);
    expect(session.provider).toBe("cuda");
    expect(warnings).toEqual([]);
    // Nothing else: sizes set ahead are ignored, and tensors left on a device cannot be read.
    expect(one.seen).toEqual([
      {
        executionProviders: ["cuda", "cpu"],
        intraOpNumThreads: 3,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
        extra: { session: { intra_op: { allow_spinning: "0" } } },
      },
    ]);
    await session.run(await firstFeeds());
    expect(one.runs.map((asked) => asked.length)).toEqual([1]);
    await session.close();
  });

  it.each([
    [["cuda"], "cuda | cpu"],
    [["cuda", "cpu"], "cuda,cpu | cpu"],
    [["cuda", "webgpu"], "cuda,webgpu | webgpu"],
  ])("without CUDA's libraries goes on without it, and says what to install: %s", async (providers, tried) => {
    const one = library({ cuda: missing });
    const { session, warnings } = await open(providers, one);
    expect(one.seen.map(asked).join(" | ")).toBe(tried);
    expect(session.provider).toBe(tried.split(" | ")[1]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("execution provider cuda cannot be had here");
    expect(warnings[0]).toContain(missing);
    expect(warnings[0]).toContain(`rank.onnx runs on ${session.provider}`);
    expect(warnings[0]).toContain("To have cuda: ");
    await expect(session.run({ other: floats(new Float32Array(2), 2) })).rejects.toThrow("no value for input");
    await session.close();
  });

  it("says of each provider that it leaves out, one after the other", async () => {
    const one = library({ cuda: missing, webgpu: "Failed to get a WebGPU adapter: No supported adapters" });
    const { session, warnings } = await open(["cuda", "webgpu"], one);
    expect(one.seen.map(asked)).toEqual(["cuda,webgpu", "webgpu", "cpu"]);
    expect(warnings.map((warning) => warning.split(" ")[2])).toEqual(["cuda", "webgpu"]);
    await session.close();
  });

  it("is an error instead where the caller must know", async () => {
    await expect(open(["cuda"], library({ cuda: missing }), true)).rejects.toThrow(missing);
  });

  it("that fails on a device says on which, and the way out", async () => {
    const { session } = await open(["cuda"], library({}, "CUDA failure 700: an illegal memory access\nat …"));
    await expect(session.run(await firstFeeds())).rejects.toThrow(
      /fails on cuda: CUDA failure 700.*to run on the CPU$/,
    );
    await session.close();
  });
});

describe("what to install", () => {
  it.each([
    ["cuda", { platform: "linux-x64", cudaLibraries: null }, "--onnxruntime-node-install=cuda12"],
    ["cuda", { platform: "linux-x64", cudaLibraries: "/x/libcuda.so" }, "ldd /x/libcuda.so"],
    ["cuda", { platform: "darwin-arm64", cudaLibraries: null }, "on Linux x64 alone"],
    ["tensorrt", { platform: "linux-x64", cudaLibraries: null }, "TensorRT 10"],
    ["webgpu", { platform: "linux-x64", cudaLibraries: null }, "libvulkan1"],
    ["webgpu", { platform: "win32-x64", cudaLibraries: null }, "graphics card"],
  ])("for %s on %o", (provider, host, said) => {
    expect(providerRemedy(provider, host)).toContain(said);
  });

  it("says nothing of what it does not know", () => {
    expect(providerRemedy("qnn")).toBeNull();
  });

  it("leaves out the place in ONNX Runtime's source", () => {
    const said =
      "/onnxruntime_src/a.cc:136 X::Initialize(const C&)::<lambda()> adapter_result.status == S::Success was false. Failed to get a WebGPU adapter: No supported adapters\n\n";
    expect(nativeReason(said)).toBe("Failed to get a WebGPU adapter: No supported adapters");
    expect(nativeReason(missing)).toBe(missing);
  });
});
