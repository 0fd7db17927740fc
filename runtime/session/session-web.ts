// Sessions on onnxruntime-web, on one provider: opened from bytes, on a device one run at a time, and bounded where it may stall.
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-web";
import { TwinError } from "../../contract/error.ts";
import { emptyRecord } from "../../contract/record.ts";
import { DeviceFailure } from "./device-failure.ts";
import type { GpuDevice } from "./gpu-adapter.ts";
import { importOrt, type OrtWeb, type WebProvider } from "./ort-web.ts";
import {
  type Feeds,
  type GraphSession,
  graphOf,
  type SessionName,
  type StoredTensor,
  type Tensor,
  tensorOf,
} from "./session.ts";

/** A graph's bytes, and the files that it reads its weights from. */
export interface GraphBytes {
  readonly model: Uint8Array;
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}

export interface WebSessionOptions {
  readonly provider: WebProvider;
  readonly threads: number;
  /** The folder of the library's files, ending in `/`; null: where the page's bundle has them, or beside this package. */
  readonly wasmPaths: string | null;
  /** Milliseconds that a device, or WASM with threads, may take to open a graph, once the library is there. */
  readonly opensWithin?: number;
  /** How the library is had; tests bring one that stalls, or computes wrong numbers. */
  readonly library?: typeof importOrt;
}

/** What opens graphs. Tests bring others: one that stalls, one that computes wrong numbers. */
export interface WebLibrary {
  readonly provider: WebProvider;
  /** Of onnxruntime-web; empty before it was imported. */
  readonly version: string;
  /** @throws DeviceFailure where the device does not serve; TwinError where the graph is at fault */
  open(name: SessionName, graph: GraphBytes): Promise<GraphSession>;
}

/** A device has one queue, however many folders a page has loaded: two runs at once hang, or fail. */
let device: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = device.then(work);
  device = turn.catch(() => undefined);
  return turn;
}

export class OrtWebLibrary implements WebLibrary {
  readonly provider: WebProvider;
  readonly #options: WebSessionOptions;
  #ort: Promise<OrtWeb> | null = null;
  /** Why the device is of no use any more. */
  #failed: DeviceFailure | null = null;
  #fail: (failure: DeviceFailure) => void = () => undefined;
  readonly #failing: Promise<never>;
  #watched = false;
  /** Whether a graph was opened. */
  #opened = false;
  version = "";

  constructor(options: WebSessionOptions) {
    this.provider = options.provider;
    this.#options = options;
    this.#failing = new Promise((_, reject) => {
      this.#fail = (failure) => {
        this.#failed ??= failure;
        reject(this.#failed);
      };
    });
    this.#failing.catch(() => undefined);
  }

  /** Imports the library, if that is not under way yet. */
  import(): Promise<OrtWeb> {
    const { library = importOrt, wasmPaths } = this.#options;
    this.#ort ??= library(this.provider, wasmPaths).then((ort) => {
      ort.env.wasm.numThreads = this.#options.threads;
      // The queue that ONNX Runtime warns of is ours.
      ort.env.logLevel = "error";
      this.version = ort.env.versions.web ?? ort.env.versions.common;
      return ort;
    });
    return this.#ort;
  }

  async open(name: SessionName, graph: GraphBytes): Promise<GraphSession> {
    const ort = await this.import();
    const opening = async (): Promise<InferenceSession> =>
      ort.InferenceSession.create(graph.model, {
        executionProviders: [this.provider],
        externalData: graph.externalData.map(({ path, data }) => ({ path, data })),
        logSeverityLevel: 3,
        // What is said to run on the device runs there, every node of it.
        ...(this.provider === "webgpu" && { extra: { session: { disable_cpu_ep_fallback: "1" } } }),
      });
    const session = await this.#guarded(async () => {
      try {
        return await this.#inTime(opening(), name);
      } catch (error) {
        throw this.#openingError(error, name);
      }
    });
    await this.#watch(ort);
    return this.#wrap(ort, session, name);
  }

  /** On a device: in its turn, and never longer than the device lives. */
  #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.provider === "wasm") {
      return work();
    }
    return inTurn(() => {
      if (this.#failed !== null) {
        throw this.#failed;
      }
      return Promise.race([work(), this.#failing]);
    });
  }

  async #inTime<T>(opening: Promise<T>, name: SessionName): Promise<T> {
    const { opensWithin = 30_000 } = this.#options;
    const { threads } = this.#options;
    if (this.provider === "wasm" && (threads === 1 || this.#opened)) {
      return opening;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const device = this.provider === "wasm" ? `WASM with ${threads} threads` : "WebGPU";
        const said = `${device} did not open graph ${name} within ${opensWithin / 1000} s`;
        const failure = new DeviceFailure(this.provider, said, { stalled: true });
        this.#fail(failure);
        reject(failure);
      }, opensWithin);
    });
    try {
      const session = await Promise.race([opening, late]);
      this.#opened = true;
      return session;
    } finally {
      clearTimeout(timer);
    }
  }

  #openingError(error: unknown, name: SessionName): Error {
    if (error instanceof DeviceFailure) {
      return error;
    }
    if (this.provider === "wasm") {
      return new TwinError(`graph ${name} cannot be opened by ONNX Runtime: ${reason(error)}`, { cause: error });
    }
    // A variant over stored rows may need what a device lacks, where its graph does not.
    return graphOf(name).type !== null
      ? new TwinError(`graph ${name} cannot be opened on WebGPU: ${reason(error)}`, { cause: error })
      : new DeviceFailure("webgpu", `WebGPU cannot open graph ${name}: ${reason(error)}`);
  }

  /** What a request brings was checked before: on a device it is the device that is at fault. */
  #runningError(error: unknown, name: SessionName): unknown {
    if (this.provider === "wasm" || graphOf(name).type !== null || error instanceof TwinError) {
      return error;
    }
    const failure = new DeviceFailure("webgpu", `WebGPU cannot run graph ${name}: ${reason(error)}`);
    this.#fail(failure);
    return failure;
  }

  /** A device that is lost leaves its runs without an answer. */
  async #watch(ort: OrtWeb): Promise<void> {
    if (this.provider === "wasm" || this.#watched) {
      return;
    }
    this.#watched = true;
    const held = (await ort.env.webgpu.device) as unknown as GpuDevice | undefined;
    void held?.lost.then(({ reason: why, message }) => {
      const said = [why, message].filter((part) => part !== undefined && part !== "").join(": ");
      this.#fail(new DeviceFailure("webgpu", `the WebGPU device was lost (${said || "no reason given"})`));
    });
  }

  #wrap(ort: OrtWeb, session: InferenceSession, name: SessionName): GraphSession {
    return {
      provider: this.provider,
      run: (feeds) =>
        this.#guarded(async () => {
          const inputs: Record<string, OrtTensor> = emptyRecord();
          for (const input of session.inputNames) {
            const tensor = feeds[input];
            if (tensor === undefined) {
              throw new Error(`graph ${name}: no value for input ${input}`);
            }
            inputs[input] = ortTensor(ort, tensor);
          }
          try {
            return outputsOf(await session.run(inputs), name);
          } catch (error) {
            throw this.#runningError(error, name);
          }
        }),
      close: async () => {
        if (this.#failed === null) {
          await this.#guarded(() => session.release());
        }
      },
    };
  }
}

function outputsOf(results: Readonly<Record<string, OrtTensor>>, name: SessionName): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = emptyRecord();
  for (const [output, value] of Object.entries(results)) {
    const { data } = value;
    if (!(data instanceof Float32Array || data instanceof Int32Array)) {
      throw new TwinError(
        `graph ${name}: output ${output} is ${value.type}, not float32 or int32: not a graph of ours`,
      );
    }
    outputs[output] = tensorOf(data, value.dims);
  }
  return outputs;
}

function ortTensor({ Tensor: Made }: OrtWeb, tensor: Feeds[string]): OrtTensor {
  switch (tensor.dtype) {
    case "float32":
      return new Made(tensor.dtype, tensor.data, tensor.shape);
    case "int32":
      return new Made(tensor.dtype, tensor.data, tensor.shape);
    case "float16":
      return new Made(tensor.dtype, halves(tensor), tensor.shape);
    case "uint8":
      return new Made(tensor.dtype, tensor.data, tensor.shape);
  }
}

/** float16 by its bits, in the array that this browser has for it: ONNX Runtime takes Float16Array where there is one. */
function halves({ data }: Extract<StoredTensor, { dtype: "float16" }>): Uint16Array {
  const Halves: unknown = Reflect.get(globalThis, "Float16Array");
  return typeof Halves === "function" ? Reflect.construct(Halves, [data.buffer, data.byteOffset, data.length]) : data;
}

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0].slice(0, 300);
}
