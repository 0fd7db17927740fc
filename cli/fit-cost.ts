// What a build that was made to fit costs: AUC, GAUC and hit rates of both builds on the same rows.
import { TwinError } from "../contract/error.ts";
import type { Binding } from "../runtime/data/index.ts";
import { type EvaluationReport, evaluate, openBatchScoring } from "../runtime/evaluate/index.ts";
import { LocalTwin } from "../runtime/serve/index.ts";
import { say } from "./output.ts";
import { showProgress } from "./progress.ts";

/** Requests on which the search is held against its oracle. */
const hitRequests = 200;

interface Folder {
  readonly dir: string;
}

/** @returns lines of text; where it could not be measured, why, and how to have it */
export async function costText(
  whole: Folder,
  fitted: Folder,
  binding: Binding | null,
  signal: AbortSignal,
): Promise<string> {
  if (binding === null) {
    return "what it costs was not measured: name labelled data by --data data.yaml, and AUC and hit rate are measured before and after";
  }
  try {
    const before = await measured(whole.dir, binding, signal);
    const after = await measured(fitted.dir, binding, signal);
    return compared(before, after);
  } catch (error) {
    if (signal.aborted || !(error instanceof TwinError)) {
      throw error;
    }
    return `what it costs was not measured: ${error.message}`;
  }
}

async function measured(dir: string, binding: Binding, signal: AbortSignal): Promise<EvaluationReport> {
  const twin = await LocalTwin.open(dir, { providers: ["cpu"] });
  try {
    const onProgress = showProgress();
    const note = (message: string) => say(`note: ${message}`);
    const scoring = await openBatchScoring(twin.engine.artefacts, binding, { signal, onProgress, note });
    try {
      return await evaluate(twin, binding, { scoring, hitRequests, signal, onProgress });
    } finally {
      await scoring.close();
    }
  } finally {
    await twin.close();
  }
}

function compared(before: EvaluationReport, after: EvaluationReport): string {
  const rows = before.rows.toLocaleString("en-GB");
  const where = before.part === "all" ? "all rows" : `the ${before.part} part`;
  const lines = [`what it costs, on ${where} of ${before.data} (${rows} rows), before → after:`];
  before.labels.forEach((one, i) => {
    const other = after.labels[i];
    if (one.kind === "binary" && other.kind === "binary") {
      lines.push(`  ${one.label}: AUC ${change(one.auc, other.auc)}, GAUC ${change(one.gauc, other.gauc)}`);
    } else if (one.kind === "regression" && other.kind === "regression") {
      lines.push(`  ${one.label}: RMSE ${change(one.errors.rmse, other.errors.rmse)}`);
    }
  });
  const built = ({ hitRate }: EvaluationReport) => hitRate?.tables[0];
  const [curves, later] = [built(before)?.curves, built(after)?.curves];
  for (const [i, { search, hits, wanted }] of (curves ?? []).entries()) {
    const other = later?.[i];
    if (other !== undefined) {
      lines.push(`  ${search}: hit rate ${change((100 * hits) / wanted, (100 * other.hits) / other.wanted, 2, " %")}`);
    }
  }
  if (curves === null || curves === undefined) {
    lines.push(`  hit rate not measured: ${built(before)?.notMeasured ?? "there were no requests"}`);
  } else if (curves.length === 0) {
    lines.push("  no hit rate: the model has no search by a metric");
  }
  if (before.untrained) {
    lines.push("  the weights are start values: these figures say nothing of the model yet");
  }
  return lines.join("\n");
}

/** `0.8778 → 0.8712 (−0.0066)` */
function change(before: number, after: number, digits = 4, unit = ""): string {
  if (!Number.isFinite(before) || !Number.isFinite(after)) {
    return "–";
  }
  const difference = after - before;
  const sign = difference < 0 ? "−" : "+";
  const text = (value: number) => `${value.toFixed(digits)}${unit}`;
  return `${text(before)} → ${text(after)} (${sign}${Math.abs(difference).toFixed(digits)})`;
}
