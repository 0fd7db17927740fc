// `twin build FILE -o DIR`: compiles a model and puts the artefacts in their folder as a whole.
import { dirname } from "node:path";
import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import { compile, type Fit, InputError, type WeightSource } from "../../compiler/index.ts";
import { TwinError } from "../../contract/error.ts";
import { expectNoOther } from "../../runtime/host/build-folder.ts";
import { derivedOf } from "../derived.ts";
import { Failed, WrongUsage } from "../failure.ts";
import { learnedFor } from "../learned.ts";
import { hasErrors, print, sayDiagnostics } from "../output.ts";
import { stoppable } from "../progress.ts";
import { reader } from "../sources.ts";
import { version } from "../version.ts";
import { digest, searchWeightsOf, soundWeights } from "../weights.ts";
import { writeArtefacts } from "../write-artefacts.ts";
import { checked } from "./show.ts";

interface BuildOptions {
  readonly output: string;
  readonly weights?: string;
  /** A run or a build by whose weights searches go. */
  readonly searchWeights?: string;
  readonly seed?: number;
  readonly features?: string;
  readonly data?: string;
  readonly vocabularies?: string;
  readonly embeddings: "auto" | "inside" | "outside";
  readonly tableInput?: "float16" | "uint8";
  readonly maxMemory?: number;
  readonly target?: "web";
  /** Bytes that a page may fetch to rank. */
  readonly budget?: number;
}

/** What others than the command line say of a build. */
interface Given {
  /** Weights that lie in no file of their own, in the place of `weights`, and the run that they are of. */
  readonly learned?: { readonly weights: WeightSource; readonly run: string };
  /** Stops it; default: Ctrl-C does. */
  readonly signal?: AbortSignal;
}

export async function build(file: string, options: BuildOptions): Promise<void> {
  const { manifest, files, report } = await buildTo(file, options);
  for (const { path, bytes: size } of files) {
    print(`${bytesText(size).padStart(9)}  ${path}`);
  }
  for (const { choice, because } of manifest.plan) {
    print(`plan: ${choice}: ${because}`);
  }
  print(`${options.output}: model ${manifest.model}${manifest.untrained ? ", untrained (start values)" : ""}`);
  if (report !== null) {
    print(report);
  }
}

/** Builds without printing results; diagnostics are said. */
export async function buildTo(
  file: string,
  options: Omit<BuildOptions, "embeddings"> & Partial<BuildOptions>,
  { learned: given, signal: stop }: Given = {},
) {
  if (options.data !== undefined && options.vocabularies !== undefined) {
    throw new WrongUsage(
      "--data learns vocabularies and --vocabularies takes those of a folder: one of them is enough",
    );
  }
  expectBudget(options);
  expectNoOther(options.output);
  const home = given?.run ?? (options.weights === undefined ? undefined : dirname(options.weights));
  const learned = await learnedFor(file, { ...options, ...(home !== undefined && { home }) });
  const derived = await derivedOf(() => checked(file), options.data, home);
  const own = options.weights === undefined ? undefined : await soundWeights(options.weights);
  const weights = given?.weights ?? own;
  const searchWeights = options.searchWeights === undefined ? undefined : await searchWeightsOf(options.searchWeights);
  const outside = { auto: "auto", inside: "none", outside: "all" } as const;
  // What the check before learning has said is not said again.
  let said = options.data !== undefined;
  const compiled = (fit?: Fit) => {
    const { diagnostics, model, files, manifest } = compile(file, {
      resolve: reader(file, options.features),
      version,
      digest,
      outside: outside[options.embeddings ?? "auto"],
      ...(weights && { weights }),
      ...(searchWeights && { searchWeights }),
      ...learned,
      derived,
      ...(fit && { fit }),
      ...(options.seed !== undefined && { seed: options.seed }),
      ...(options.maxMemory !== undefined && { maxBytes: options.maxMemory }),
      ...(options.tableInput !== undefined && { tableInput: options.tableInput }),
    });
    if (!said || hasErrors(diagnostics)) {
      sayDiagnostics(diagnostics);
      said = true;
    }
    if (hasErrors(diagnostics)) {
      throw new Failed("");
    }
    if (model === null || manifest === null) {
      throw new Failed(`${file} is a library of sections: it has no \`model\`, so there is nothing to build`);
    }
    return { model, manifest, files };
  };
  try {
    if (options.budget !== undefined) {
      const { fitTo } = await import("../fit-budget.ts");
      const { output, budget, data } = options;
      return await fitTo({ output, budget, data, vocabularies: learned.vocabularies ?? new Map(), compiled });
    }
    const built = compiled();
    const write = (signal: AbortSignal): Promise<void> => writeArtefacts(options.output, built.files, signal);
    await (stop === undefined ? stoppable(write) : write(stop));
    return { ...built, report: null };
  } catch (failure) {
    if (failure instanceof InputError) {
      const file = given?.weights.path ?? options.weights;
      const known = [file, searchWeights?.weights.path].some(
        (path) => path !== undefined && failure.message.includes(path),
      );
      const place = file === undefined || known ? "" : `${file}: `;
      throw new TwinError(`${place}${failure.message}`, { cause: failure });
    }
    throw failure;
  } finally {
    own?.close();
    searchWeights?.weights.close();
  }
}

/** @throws WrongUsage naming the options that go together, or do not */
function expectBudget({ target, budget, tableInput }: Omit<BuildOptions, "embeddings">): void {
  if ((target === undefined) !== (budget === undefined)) {
    throw new WrongUsage(
      target === undefined
        ? "--budget is of what a page fetches: add --target web"
        : "--target web fits a build into the bytes that a page may fetch: say how many, as in --budget 8MB. A page ranks from any build",
    );
  }
  if (budget !== undefined && tableInput !== undefined) {
    throw new WrongUsage("--budget chooses how tables are stored: leave out --table-input");
  }
}
