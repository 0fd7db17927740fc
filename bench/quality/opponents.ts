// Logistic regression and gradient boosting, in Python, on the same rows and counters.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { literal } from "../../runtime/data/database/source.ts";
import { exportRows } from "../../runtime/evaluate/index.ts";
import { auc, gauc, userAucs } from "../../runtime/metrics/auc.ts";
import { logloss } from "../../runtime/metrics/logloss.ts";
import type { ScoredRows } from "../../runtime/metrics/many-systems.ts";
import { Database } from "../../test/kit/database.ts";
import type { DataSet } from "./data-sets.ts";
import type { System } from "./measured.ts";
import { shown } from "./trial.ts";

const python = process.env.TWIN_PYTHON ?? "python3";
const names = { logistic: "logistic regression", boosting: "gradient boosting" } as const;

/** @param prepared folder whose samples have all counters @param rows the test part's, as the arms were scored on them */
export async function opponents(
  set: DataSet,
  folder: string,
  prepared: string,
  seeds: number,
  rows: ScoredRows,
): Promise<System[]> {
  const out = join(folder, `opponents-${seeds}.parquet`);
  const begun = performance.now();
  if (!existsSync(out)) {
    const exported = join(folder, "counters.parquet");
    await exportRows(prepared, set.label, exported);
    const script = join(import.meta.dirname, "python/opponents.py");
    const { status, error } = spawnSync(python, [script, exported, `${seeds}`, out], { stdio: "inherit" });
    if (status !== 0) {
      throw new Error(
        `the opponents need a Python with scikit-learn, lightgbm and pyarrow, named by TWIN_PYTHON: ${error?.message ?? `${python} ended with ${status}`}`,
      );
    }
  }
  const seconds = (performance.now() - begun) / 1000;
  const source = await Database.open();
  try {
    const found = await source.all(`SELECT * FROM read_parquet(${literal(out)}) ORDER BY row`);
    if (found.length !== rows.label.length) {
      throw new Error(`${out} has ${found.length} rows and the test part ${rows.label.length}`);
    }
    return Object.entries(names).map(([kind, name]): System => {
      const columns = Object.keys(found[0]).filter((column) => column.startsWith(`${kind}.`));
      const scores = columns.map((column) => Float64Array.from(found, (row) => row[column] as number));
      const figures = scores.map((score) => ({
        auc: auc({ label: rows.label, score }),
        gauc: gauc(userAucs({ label: rows.label, score }, rows.user, rows.users)).gauc,
        logloss: logloss(Float32Array.from(score), rows.label),
      }));
      return {
        name,
        opponent: true,
        validation: 0,
        figures: shown(figures),
        scores,
        seeds: scores.length,
        trials: kind === "boosting" ? 8 : 5,
        seconds: seconds / 2,
      };
    });
  } finally {
    source.close();
  }
}
