// Opens a build for the verbs that run it: its options, ONNX Runtime's own log kept quiet, and warnings said as they come.
import { type LoadOptions, load, parseDuration, type Twin, TwinError, type WantedPlan } from "../runtime/index.ts";
import { WrongUsage } from "./failure.ts";
import { quietNativeLog } from "./native-log.ts";
import { say } from "./output.ts";

export interface RuntimeOptions {
  readonly providers: readonly string[];
  readonly threads?: number;
  readonly maxStaleness?: string;
  readonly plan?: WantedPlan;
}

/** Names that ONNX Runtime has for execution providers in Node; which of them run here, `twin doctor` says. */
const providers = ["cpu", "cuda", "tensorrt", "webgpu", "dml", "coreml", "qnn"];

/** @throws WrongUsage for a name that is none */
export function expectProviders(wanted: readonly string[]): void {
  for (const name of wanted) {
    if (!providers.includes(name)) {
      throw new WrongUsage(
        `--providers: ${name === "" ? "an empty name" : `\`${name}\``} is no execution provider; known: ${providers.join(", ")}`,
      );
    }
  }
}

/** @throws WrongUsage naming the option */
export const loadOptions = (options: RuntimeOptions): LoadOptions => {
  expectProviders(options.providers);
  const { threads, maxStaleness, plan } = options;
  if (maxStaleness !== undefined) {
    try {
      parseDuration(maxStaleness, "--max-staleness");
    } catch (failure) {
      throw failure instanceof TwinError ? new WrongUsage(failure.message) : failure;
    }
  }
  return {
    providers: options.providers,
    ...(threads !== undefined && { threads }),
    ...(maxStaleness !== undefined && { maxStaleness }),
    ...(plan !== undefined && { plan }),
  };
};

export async function openTwin(dir: string, options: LoadOptions): Promise<Twin> {
  quietNativeLog();
  // Commands look at the folder itself, whatever serves elsewhere meanwhile.
  return load(dir, { ...options, release: "none" });
}

/** Says what was not said yet: a provider that cannot be had is known only when its first session opens. */
export function warner(twin: Twin): () => void {
  let said = 0;
  return () => {
    for (const warning of twin.warnings.slice(said)) {
      say(`warning: ${warning}`);
    }
    said = twin.warnings.length;
  };
}
