// The price of searches: what the same weights would reach with the behaviours that the attention itself would choose.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { oracleMetric } from "../compiler/graphs/index.ts";
import { type Model, metricOf } from "../compiler/index.ts";
import { putSetting } from "../grammar/index.ts";
import type { Binding } from "../runtime/data/index.ts";
import { type BatchOptions, buildRows, type EvaluateOptions, figuresOf } from "../runtime/evaluate/index.ts";
import { writeFileAtomic } from "../runtime/host/files.ts";
import { openArtefacts } from "../runtime/serve/index.ts";
import { say } from "./output.ts";
import { stoppable } from "./progress.ts";
import { buildTo } from "./verbs/build.ts";

/** Figures of a label with the oracle's selection minus those with the search's own. */
export interface LabelPrice {
  readonly label: string;
  readonly auc: number;
  readonly gauc: number;
}

/** Figures of a label with the search's own selection. */
export type OwnFigures = LabelPrice;

export interface Selection {
  /** The model whose searches select by the metric of the attention over them; null: they do already. */
  readonly text: string | null;
}

/**
 * The model with the selection of its oracles: each search goes by the metric that the attention over it goes by, all else stays.
 * Null where no search has an oracle.
 */
export function oracleSelection(text: string, model: Model): Selection | null {
  const found = model.searches.flatMap((search) => {
    const metric = oracleMetric(model, search);
    return metric === null ? [] : [{ search, metric }];
  });
  if (found.length === 0) {
    return null;
  }
  const others = found.filter(({ search, metric }) => metricOf(search.by)?.name !== metric.name);
  const changed = others.reduce(
    (now, { search, metric }) =>
      putSetting(
        { path: model.name, text: now },
        { section: "search", name: search.name, setting: "by", text: metric.name },
      ),
    text,
  );
  return { text: others.length === 0 ? null : changed };
}

interface Priced
  extends Pick<BatchOptions, "threads" | "providers" | "cache">,
    Pick<EvaluateOptions, "part" | "users"> {
  /** For the build, which goes again. */
  readonly dir: string;
  /** One file without imports, whose model is `model`. */
  readonly text: string;
  readonly model: Model;
  readonly weights: string;
  readonly binding: Binding;
}

/** Of each label, on the rows of the part that `own` was measured on; null: no search has an oracle. 0 where the searches go by it. */
export async function searchPrice(
  { dir, text, model, weights, binding, ...how }: Priced,
  own: readonly OwnFigures[],
): Promise<LabelPrice[] | null> {
  const selection = oracleSelection(text, model);
  if (selection === null || selection.text === null) {
    return selection && own.map(({ label }) => ({ label, auc: 0, gauc: 0 }));
  }
  const file = join(dir, "oracle.twin");
  const output = join(dir, "oracle");
  rmSync(output, { recursive: true, force: true });
  writeFileAtomic(file, selection.text);
  try {
    await buildTo(file, { output, weights });
    const artefacts = await openArtefacts(output, (message) => say(`warning: ${message}`));
    artefacts.outside?.close();
    const { rows, tasks } = await stoppable((signal) => buildRows(artefacts, binding, { ...how, signal }));
    const wanted = tasks.filter(({ name }) => own.some(({ label }) => label === name));
    const found = figuresOf(rows, wanted, { ks: [], historyEdges: null });
    return own.map(({ label, auc, gauc }) => {
      const figures = found.find((one) => one.label === label);
      if (figures?.kind !== "binary") {
        throw new Error(`${label} is binary`);
      }
      return { label, auc: figures.auc - auc, gauc: figures.gauc - gauc };
    });
  } finally {
    rmSync(output, { recursive: true, force: true });
    rmSync(file, { force: true });
  }
}
