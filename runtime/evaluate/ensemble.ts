// An ensemble's figures: of each member, and of the mean of their logits.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { recordOf } from "../../contract/record.ts";
import type { Binding } from "../data/index.ts";
import { temporaryFolder } from "../host/temporary-folder.ts";
import type { Part } from "../learn/index.ts";
import { expectAlike, readEnsemble, readRunManifest } from "../train/index.ts";
import { defaultKs, type EvaluateOptions, partOf, tasksOf } from "./evaluate.ts";
import { type Figures, figuresOf } from "./report.ts";
import type { Collected } from "./rows.ts";
import { type RunOptions, runRows } from "./run-rows.ts";

export interface EnsembleReport {
  readonly model: string;
  readonly data: string;
  /** `all` where the data is not split. */
  readonly part: Part | "all";
  readonly rows: number;
  readonly users: number;
  readonly members: readonly { readonly folder: string; readonly seed: number; readonly labels: readonly Figures[] }[];
  /** Of the mean of the members' logits; of regressions, of their values. */
  readonly labels: readonly Figures[];
  readonly notes: readonly string[];
}

type Options = Pick<EvaluateOptions, "ks" | "historyEdges"> & RunOptions;

/** @throws TwinError where a member has not come to its end, or where the part has no labelled rows */
export async function evaluateEnsemble(
  dir: string,
  binding: Binding,
  { ks = defaultKs, historyEdges, ...options }: Options = {},
): Promise<EnsembleReport> {
  const ensemble = readEnsemble(dir);
  expectAlike(dir, ensemble);
  const { part, notes } = partOf(binding, options);
  const own = options.cache === undefined ? temporaryFolder("evaluate") : null;
  const cache = options.cache ?? join(own ?? "", "data");
  const manifest = readRunManifest(join(dir, ensemble.members[0].folder));
  const tasks = tasksOf({ manifest });
  const figures = (rows: Collected) => figuresOf(rows, tasks, { ks, historyEdges: historyEdges ?? null });
  let first: Collected | null = null;
  const sums = new Map(tasks.map(({ name }) => [name, new Float64Array(0)]));
  const members: EnsembleReport["members"][number][] = [];
  try {
    for (const { folder, seed } of ensemble.members) {
      const { rows } = await runRows(join(dir, folder), binding, { ...options, cache });
      for (const [name, sum] of sums) {
        const mine = rows.predictions[name];
        sums.set(
          name,
          Float64Array.from(mine, (value, i) => value + (first === null ? 0 : sum[i])),
        );
      }
      first ??= rows;
      members.push({ folder, seed, labels: figures(rows) });
    }
  } finally {
    if (own !== null) {
      rmSync(own, { recursive: true, force: true });
    }
  }
  if (first === null) {
    throw new Error("an ensemble has two members at least");
  }
  const mean = recordOf(
    [...sums].map(([name, sum]) => [name, Float32Array.from(sum, (value) => value / members.length)] as const),
  );
  return {
    model: manifest.model,
    data: binding.path,
    part: part ?? "all",
    rows: first.rows,
    users: first.users,
    members,
    labels: figures({ ...first, predictions: mean }),
    notes,
  };
}
