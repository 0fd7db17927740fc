// `twin build --target web --budget SIZE`: what a page fetches is counted on whole builds, until one fits.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { bytesText, countText } from "../compiler/diagnostics/number-text.ts";
import { type ArtefactFile, type Chosen, chooseFit, type Fit, lostText, type Model } from "../compiler/index.ts";
import type { BudgetSection } from "../contract/budget-section.ts";
import { TwinError } from "../contract/error.ts";
import type { Manifest } from "../contract/manifest.ts";
import { buildTables, type PageBytes, pageBytes } from "../runtime/build-table/index.ts";
import { type Binding, readBinding } from "../runtime/data/index.ts";
import { temporaryFolder } from "../runtime/host/temporary-folder.ts";
import { builtFiles } from "./built-files.ts";
import { costText } from "./fit-cost.ts";
import { fitTask } from "./fit-task.ts";
import { quietNativeLog } from "./native-log.ts";
import { say } from "./output.ts";
import { showProgress, stoppable } from "./progress.ts";
import { refuseForeign, writeArtefacts } from "./write-artefacts.ts";

export interface Built {
  readonly model: Model;
  readonly manifest: Manifest;
  readonly files: readonly ArtefactFile[];
}

export interface FitRequest {
  /** The folder of the artefacts. */
  readonly output: string;
  /** Bytes that a page may fetch. */
  readonly budget: number;
  readonly data: string | undefined;
  /** Entries by feature, as the whole model is built with them. */
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
  /** The build, whole or with what a fit leaves of it. */
  compiled(fit?: Fit): Built;
}

/** A build in a folder of its own, with its tables where there is data. */
export interface Staged extends Built {
  readonly dir: string;
  readonly page: PageBytes;
}

/** What is known before a build is there is close: it is built so often at most until it fits. */
const tries = 6;
/** A build that leaves so much of the budget unused is tried once more. */
const unused = 0.02;

/**
 * Builds, with tables where there is data, what fits the budget, and puts it in its folder; measures what it costs.
 * @throws TwinError saying the least possible and what takes it, where nothing fits
 */
export async function fitTo(request: FitRequest): Promise<Built & { readonly report: string }> {
  const { output, budget, data } = request;
  refuseForeign(output);
  quietNativeLog();
  const binding = data === undefined ? null : readBinding(data);
  return stoppable(async (signal) => {
    const place = temporaryFolder("fit");
    try {
      const stage = (fit?: Fit) =>
        staged(request.compiled(fit), join(place, fit ? "fitted" : "whole"), binding, signal);
      const whole = await stage();
      const { fit, built } = await fitting(request, binding, whole, stage, signal);
      const cost = fit === null ? "nothing was given up" : await costText(whole, built, binding, signal);
      await writeArtefacts(output, [...built.files, ...builtFiles(built.dir)], signal, false);
      const { model, manifest, files } = built;
      const report = [pageText(built.page, budget, binding), ...(fit === null ? [] : fitText(fit, manifest)), cost];
      return { model, manifest, files, report: report.join("\n") };
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
}

async function staged(built: Built, dir: string, binding: Binding | null, signal: AbortSignal): Promise<Staged> {
  await writeArtefacts(dir, built.files, signal, false);
  if (binding !== null) {
    const warn = (message: string) => say(`warning: ${message}`);
    await buildTables({ dir, binding, signal, measureLoss: false, onProgress: showProgress(), warn });
  }
  return { ...built, dir, page: pageBytes(dir) };
}

/** The build that fits, and what it gave up; null: nothing. */
async function fitting(
  { budget, vocabularies }: FitRequest,
  binding: Binding | null,
  whole: Staged,
  stage: (fit: Fit) => Promise<Staged>,
  signal: AbortSignal,
): Promise<{ readonly fit: Fit | null; readonly built: Staged }> {
  if (whole.page.bytes <= budget) {
    return { fit: null, built: whole };
  }
  const task = await fitTask(whole, vocabularies, binding, budget, signal);
  let { fixed } = task;
  let best: { readonly fit: Fit; readonly bytes: number } | null = null;
  const attempt = async ({ fit, bytes }: Chosen): Promise<Staged> => {
    const built = await stage(fit);
    const found = built.page.bytes;
    say(`tried: ${bytesText(found)} of at most ${bytesText(budget)}`);
    fixed += found - bytes;
    if (found <= budget && found > (best?.bytes ?? -1)) {
      best = { fit, bytes: found };
    }
    return built;
  };
  for (let i = 0; i < tries; i++) {
    const chosen = chooseFit({ ...task, fixed });
    const built = await attempt(chosen);
    const found = built.page.bytes;
    // What was not foreseen is foreseen next time; a list that has nothing left to give ends here.
    const near = found > budget * (1 - unused) || chosen.bytes - found < budget * unused;
    if (found <= budget && near) {
      return { fit: chosen.fit, built };
    }
    if (!chosen.fits && found > budget) {
      throw new TwinError(impossible(built, budget));
    }
  }
  if (best === null) {
    const least = chooseFit({ ...task, budget: 0 });
    const fit = { ...least.fit, budget };
    const built = await attempt({ ...least, fit });
    if (built.page.bytes > budget) {
      throw new TwinError(impossible(built, budget));
    }
    return { fit, built };
  }
  const { fit } = best as { readonly fit: Fit };
  return { fit, built: await stage(fit) };
}

/** Files, and parameters of the weights, that an error names. */
const named = 6;

function impossible({ page }: Staged, budget: number): string {
  const part = (what: string, bytes: number) => `${bytesText(bytes).padStart(10)}  ${what}`;
  const inner = page.parameters.slice(0, named).map(({ name, bytes }) => part(`  of which ${name}`, bytes));
  const files = page.files.slice(0, named).flatMap(({ path, bytes }) => {
    const shown = part(path, bytes);
    return path === "weights.safetensors" ? [shown, ...inner] : [shown];
  });
  const rest = page.files.slice(named).reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `a page fetches ${bytesText(page.bytes)} (${page.bytes} bytes) at the least to rank by this model, and --budget allows ${bytesText(budget)}. What takes it, with tables as narrow as they go and no entry left in any vocabulary:`,
    ...files,
    ...(page.files.length > named ? [part(`${page.files.length - named} more files`, rest)] : []),
    "Allow more; make what is largest smaller in the model (`buckets`, `vocab`, `dim`, `hidden`) and train it again; or, where tables and item store are the largest, leave them to a pack for the items that the page ranks: twin pack DIR --items ids.txt -o pack.bin",
  ].join("\n");
}

function pageText(page: PageBytes, budget: number, binding: Binding | null): string {
  const shown = page.files.slice(0, named);
  const rest = page.files.length - shown.length;
  const more = page.files.slice(named).reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `a page fetches ${bytesText(page.bytes)} (${page.bytes} bytes) to rank, of at most ${bytesText(budget)}`,
    ...shown.map(({ path, bytes }) => `${bytesText(bytes).padStart(9)}  ${path}`),
    ...(rest > 0 ? [`${bytesText(more).padStart(9)}  ${rest} more files`] : []),
    ...(binding === null
      ? [
          "note: no tables are built, and none is counted: with --data they are built and counted, item store and key index too",
        ]
      : []),
  ].join("\n");
}

function fitText({ counted }: Fit, { extensions }: Manifest): string[] {
  const { content } = extensions.budget as { readonly content: BudgetSection };
  const order = counted ? "" : " (not counted without --data: the last of the file went)";
  return [
    ...content.vocabularies.map(
      ({ feature, entries, of, lost }) =>
        `pruned: ${feature}: ${countText(entries)} of ${countText(of)} entries stay${lost === null ? order : `; those that went made up ${lostText(lost)} of what the training part has of them`}`,
    ),
    ...content.tables.map(({ table, precision, of }) => `narrowed: ${table}: ${precision} instead of ${of}`),
    ...(content.vocabularies.length + content.tables.length === 0
      ? ["only rows of tables that no entry of a vocabulary has were left out: scores stay"]
      : []),
  ];
}
