// Every parameter of a model by name, with shape and start value: what weights.safetensors holds.

import { calibrationShape, noCalibration } from "../../contract/calibration.ts";
import { kindOf, searchRule } from "../by/kinds.ts";
import { popularityTable } from "../lower/popularity.ts";
import { biasParameter } from "../model/bias.ts";
import { metricOf } from "../model/by.ts";
import { calibrationParameter } from "../model/calibration.ts";
import { allFeatures, formerName } from "../model/features.ts";
import type { Attend, Metric, Model, Task, Tower } from "../model/model.ts";
import { ownTables } from "../model/own.ts";
import {
  embeddingStart,
  factorStart,
  glorot,
  linear,
  one,
  type Parameter,
  parameter,
  preluStart,
  zero,
} from "../model/parameter.ts";
import { searchCopy, searchedParameters } from "../model/searched.ts";
import { wideTerms } from "../model/wide.ts";
import { keyWidth, queryWidth, towerWidth, widthOf } from "../model/widths.ts";

/** In canonical order: features by section, copies for searches by another run, metrics, searches, attends, towers, each in the order of the source. */
export function parameters(model: Model): Parameter[] {
  const features = featureParameters(model);
  return [
    ...features,
    ...searchParameters(model, features),
    ...model.metrics.flatMap(metricParameters),
    ...model.searches.flatMap((search) => searchRule(search.by)?.parameters?.(model, search, search.by) ?? []),
    ...model.attends.flatMap((attend) => [
      ...kindOf(attend.by).parameters(model, attend, attend.by),
      ...productParameters(attend),
    ]),
    ...model.towers.flatMap(towerParameters),
  ];
}

function featureParameters(model: Model): Parameter[] {
  const found: Parameter[] = [];
  for (const feature of allFeatures(model)) {
    const { qualified, embedding, projection, encoder } = feature;
    const former = formerName(feature);
    // A shared table belongs to the feature that it is named after.
    if (embedding?.parameter === `${qualified}.table`) {
      found.push(
        parameter(
          embedding.parameter,
          [embedding.rows, embedding.dim],
          embeddingStart(embedding.rows),
          "embedding",
          former && `${former}.table`,
        ),
      );
    }
    if (encoder.kind === "popularity") {
      const { parameter: name, shape } = popularityTable(feature);
      found.push(parameter(name, shape, zero, "counted", former && `${former}.counts`));
    }
    if (projection && encoder.kind === "pretrained") {
      found.push(
        parameter(
          projection.parameter,
          [encoder.size, projection.dim],
          glorot(encoder.size, projection.dim),
          "dense",
          former && `${former}.projection`,
        ),
      );
    }
  }
  return found;
}

/** What searches that go by another run read of its features. Its metrics are among the model's. */
function searchParameters(model: Model, features: readonly Parameter[]): Parameter[] {
  const read = searchedParameters(model);
  return features
    .filter(({ name }) => read.has(searchCopy(name)))
    .map(({ name, formerly, ...rest }) => ({
      ...rest,
      name: searchCopy(name),
      formerly: formerly && searchCopy(formerly),
    }));
}

function metricParameters(metric: Metric): Parameter[] {
  const { name, heads, dim, embeddings } = metric;
  const inherent = keyWidth(metric);
  const projections =
    embeddings.kind === "own"
      ? ownTables(metric).map(({ embedding: { parameter: own, rows, dim: wide }, formerly }) =>
          parameter(own, [rows, wide], factorStart(rows), "embedding", formerly),
        )
      : [
          parameter(`${name}.query`, [heads, inherent, dim], glorot(queryWidth(metric), dim)),
          parameter(`${name}.keys`, [heads, inherent, dim], { kind: "copy", of: `${name}.query` }),
          ...metric.crossKeys.map(({ name: feature, width, formerly }) =>
            parameter(
              `${name}.keys.${feature}`,
              [heads, width, dim],
              glorot(inherent + widthOf(metric.crossKeys), dim),
              "dense",
              formerly && `${name}.keys.${formerly}`,
            ),
          ),
          ...metric.asked.map(({ qualified, group, width, formerly }) =>
            parameter(
              `${name}.query.${qualified}`,
              [heads, width, dim],
              glorot(queryWidth(metric), dim),
              "dense",
              formerly && `${name}.query.${group}.${formerly}`,
            ),
          ),
        ];
  const bias = metric.bias.flatMap(({ name: feature, width, formerly }) => [
    parameter(
      `${name}.bias.${feature}.w`,
      [heads, width],
      glorot(width, 1),
      "dense",
      formerly && `${name}.bias.${formerly}.w`,
    ),
    parameter(`${name}.bias.${feature}.beta`, [1], one, "dense", formerly && `${name}.bias.${formerly}.beta`),
  ]);
  const match = metric.match.map(({ name: feature, formerly }) =>
    parameter(`${name}.match.${feature}`, [heads], one, "dense", formerly && `${name}.match.${formerly}`),
  );
  return [...projections, ...bias, ...match];
}

/** What projects the query to an attend's result, where their product is given out. */
function productParameters({ name, by, out, product }: Attend): Parameter[] {
  const metric = metricOf(by);
  if (!product || metric === null) {
    return [];
  }
  const width = queryWidth(metric);
  return [parameter(`${name}.product`, [width, out], glorot(width, out))];
}

function towerParameters(tower: Tower): Parameter[] {
  const { name, input, hidden, cross, experts, tasks } = tower;
  const beside = tasks.flatMap((task) => [...biasParameters(tower, task), ...calibrationParameters(tower, task)]);
  if (input.length === 0) {
    const bases = tasks.map(({ label }) => parameter(`${name}.${label}.bias`, [1], zero));
    return [...bases, ...wideParameters(tower), ...beside];
  }
  const width = towerWidth(input);
  const last = hidden.at(-1) ?? width;
  const crosses = Array.from({ length: cross }, (_, i) => linear(`${name}.cross.${i}`, width, width)).flat();
  const trunks =
    experts > 0
      ? Array.from({ length: experts }, (_, j) => hiddenLayers(tower, `${name}.expert.${j}.hidden`, width)).flat()
      : hiddenLayers(tower, `${name}.hidden`, width);
  const gates = experts > 0 ? tasks.flatMap(({ label }) => linear(`${name}.gate.${label}`, width, experts)) : [];
  const heads = tasks.flatMap(({ label }) => linear(`${name}.${label}`, last, 1));
  return [...crosses, ...trunks, ...gates, ...heads, ...wideParameters(tower), ...beside];
}

/** What training alone adds to a label's log-odds. */
const biasParameters = (tower: Tower, task: Task): Parameter[] => {
  const width = widthOf(task.bias);
  return width === 0 ? [] : [parameter(biasParameter(tower, task), [width, 1], glorot(width, 1))];
};

const calibrationParameters = (tower: Tower, task: Task): Parameter[] => {
  const { calibrate: kind } = task;
  if (kind === null) {
    return [];
  }
  const start = { kind: "given", values: noCalibration(kind) } as const;
  return [parameter(calibrationParameter(tower, task), calibrationShape(kind), start, "fitted")];
};

/** They start at 0, so that a tower begins as it would without them. */
const wideParameters = (tower: Tower): Parameter[] =>
  wideTerms(tower).map(({ parameter: name, shape, table, formerly }) =>
    parameter(name, shape, zero, table === null ? "dense" : "embedding", formerly),
  );

function hiddenLayers({ hidden, norm, activation }: Tower, stem: string, input: number): Parameter[] {
  return hidden.flatMap((width, i) => {
    const layer = `${stem}.${i}`;
    const shape = [width];
    const found = linear(layer, hidden[i - 1] ?? input, width);
    if (norm !== "none") {
      found.push(parameter(`${layer}.norm.scale`, shape, one), parameter(`${layer}.norm.shift`, shape, zero));
    }
    if (norm === "batch") {
      found.push(
        parameter(`${layer}.norm.mean`, shape, zero, "statistic"),
        parameter(`${layer}.norm.variance`, shape, one, "statistic"),
      );
    }
    if (activation === "prelu") {
      found.push(parameter(`${layer}.alpha`, shape, preluStart));
    }
    if (activation === "dice") {
      found.push(
        parameter(`${layer}.alpha`, shape, zero),
        parameter(`${layer}.mean`, shape, zero, "statistic"),
        parameter(`${layer}.variance`, shape, one, "statistic"),
      );
    }
    return found;
  });
}
