// Permutation importance: what a model loses where a feature, a group or a history is another sample's (Breiman 2001, section
// 10; Fisher, Rudin & Dominici 2019, "model reliance", as a difference). Nothing is trained again.
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import { streams } from "../../contract/random.ts";
import { recordOf } from "../../contract/record.ts";
import { meter, type OnProgress } from "../host/progress.ts";
import { type Exchange, type Part, shuffle, type TrainPlan } from "../learn/index.ts";
import { binaryMeasures, type Fall, fallOf, type JudgedRows, squaredMeasures, userDraws } from "../metrics/falls.ts";
import type { BatchScoring } from "./batch-rows.ts";
import { oddsOf } from "./calibrations.ts";
import { judged, promisedOdds, rowsOf } from "./report.ts";
import type { Collected, Task } from "./rows.ts";
import { rowsWhere } from "./segments.ts";

export interface ImportanceOptions {
  /** Rows that are scored, at least: whole users are taken, by chance, until there are so many; default 5,000. */
  readonly rows?: number;
  /** Times that each is shuffled; default 3. */
  readonly repeats?: number;
  readonly seed: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Something whose values are shuffled as one. */
export interface Shuffled {
  readonly of: "feature" | "group" | "history";
  readonly name: string;
  /** `rows`: with other rows, the values of each together. `behaviours`: of each row's own history. */
  readonly among: "rows" | "behaviours";
  readonly features: readonly string[];
}

export interface Loss extends Shuffled {
  /** Of AUC, GAUC and logloss, of a regression of the mean squared error: what is lost, so that more is worse. */
  readonly labels: Readonly<Record<string, Readonly<Record<string, Fall>>>>;
}

export interface Importance {
  readonly rows: number;
  readonly users: number;
  readonly repeats: number;
  /** Samples of users of which the intervals are. */
  readonly draws: number;
  readonly seed: number;
  /** Labels with the measures that are told of them, and their values as the model is. */
  readonly labels: readonly { readonly label: string; readonly measures: Readonly<Record<string, number>> }[];
  /** Histories and groups, then features; in each, what costs the first label most first. */
  readonly losses: readonly Loss[];
}

const draws = 400;

/** What a label loses by its first measure that is defined. */
export const lossOf = ({ labels }: Loss, label: string): number =>
  Object.values(labels[label]).find(({ fall }) => !Number.isNaN(fall))?.fall ?? 0;

type Unit = Shuffled & { readonly exchange: Exchange };

/** @param all rows that the model has scored as they are */
export async function importanceOf(
  scoring: BatchScoring,
  part: Part,
  all: Collected,
  tasks: readonly Task[],
  manifest: Pick<Manifest, "features" | "histories">,
  { rows: wanted = 5000, repeats = 3, seed, onProgress, signal }: ImportanceOptions,
): Promise<Importance> {
  if (all.prepared === null) {
    throw new Error("only prepared rows can be shuffled");
  }
  const rows = ofWholeUsers(all, wanted, seed);
  const samples = Uint32Array.from(rows, (row) => all.prepared?.sample[row] ?? 0);
  const judges = tasks
    .filter(({ name }) => Object.hasOwn(all.labels, name))
    .map((task) => judge(all, task, rows, seed));
  const units = unitsOf(manifest, scoring.plan);
  const progress = meter("rows with something shuffled", units.length * repeats * rows.length, onProgress);
  const losses: Loss[] = [];
  for (const { exchange, ...unit } of units) {
    const same = losses.find(({ features, among }) => among === unit.among && alike(features, unit.features));
    if (same !== undefined && unit.of !== "history" && same.of !== "history") {
      progress.add(repeats * rows.length);
      losses.push({ ...unit, labels: same.labels });
      continue;
    }
    const shuffles: Readonly<Record<string, Float32Array>>[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const donors = samples.slice();
      shuffle(donors, streams.shuffledRows(seed, repeat).below);
      const logits = recordOf(judges.map(({ task }) => [task.name, new Float32Array(rows.length)] as const));
      let at = 0;
      const own = { samples, donors, exchange, seed: streams.stepKey(seed, repeat, historyOrder) };
      for await (const batch of scoring.exchanged(part, own, signal)) {
        for (const [label, into] of Object.entries(logits)) {
          into.set(batch.logit[label], at);
        }
        at += batch.rows;
        progress.add(batch.rows);
      }
      shuffles.push(logits);
    }
    const labels = judges.map(({ task, lost }) => [task.name, lost(shuffles.map((one) => one[task.name]))] as const);
    losses.push({ ...unit, labels: recordOf(labels) });
  }
  progress.done();
  const first = judges[0].task.name;
  const sorted = losses.sort((a, b) => lossOf(b, first) - lossOf(a, first));
  return {
    rows: rows.length,
    users: new Set(rows.map((row) => all.user[row])).size,
    repeats,
    draws,
    seed,
    labels: judges.map(({ task, measures }) => ({ label: task.name, measures })),
    losses: [...sorted.filter(({ of }) => of !== "feature"), ...sorted.filter(({ of }) => of === "feature")],
  };
}

/** Purpose of a step's key: the order of the behaviours of a history. */
const historyOrder = 998;

const alike = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);

/** Users in an order by chance until they have so many rows: of single rows of a user there would be no GAUC. */
function ofWholeUsers(all: Collected, wanted: number, seed: number): Uint32Array {
  if (wanted >= all.rows) {
    return rowsWhere(all.rows, () => true);
  }
  const counts = new Uint32Array(all.users);
  for (const user of all.user) {
    counts[user]++;
  }
  const order = Uint32Array.from(counts.keys());
  shuffle(order, streams.shuffledRows(seed, -1).below);
  const chosen = new Set<number>();
  for (let i = 0, rows = 0; i < order.length && rows < wanted; i++) {
    chosen.add(order[i]);
    rows += counts[order[i]];
  }
  return rowsWhere(all.rows, (row) => chosen.has(all.user[row]));
}

/** What a label's measures are over the chosen rows, and what they lose. */
function judge(all: Collected, task: Task, chosen: Uint32Array, seed: number) {
  const counts = new Set(rowsOf(all, task));
  // Places among the chosen.
  const places = rowsWhere(chosen.length, (place) => counts.has(chosen[place]));
  const ofRows = <T>(read: (row: number) => T): T[] => Array.from(places, (place) => read(chosen[place]));
  const numbers = new Map<number, number>();
  const user = Uint32Array.from(
    ofRows((row) => {
      const number = numbers.get(all.user[row]) ?? numbers.size;
      numbers.set(all.user[row], number);
      return number;
    }),
  );
  const rows: JudgedRows = {
    label: Float64Array.from(ofRows((row) => all.labels[task.name][row])),
    user,
    users: numbers.size,
  };
  const offset = ofRows((row) => (task.kind === "binary" ? (all.prepared?.offset[row] ?? 0) : 0));
  const scores = judged(all, task);
  const odds = promisedOdds(all, task);
  const samples = userDraws(seed, rows.users, draws);
  const measure = (values: ArrayLike<number>, promised: ArrayLike<number>) => {
    const column = Float64Array.from(values);
    return task.kind === "binary"
      ? { ...binaryMeasures(rows, column, Float64Array.from(promised), samples) }
      : { "mean squared error": squaredMeasures(rows, column, samples) };
  };
  const base = Object.entries(
    measure(
      ofRows((row) => scores[row]),
      ofRows((row) => odds[row]),
    ),
  );
  return {
    task,
    measures: recordOf(base.map(([name, { all: value }]) => [name, value] as const)),
    lost(shuffles: readonly Float32Array[]): Record<string, Fall> {
      const others = shuffles.map((logit) => {
        const [own, promised] = [logit, oddsOf(task.calibration, logit)].map((values) =>
          Float64Array.from(places, (place, i) => values[place] + offset[i]),
        );
        return measure(own, promised);
      });
      return recordOf(
        base.map(([name, before]) => {
          const after = others.map((other) => (other as Record<string, typeof before>)[name]);
          return [name, fallOf(before, after, name !== "auc" && name !== "gauc")] as const;
        }),
      );
    },
  };
}

const groups = ["item", "user", "context", "candidate"] as const;

/** What a model reads, each once: its histories, its groups, its features. */
function unitsOf({ features, histories }: Pick<Manifest, "features" | "histories">, plan: TrainPlan): Unit[] {
  const read = new Set([...plan.itemFeatures, ...plan.singleFeatures]);
  const used = features.filter(({ name, training }) => read.has(name) && training !== true);
  const units = used.map(byItself);
  for (const group of groups) {
    const names = used.filter((one) => one.group === group).map(({ name }) => name);
    if (names.length > 0) {
      const exchange = { kind: group === "item" ? "item" : "single", features: names } as const;
      units.push({ of: "group", name: group, among: "rows", features: names, exchange });
    }
  }
  for (const { name: history, cross } of plan.histories) {
    const spec = histories.find(({ name }) => name === history);
    const stats = (spec?.stats ?? []).filter((name) => read.has(name));
    const whole = [...cross, ...stats];
    const exchange = { kind: "history", history, stats } as const;
    units.push({ of: "history", name: history, among: "rows", features: whole, exchange });
    if (stats.length > 0) {
      const own = { kind: "single", features: stats } as const;
      units.push({ of: "group", name: `${history}.stats`, among: "rows", features: stats, exchange: own });
    }
    for (const feature of cross) {
      const own = { kind: "cross", history, feature } as const;
      units.push({ of: "feature", name: feature, among: "behaviours", features: [feature], exchange: own });
    }
  }
  return units;
}

const byItself = ({ name, group }: FeatureSpec): Unit => ({
  of: "feature",
  name,
  among: "rows",
  features: [name],
  exchange: { kind: group === "item" ? "item" : "single", features: [name] },
});
