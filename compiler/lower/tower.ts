// Towers: inputs side by side → cross layers → hidden layers or experts → one logit per task.
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { metricOf } from "../model/by.ts";
import { calibrationParameter } from "../model/calibration.ts";
import type { Attend, Task, Tower } from "../model/model.ts";
import { towerSite } from "../model/site.ts";
import { wideColumn } from "../model/wide.ts";
import { columnsOf, queryWidth } from "../model/widths.ts";
import { lowerCalibration } from "./calibration.ts";
import { concatenated, embed } from "./embed.ts";
import { affine, crossLayer, hiddenLayer } from "./layer.ts";
import { queryColumns } from "./metric.ts";
import { inRows } from "./rows.ts";
import type { Scene } from "./scene.ts";
import { lowerWide } from "./wide.ts";

export interface Prediction {
  readonly task: Task;
  /** [R]: log-odds, of a regression the value. */
  readonly logit: Value;
  /** [R]: log-odds of the probability that is given out: the logit's own where nothing corrects it. */
  readonly odds: Value;
  /** [R]: probability, of a regression the value. */
  readonly result: Value;
}

/** What an attend gives a tower. */
export interface Found {
  /** [R, out] or, where it is the user's alone, [1, out]. */
  readonly result: Value;
  /** How strongly it was met, [R, 2A + 1]; null: it does not give that out. */
  readonly strength: Value | null;
}

export function lowerTower(scene: Scene, tower: Tower, attended: (attend: Attend) => Found): readonly Prediction[] {
  const deep = tower.input.length > 0 ? deepLogits(scene, tower, attended) : null;
  const wide = tower.wide.length > 0 ? everyRow(scene, deep === null, lowerWide(scene, tower)) : null;
  return tower.tasks.map((task) => {
    const at = scene.b.at(`${tower.name}/${task.label}`, task.doc);
    const base = deep?.(task) ?? at.parameter(`${tower.name}.${task.label}.bias`, [1]);
    const column = wideColumn(tower, task);
    const logit = wide === null ? base : at.add(base, at.squeeze(at.slice(wide, 1, column, column + 1), 1));
    const kind = scene.training === null ? task.calibrate : null;
    const odds = kind === null ? logit : lowerCalibration(at, calibrationParameter(tower, task), kind, logit);
    return { task, logit, odds, result: task.kind === "binary" ? at.sigmoid(odds) : logit };
  });
}

/** What the layers give for a task, [R]. */
function deepLogits(scene: Scene, tower: Tower, attended: (attend: Attend) => Found): (task: Task) => Value {
  const b = scene.b.at(tower.name, tower.doc);
  const x = crossed(b, tower, towerInput(scene, tower, attended));
  const trunk = (prefix: string) =>
    tower.hidden.reduce(
      (y, out, index) => hiddenLayer(scene, place(b, prefix, index), tower, `${prefix}.hidden.${index}`, y, out),
      x,
    );
  const experts = Array.from({ length: tower.experts }, (_, index) => trunk(`${tower.name}.expert.${index}`));
  const shared = experts.length === 0 ? trunk(tower.name) : null;
  return ({ label, doc }) => {
    const at = scene.b.at(`${tower.name}/${label}`, doc);
    const y = shared ?? mixed(at, `${tower.name}.gate.${label}`, x, experts);
    return at.squeeze(affine(at, `${tower.name}.${label}`, y, 1), 1);
  };
}

/** The user's one row repeated for every candidate where nothing else has a row for each. */
const everyRow = (scene: Scene, alone: boolean, x: Value): Value => (alone ? inRows(scene, "candidates", x) : x);

function place(b: Builder, prefix: string, index: number): Builder {
  const inner = prefix.includes(".") ? `${prefix.slice(prefix.indexOf(".") + 1)}.hidden.${index}` : `hidden.${index}`;
  return b.at(inner);
}

/** All inputs side by side, in their order: [R, Σ width]. What is the user's alone is repeated for every row. */
function towerInput(scene: Scene, tower: Tower, attended: (attend: Attend) => Found): Value {
  const columns = tower.input.flatMap((input) => {
    if (input.kind === "attend") {
      const { result, strength } = attended(input.attend);
      const product = input.attend.product ? [withQuery(scene, input.attend, result)] : [];
      return [result, ...product, ...(strength === null ? [] : [strength])];
    }
    const features = input.kind === "group" ? columnsOf(input.group) : [input.feature];
    if (scene.training !== null && features.length > 0 && features.every(({ group }) => group === "item")) {
      return [concatenated(scene, features, { kind: "candidate" }, `${tower.name}/item`)];
    }
    return features.map((feature) => {
      if (feature.group === "cross") {
        throw new Error(`tower ${tower.name}: ${feature.qualified} belongs to no single row`);
      }
      return embed(scene, feature, towerSite(feature));
    });
  });
  const scope = `${tower.name}/input`;
  const rows = columns.map((x) => inRows(scene, scope, x));
  const b = scene.b.at(scope);
  return rows.length === 1 ? rows[0] : b.concat(rows, 1);
}

/** y ∗ (q W): an attend's result beside what it is asked for, [R, out]. */
function withQuery(scene: Scene, attend: Attend, result: Value): Value {
  const metric = metricOf(attend.by);
  if (metric === null) {
    throw new Error(`${attend.name} attends by no metric, so it has no query`);
  }
  return scene.once(`product ${attend.name}`, () => {
    const b = scene.b.at(attend.name).at("product", attend.doc);
    const q = queryColumns(scene, metric);
    const weight = scene.b.parameter(`${attend.name}.product`, [queryWidth(metric), attend.out]);
    return b.mul(result, b.matmul(q, weight));
  });
}

function crossed(b: Builder, tower: Tower, x: Value): Value {
  return Array.from({ length: tower.cross }, (_, index) => index).reduce(
    (y, index) => crossLayer(b.at(`cross.${index}`), `${tower.name}.cross.${index}`, x, y),
    x,
  );
}

/** Σ_e softmax(x G + b)_e expert_e(x) (MMoE, KDD 2018) */
function mixed(b: Builder, stem: string, x: Value, experts: readonly Value[]): Value {
  const gate = b.softmax(affine(b, stem, x, experts.length));
  const side = b.concat(
    experts.map((y) => b.unsqueeze(y, 1)),
    1,
  );
  return b.squeeze(b.matmul(b.unsqueeze(gate, 1), side), 1);
}
