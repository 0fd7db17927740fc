// Runs in a page: graphs on onnxruntime-web; where it is bundled for WebGPU, that entry stands in the place of this one.
import * as ort from "onnxruntime-web/wasm";
import { fromHalf, toHalf } from "../../contract/half.ts";
import { parseSafetensors, type SafeDtype } from "../../contract/safetensors.ts";
import { floats, Sessions } from "../../runtime/session/session.ts";
import { runWires } from "./kernel-wire.ts";

/** A tensor as it leaves the page. */
export interface PageTensor {
  readonly shape: number[];
  readonly data: number[];
}

export interface PageRun {
  /** Where the files of a model lie. */
  readonly folder: string;
  readonly file: string;
  /** Names of the cases in its parity.safetensors. */
  readonly places: readonly string[];
  readonly provider: "wasm" | "webgpu";
  readonly threads: number;
}

export interface PageResult {
  /** By case and output. */
  readonly outputs: Record<string, Record<string, PageTensor>>;
  /** Milliseconds until the session was open. */
  readonly opened: number;
}

type Feeds = Record<string, ort.Tensor>;

let held: Promise<unknown> | undefined;
const bytesOf = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());

/** Opens a graph, on WebGPU with no node off the device. */
export async function open(
  url: string,
  folder: string | null,
  { provider, threads }: Pick<PageRun, "provider" | "threads">,
) {
  ort.env.wasm.wasmPaths = "/ort/";
  ort.env.wasm.numThreads = threads;
  const weights =
    folder === null ? [] : [{ path: "weights.safetensors", data: await bytesOf(`${folder}weights.safetensors`) }];
  return ort.InferenceSession.create(await bytesOf(url), {
    executionProviders: [provider],
    logSeverityLevel: 3,
    externalData: weights,
    ...(provider === "webgpu" && { extra: { session: { disable_cpu_ep_fallback: "1" } } }),
  });
}

async function runGraph(asked: PageRun): Promise<PageResult> {
  if (asked.provider === "webgpu") {
    // With its last session a device would be closed.
    held ??= open("/tiny.onnx", null, asked);
    await held;
  }
  const parity = await bytesOf(`${asked.folder}parity.safetensors`);
  const start = performance.now();
  const session = await open(`${asked.folder}${asked.file}`, asked.folder, asked);
  const opened = performance.now() - start;
  const outputs: PageResult["outputs"] = {};
  try {
    for (const place of asked.places) {
      outputs[place] = numbers(await session.run(feedsOf(parity, place)));
    }
  } finally {
    await session.release();
  }
  return { outputs, opened };
}

export function numbers(results: Readonly<Record<string, ort.Tensor>>): Record<string, PageTensor> {
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, type, data }]) => {
      const all = Array.from(data as ArrayLike<number | bigint>, Number);
      // Float16 comes as its bits where the browser has no Float16Array.
      return [
        name,
        { shape: [...dims], data: type === "float16" && data instanceof Uint16Array ? all.map(fromHalf) : all },
      ];
    }),
  );
}

function feedsOf(file: Uint8Array, place: string): Feeds {
  const feeds: Feeds = {};
  for (const { name, dtype, shape, start, end } of parseSafetensors(file, file.length, "parity").entries.values()) {
    if (name.startsWith(`${place}/in/`)) {
      feeds[name.slice(place.length + 4)] = tensorOf(dtype, file.slice(start, end).buffer, shape);
    }
  }
  return feeds;
}

function tensorOf(dtype: SafeDtype, bytes: ArrayBuffer, shape: readonly number[]): ort.Tensor {
  switch (dtype) {
    case "F16":
      return new ort.Tensor("float16", new Uint16Array(bytes), shape);
    case "I32":
      return new ort.Tensor("int32", new Int32Array(bytes), shape);
    case "I64":
      return new ort.Tensor("int64", new BigInt64Array(bytes), shape);
    case "BOOL":
      return new ort.Tensor("bool", new Uint8Array(bytes), shape);
    case "U8":
      return new ort.Tensor("uint8", new Uint8Array(bytes), shape);
    default:
      return new ort.Tensor("float32", new Float32Array(bytes), shape);
  }
}

/** A model of its own, and what goes into it. */
export interface PageModel extends Pick<PageRun, "provider" | "threads"> {
  readonly url: string;
  readonly feeds: Readonly<Record<string, PageTensor & { readonly dtype: SafeDtype }>>;
}

async function runModel(asked: PageModel): Promise<Record<string, PageTensor>> {
  const session = await open(asked.url, null, asked);
  try {
    const feeds = Object.entries(asked.feeds).map(([name, { dtype, shape, data }]) => {
      return [name, tensorOf(dtype, arrayOf(dtype, data).buffer, shape)] as const;
    });
    return numbers(await session.run(Object.fromEntries(feeds)));
  } finally {
    await session.release();
  }
}

/** Several runs at once on two sessions of a model, through the queue that requests go through: `y` of each, in order. */
async function runTogether(asked: PageModel, inputs: readonly number[][]): Promise<number[][]> {
  const { shape } = asked.feeds.x;
  const sessions = new Sessions(async () => {
    const session = await open(asked.url, null, asked);
    return {
      provider: asked.provider,
      async run({ x }) {
        const { y } = await session.run({ x: new ort.Tensor("float32", Float32Array.from(x.data), shape) });
        return { y: floats(Float32Array.from(y.data as Float32Array), ...shape) };
      },
      close: () => session.release(),
    };
  });
  try {
    const runs = inputs.map((data, i) =>
      sessions.run(i % 2 === 0 ? "search" : "rank", { x: floats(Float32Array.from(data), ...shape) }),
    );
    return (await Promise.all(runs)).map(({ y }) => Array.from(y.data));
  } finally {
    await sessions.close();
  }
}

function arrayOf(dtype: SafeDtype, data: readonly number[]) {
  switch (dtype) {
    case "F16":
      return Uint16Array.from(data, toHalf);
    case "I32":
      return Int32Array.from(data);
    case "I64":
      return BigInt64Array.from(data, BigInt);
    case "U8":
    case "BOOL":
      return Uint8Array.from(data);
    default:
      return Float32Array.from(data);
  }
}

declare global {
  var graphs: {
    readonly runGraph: typeof runGraph;
    readonly runModel: typeof runModel;
    readonly runTogether: typeof runTogether;
    readonly runKernel: typeof runWires;
  };
}
globalThis.graphs = { runGraph, runModel, runTogether, runKernel: runWires };
