// Sessions on onnxruntime-node: opened by path, so that weights are mapped from their file and may exceed 2 GB.

import { basename, join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { TwinError } from "../../contract/error.ts";
import type { GraphName, Manifest, StoredType } from "../../contract/manifest.ts";
import { emptyRecord } from "../../contract/record.ts";
import { missingPackage } from "../host/missing-package.ts";
import { nativeReason, providerRemedy } from "./provider-remedy.ts";
import {
  type Feeds,
  type GraphSession,
  type OpenSession,
  type SessionName,
  type StoredTensor,
  type Tensor,
  tensorOf,
} from "./session.ts";

export interface NodeSessionOptions {
  /** In order of preference: `["cuda", "cpu"]`. */
  readonly providers: readonly string[];
  /** Threads of one operator. */
  readonly threads: number;
  /** Called with each provider that was asked for and could not be had. */
  readonly warn: (message: string) => void;
  /** Whether a provider that cannot open the graph is an error instead of a warning. */
  readonly strict?: boolean;
}

/** What is used of onnxruntime-node. */
export interface NodeRuntime extends Pick<typeof import("onnxruntime-node"), "listSupportedBackends" | "Tensor"> {
  readonly InferenceSession: {
    create(path: string, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

async function imported(): Promise<NodeRuntime> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    const missing = missingPackage(cause);
    throw missing === null ? cause : new TwinError(missing, { cause });
  }
}

/**
 * Opens any .onnx file of ours. A provider that cannot be had is left out, loudly, and the next is tried, the CPU at last.
 * @param library default: onnxruntime-node
 */
export async function openFile(
  path: string,
  options: NodeSessionOptions,
  library?: NodeRuntime,
): Promise<GraphSession> {
  const runtime: NodeRuntime = library ?? (await imported());
  const supported = runtime.listSupportedBackends().map(({ name }) => name);
  let wanted = [...options.providers];
  const without = (refused: string, why: string): void => {
    wanted = wanted.filter((provider) => provider !== refused);
    if (wanted.length === 0) {
      wanted = ["cpu"];
    }
    const remedy = providerRemedy(refused);
    options.warn(
      `execution provider ${refused} cannot be had here (${why}): ${basename(path)} runs on ${wanted.join(", ")}${remedy === null ? "" : `. To have ${refused}: ${remedy}`}`,
    );
  };
  for (const provider of options.providers) {
    if (!supported.includes(provider)) {
      without(provider, `this ONNX Runtime knows ${supported.join(", ")}`);
    }
  }
  for (;;) {
    try {
      const session = await runtime.InferenceSession.create(path, sessionOptions(wanted, options.threads));
      return wrap(runtime, session, wanted[0] ?? "cpu", path);
    } catch (error) {
      const refused = wanted.find((provider) => provider !== "cpu");
      if (refused === undefined || options.strict) {
        throw new TwinError(
          `${path} cannot be opened by ONNX Runtime: ${reason(error)}. Build the artefacts again with \`twin build\`.`,
          { cause: error },
        );
      }
      without(refused, reason(error));
    }
  }
}

export interface GraphFolder {
  readonly dir: string;
  readonly manifest: Manifest;
  /** @throws TwinError where the weights are another file by now */
  readonly weights: { expectSame(): unknown };
}

/** Opens the graphs of a build folder by name. */
export function nodeSessions({ dir, manifest, weights }: GraphFolder, options: NodeSessionOptions): OpenSession {
  return async (name: SessionName) => {
    const [graph, stored] = name.split(".") as [GraphName, StoredType | undefined];
    const spec = stored === undefined ? manifest.graphs[graph] : manifest.graphs[graph]?.variants?.[stored];
    if (spec === undefined) {
      throw new TwinError(`${join(dir, "manifest.yaml")} has no graph ${name}`);
    }
    // What a variant needs of a provider, its graph does not: it would be the wrong one to change the provider for.
    const session = await openFile(join(dir, spec.file), { ...options, strict: stored !== undefined });
    // ONNX Runtime opens the weights by their name: it must still be the file that was checked.
    weights.expectSame();
    return session;
  };
}

function sessionOptions(providers: readonly string[], threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: [...providers],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Several sessions share few cores: waiting threads sleep instead of spinning.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  };
}

function wrap(runtime: NodeRuntime, session: InferenceSession, provider: string, path: string): GraphSession {
  return {
    provider,
    async run(feeds: Feeds) {
      const inputs: Record<string, InstanceType<NodeRuntime["Tensor"]>> = emptyRecord();
      for (const name of session.inputNames) {
        const tensor = feeds[name];
        if (tensor === undefined) {
          throw new Error(`${path}: no value for input ${name}`);
        }
        inputs[name] = ortTensor(runtime, tensor);
      }
      const results = await session.run(inputs).catch((error: unknown) => {
        throw provider === "cpu"
          ? error
          : new TwinError(`${path} fails on ${provider}: ${reason(error)}. Leave that provider out to run on the CPU`, {
              cause: error,
            });
      });
      const outputs: Record<string, Tensor> = emptyRecord();
      for (const [name, value] of Object.entries(results)) {
        const data = value.data;
        if (!(data instanceof Float32Array || data instanceof Int32Array)) {
          throw new TwinError(`${path}: output ${name} is ${value.type}, not float32 or int32: not a graph of ours`);
        }
        outputs[name] = tensorOf(data, value.dims);
      }
      return outputs;
    },
    close: () => session.release(),
  };
}

function ortTensor({ Tensor: OrtTensor }: NodeRuntime, tensor: Tensor | StoredTensor) {
  switch (tensor.dtype) {
    case "float32":
      return new OrtTensor(tensor.dtype, tensor.data, tensor.shape);
    case "int32":
      return new OrtTensor(tensor.dtype, tensor.data, tensor.shape);
    case "float16":
      return new OrtTensor(tensor.dtype, tensor.data, tensor.shape);
    case "uint8":
      return new OrtTensor(tensor.dtype, tensor.data, tensor.shape);
  }
}

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return nativeReason(text).slice(0, 300);
}
