// Every parameter of a model by name, with shape and start value: what weights.safetensors holds.
import { elementCount } from "../../contract/element-count.ts";
import type { Attend, Feature, Metric, Model, Tower } from "./model.ts";
import { keyWidth, ownsValues, towerWidth, valueFeatures, widthOf } from "./widths.ts";

/** How a parameter starts (semantics.md, section 2). */
export type Init =
  /** uniform in ±bound */
  | { readonly kind: "uniform"; readonly bound: number }
  /** uniform in ±√(6 / (fanIn + fanOut)) */
  | { readonly kind: "glorot"; readonly fanIn: number; readonly fanOut: number }
  | { readonly kind: "constant"; readonly value: number }
  /** equal to another parameter of the same shape, which comes earlier */
  | { readonly kind: "copy"; readonly of: string };

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Embeddings and dense parameters have optimisers of their own; statistics are measured, not learned. */
  readonly role: "embedding" | "dense" | "statistic";
  readonly init: Init;
  /** The name before a feature was renamed (`formerly`): old weights hold it under this. */
  readonly formerly: string | null;
}

/** Tables of at most so many rows start at unit variance, larger ones small (docs/decisions/0006-start-values.md). */
const fewRows = 512;
const preluSlope = 0.25;

const zero: Init = { kind: "constant", value: 0 };
const one: Init = { kind: "constant", value: 1 };
const embeddingStart = (rows: number): Init => ({ kind: "uniform", bound: rows <= fewRows ? Math.sqrt(3) : 0.05 });
const glorot = (fanIn: number, fanOut: number): Init => ({ kind: "glorot", fanIn, fanOut });

const parameter = (
  name: string,
  shape: readonly number[],
  init: Init,
  role: Parameter["role"] = "dense",
  formerly: string | null = null,
): Parameter => ({
  name,
  shape,
  role,
  init,
  formerly,
});

export const sizeOf = ({ shape }: Pick<Parameter, "shape">): number => elementCount(shape);

/** float32 */
export const bytesOf = (of: Pick<Parameter, "shape">): number => 4 * sizeOf(of);

/** In canonical order: features by section, metrics, attends, towers, each in the order of the source. */
export function parameters(model: Model): Parameter[] {
  return [
    ...featureParameters(model),
    ...model.metrics.flatMap(metricParameters),
    ...model.attends.flatMap((attend) => attendParameters(model, attend)),
    ...model.towers.flatMap(towerParameters),
  ];
}

/** All features of the model, in the order of their sections. */
export const allFeatures = (model: Model): readonly Feature[] =>
  [model.item, model.user, model.context, model.candidate, ...model.histories.map(({ cross }) => cross)].flatMap(
    (group) => group.features,
  );

/** A feature's qualified name before its rename. */
const formerName = ({ qualified, name, formerly }: Feature): string | null =>
  formerly && `${qualified.slice(0, -name.length)}${formerly}`;

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

function metricParameters(metric: Metric): Parameter[] {
  const { name, heads, dim, embeddings } = metric;
  const inherent = keyWidth(metric);
  const projections =
    embeddings.kind === "own"
      ? metric.keys.flatMap((feature) =>
          feature.embedding
            ? [
                parameter(
                  `${name}.own.${feature.name}.table`,
                  [feature.embedding.rows, embeddings.dim],
                  embeddingStart(feature.embedding.rows),
                  "embedding",
                  feature.formerly && `${name}.own.${feature.formerly}.table`,
                ),
              ]
            : [],
        )
      : [
          parameter(`${name}.query`, [heads, inherent, dim], glorot(inherent, dim)),
          parameter(`${name}.keys`, [heads, inherent, dim], { kind: "copy", of: `${name}.query` }),
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
  return [...projections, ...bias];
}

function attendParameters(model: Model, attend: Attend): Parameter[] {
  const { name, by, values, out } = attend;
  const { inherent, cross } = valueFeatures(model, attend);
  if (by.kind === "mlp") {
    // DIN: [q; s; q − s; q ∗ s] and the cross features, down to one score.
    const layers = stack(`${name}.hidden`, 4 * widthOf(inherent) + widthOf(cross), by.hidden);
    const last = by.hidden.at(-1) ?? 0;
    return [...layers, ...linear(`${name}.score`, last, 1)];
  }
  if (!ownsValues(attend) || by.kind !== "metric") return [];
  const { heads } = by.metric;
  const width = widthOf(inherent) + widthOf(cross);
  return [
    parameter(`${name}.values.item`, [heads, widthOf(inherent), values], glorot(width, values)),
    ...cross.map((feature) =>
      parameter(
        `${name}.values.${feature.name}`,
        [heads, feature.width, values],
        glorot(width, values),
        "dense",
        feature.formerly && `${name}.values.${feature.formerly}`,
      ),
    ),
    parameter(`${name}.out`, [heads * values, out], glorot(heads * values, out)),
  ];
}

const linear = (stem: string, from: number, to: number): Parameter[] => [
  parameter(`${stem}.weight`, [from, to], glorot(from, to)),
  parameter(`${stem}.bias`, [to], zero),
];

/** Plain layers `stem.0`, `stem.1`, … */
const stack = (stem: string, input: number, widths: readonly number[]): Parameter[] =>
  widths.flatMap((width, i) => linear(`${stem}.${i}`, widths[i - 1] ?? input, width));

function towerParameters(tower: Tower): Parameter[] {
  const { name, input, hidden, cross, experts, tasks } = tower;
  const width = towerWidth(input);
  const last = hidden.at(-1) ?? width;
  const crosses = Array.from({ length: cross }, (_, i) => linear(`${name}.cross.${i}`, width, width)).flat();
  const trunks =
    experts > 0
      ? Array.from({ length: experts }, (_, j) => hiddenLayers(tower, `${name}.expert.${j}.hidden`, width)).flat()
      : hiddenLayers(tower, `${name}.hidden`, width);
  const gates = experts > 0 ? tasks.flatMap(({ label }) => linear(`${name}.gate.${label}`, width, experts)) : [];
  return [...crosses, ...trunks, ...gates, ...tasks.flatMap(({ label }) => linear(`${name}.${label}`, last, 1))];
}

function hiddenLayers({ hidden, norm, activation }: Tower, stem: string, input: number): Parameter[] {
  return hidden.flatMap((width, i) => {
    const layer = `${stem}.${i}`;
    const shape = [width];
    const found = linear(layer, hidden[i - 1] ?? input, width);
    if (norm !== "none")
      found.push(parameter(`${layer}.norm.scale`, shape, one), parameter(`${layer}.norm.shift`, shape, zero));
    if (norm === "batch") {
      found.push(
        parameter(`${layer}.norm.mean`, shape, zero, "statistic"),
        parameter(`${layer}.norm.variance`, shape, one, "statistic"),
      );
    }
    if (activation === "prelu") found.push(parameter(`${layer}.alpha`, shape, { kind: "constant", value: preluSlope }));
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
