// The forward side of training: the formulas that serve, over items that stand once and behaviours that the host gathered.
import { attendRule, searchRule } from "../by/kinds.ts";
import { attendedBy, labelOutputs, oracleOutputs, searchOutputs, wiring } from "../graphs/assemble.ts";
import { type Graph, inputsOf, type Output, outputNamed, type Value } from "../ir/graph.ts";
import { lowerBias } from "../lower/bias.ts";
import { type Scene, scene } from "../lower/scene.ts";
import { lowerTower } from "../lower/tower.ts";
import type { Model, Task, Tower } from "../model/model.ts";
import type { TrainPlan } from "./plan.ts";
import type { OwnPorts } from "./ports.ts";

/** Positions that every search keeps in the whole history, by live weights. */
export function searchGraph(model: Model, { sparse }: TrainPlan): Graph {
  return graphOf(model, "search", searchOutputs(scene(model, "batch", sparse, { learns: false, measured: new Map() })));
}

/** The attention's scores over the whole history of every search. */
export function oracleGraph(model: Model, { sparse }: TrainPlan): Graph {
  return graphOf(model, "oracle", oracleOutputs(scene(model, "batch", sparse, { learns: false, measured: new Map() })));
}

/** Logit and probability of every label, over the behaviours that were kept. */
export function scoreGraph(model: Model, { sparse }: TrainPlan): Graph {
  return graphOf(model, "score", predictions(scene(model, "batch", sparse, { learns: false, measured: new Map() })));
}

/** The output of a statistic's new value. */
export const measuredName = (parameter: string): string => `${parameter}.measured`;

/** `loss`, `losses`, and the new value of every measured statistic. */
export function lossGraph(model: Model, { sparse }: TrainPlan, ports: OwnPorts): Graph {
  const measured = new Map<string, Value>();
  const s = scene(model, "batch", sparse, { learns: true, measured });
  const predicted = predictions(s);
  for (const search of model.searches) {
    searchRule(search.by)?.measure?.(s, search, search.by);
  }
  for (const attend of model.attends) {
    attendRule(attend.by)?.measure?.(s, attend, attend.by);
  }
  const tasks = model.towers.flatMap((tower) => tower.tasks.map((task): Predicted => ({ tower, task })));
  const losses = tasks.map((one) => taskLoss(s, ports, one.task, learnedLogit(s, one, tasks, predicted)));
  const b = s.b.at("loss");
  const sum = (values: readonly Value[]) => values.reduce((left, right) => b.add(left, right));
  return graphOf(model, "step", [
    {
      name: "loss",
      value: sum(losses.map(({ loss }) => loss)),
      doc: "Loss of the batch: of every task by its weight.",
    },
    { name: "losses", value: sum(losses.map(({ rows }) => rows)), doc: "Loss of every row, before its weight." },
    ...[...measured].map(([name, value]) => ({ name: measuredName(name), value, doc: "" })),
  ]);
}

function predictions(s: Scene): Output[] {
  const attended = attendedBy(s, wiring(s, false, false));
  return labelOutputs(s.model.towers.flatMap((tower) => lowerTower(s, tower, attended)));
}

interface Predicted {
  readonly tower: Tower;
  readonly task: Task;
}

/**
 * The log-odds that a task's loss is of: its own and what training adds for how the sample was shown, or with `through` those of the product of its probability and that of the
 * label before (ESMM, Ma et al., SIGIR 2018, eq. 3). Of p = σ(a) σ(b) they are − ln(1/p − 1) = − ln(e^−a + e^−b + e^−(a + b)).
 */
function learnedLogit(
  s: Scene,
  { tower, task }: Predicted,
  tasks: readonly Predicted[],
  predicted: readonly Output[],
): Value {
  const served = outputNamed(predicted, `${task.label}.logit`);
  const shown = lowerBias(s, tower, task);
  const own = shown === null ? served : s.b.at(`loss/${task.label}`).add(served, shown);
  if (task.through === null) {
    return own;
  }
  const before = tasks.find((one) => one.task.label === task.through);
  if (before === undefined) {
    throw new Error(`${task.label} goes through ${task.through}, which no tower predicts`);
  }
  const b = s.b.at(`loss/${task.label}/through`);
  const [x, y] = [b.neg(own), b.neg(learnedLogit(s, before, tasks, predicted))];
  const both = b.add(x, y);
  const most = b.maximum(b.maximum(x, y), both);
  const sum = [x, y, both].map((one) => b.exp(b.sub(one, most))).reduce((left, right) => b.add(left, right));
  return b.neg(b.add(most, b.log(sum)));
}

/**
 * (1 − λ) of the loss of rows, and λ of Σ share · softplus(z₋ − z₊) over pairs of a positive and a negative of one user:
 * − ln σ(z₊ − z₋) (BPR, Rendle et al., UAI 2009, eq. 4, without its regularisation).
 */
function withPairs(s: Scene, ports: OwnPorts, task: Task, logit: Value, rows: Value): Value {
  const b = s.b.at(`loss/${task.label}/pairs`);
  const shares = s.input(
    ports.pairs(task),
    "float32",
    ["batch", "batch"],
    `Share of a pair in the loss of ${task.label}.`,
  );
  const apart = b.sub(b.unsqueeze(logit, 0), b.unsqueeze(logit, 1));
  const each = b.mul(b.bceWithLogits(apart, b.scalar(0)), shares);
  const pairs = b.sum(b.sum(each, [1]), [0]);
  return b.add(b.mul(rows, b.scalar(1 - task.pairs)), b.mul(pairs, b.scalar(task.weight * task.pairs)));
}

/**
 * Of a task with weight c over rows with weights w: the sum of c · w · l, and of every row with w above 0, c · l. l is the
 * binary cross-entropy of the log-odds z + offset, or (z − y)² of a regression.
 */
function taskLoss(s: Scene, ports: OwnPorts, task: Task, logit: Value): { loss: Value; rows: Value } {
  const b = s.b.at(`loss/${task.label}`, task.doc);
  const input = (name: string, doc: string) => s.input(name, "float32", ["batch"], doc);
  const label = input(ports.label(task), `Label ${task.label}; 0 where it is missing.`);
  const weight = input(ports.weight(task), `Share of the row in the loss of ${task.label}; 0 where it does not count.`);
  const each = () => {
    if (task.kind === "binary") {
      return b.bceWithLogits(b.add(logit, input(ports.offset, offsetDoc)), label);
    }
    const apart = b.sub(logit, label);
    return b.mul(apart, apart);
  };
  const own = each();
  const weighted = task.weight === 1 ? own : b.mul(own, b.scalar(task.weight));
  const counts = b.cast(b.greater(weight, b.scalar(0)), "float32");
  const loss = b.sum(b.mul(weighted, weight), [0]);
  return {
    loss: task.pairs > 0 ? withPairs(s, ports, task, logit, loss) : loss,
    rows: b.mul(weighted, counts),
  };
}

const offsetDoc = "Added to the log-odds: − ln of the rate at which negatives were sampled, else 0.";

function graphOf({ doc }: Model, name: string, outputs: readonly Output[]): Graph {
  const inputs = inputsOf(outputs.map(({ value }) => value));
  return { name, doc, inputs, outputs };
}
