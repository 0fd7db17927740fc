// `twin evaluate --search-price FILE`: what the searches of a build cost, from the file that it was built of.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { check, compile, joined, load } from "../compiler/index.ts";
import { TwinError } from "../contract/error.ts";
import type { Manifest } from "../contract/manifest.ts";
import { weightsFile } from "../contract/safetensors.ts";
import type { Binding } from "../runtime/data/index.ts";
import type { BatchOptions, EvaluateOptions, EvaluationReport } from "../runtime/evaluate/index.ts";
import { temporaryFolder } from "../runtime/host/temporary-folder.ts";
import { learnedFor } from "./learned.ts";
import { type LabelPrice, searchPrice } from "./search-price.ts";
import { reader } from "./sources.ts";
import { checked } from "./verbs/show.ts";
import { version } from "./version.ts";
import { digest, soundWeights } from "./weights.ts";

export interface EvaluatedPrice {
  readonly file: string;
  /** Null: no search has an oracle. */
  readonly labels: readonly LabelPrice[] | null;
}

/**
 * On the rows that were evaluated, by each binary label.
 * @param dir of the build @param file of its model: see `expectBuiltOf`
 */
export async function evaluatedPrice(
  dir: string,
  file: string,
  binding: Binding,
  { labels }: Pick<EvaluationReport, "labels">,
  how: Pick<BatchOptions, "threads" | "providers" | "cache"> & Pick<EvaluateOptions, "part" | "users">,
): Promise<EvaluatedPrice> {
  const text = joined(load(file, reader(file)));
  const model = check(load(file, () => text)).model!;
  const place = temporaryFolder("price");
  try {
    const own = labels.flatMap((one) => (one.kind === "binary" ? [one] : []));
    const found = await searchPrice({ dir: place, text, model, weights: join(dir, weightsFile), binding, ...how }, own);
    return { file, labels: found };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/**
 * Holds a file against a build by the graphs of training: they say what a model computes, and nothing of where its file lies.
 * @throws TwinError where another model was built into that folder
 */
export async function expectBuiltOf(
  file: string,
  { dir, manifest }: { readonly dir: string; readonly manifest: Manifest },
): Promise<void> {
  checked(file);
  const path = join(dir, weightsFile);
  const learned = await learnedFor(file, { home: dir });
  const weights = await soundWeights(path);
  try {
    const again = compile(file, { resolve: reader(file), version, digest, only: "training", weights, ...learned });
    const graphs = Object.keys(manifest.files).filter((name) => name.startsWith("train/"));
    const other = graphs.find((name) => again.manifest?.files[name]?.sha256 !== manifest.files[name].sha256);
    if (other === undefined) {
      return;
    }
    const why =
      manifest.compiler === version
        ? `its ${other} would be another one`
        : `its ${other} would be another one, or is of another version (${manifest.compiler}, and this is ${version}: build again)`;
    throw new TwinError(
      `--search-price ${file}: ${dir} was not built of this file alone: ${why}. Name the file that it was built of; a build with --budget or --search-weights has no price`,
    );
  } finally {
    weights.close();
  }
}

/** As lines of a report. */
export function priceText({ labels }: EvaluatedPrice): string[] {
  const signed = (value: number): string =>
    Number.isFinite(value) ? `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(5)}` : "–";
  return labels === null
    ? ["price of the search: none, since no search has an attention by a metric over it that says what to select"]
    : [
        "price of the search: what the same weights gain where the attention's own metric selects; 0 where it does",
        ...labels.map(({ label, auc, gauc }) => `  ${label}: AUC ${signed(auc)}, GAUC ${signed(gauc)}`),
      ];
}
