// A checked model as the PyTorch peer reads it: JSON with every reference a name. What the peer lacks is refused.
import {
  type Attend,
  byText,
  type Feature,
  type Metric,
  type Model,
  metricOf,
  parameters,
  type Tower,
} from "../../compiler/index.ts";

/** @throws Error for a model with a part that the peer has not */
export function describe(model: Model): object {
  const { train } = model;
  refuse(train.clip !== null, "clipping");
  refuse(train.l2.embeddings !== 0 || train.l2.dense !== 0, "L2");
  refuse(
    model.towers.some(({ tasks }) => tasks.some(({ pairs, through }) => pairs > 0 || through !== null)),
    "pairs, or a label through another",
  );
  refuse(train.schedule.kind !== "constant", `the schedule ${train.schedule.kind}`);
  return {
    name: model.name,
    parameters: parameters(model).map(({ name, role }) => ({ name, role })),
    features: Object.fromEntries(features(model).map((feature) => [feature.qualified, featureOf(feature)])),
    item: names(model.item.features),
    histories: Object.fromEntries(model.histories.map(({ name, cross }) => [name, { cross: names(cross.features) }])),
    metrics: Object.fromEntries(model.metrics.map((metric) => [metric.name, metricText(metric)])),
    searches: Object.fromEntries(
      model.searches.map(({ name, from, by, keep, heads }) => {
        refuse(metricOf(by) === null, `a search by ${byText(by)}`);
        refuse(heads !== "round_robin", `a search whose heads choose ${heads}`);
        return [name, { from: from.name, by: metricOf(by)?.name ?? false, keep }];
      }),
    ),
    attends: Object.fromEntries(model.attends.map((attend) => [attend.name, attendOf(model, attend)])),
    towers: model.towers.map(towerOf),
    train: { embeddings: train.embeddings, dense: train.dense },
  };
}

/** All features that bring columns. */
export const features = (model: Model): Feature[] =>
  [model.item, model.user, model.context, model.candidate, ...model.histories.map(({ cross }) => cross)]
    .flatMap((group) => group.features)
    .filter(({ width }) => width > 0);

function refuse(missing: boolean, what: string): void {
  if (missing) {
    throw new Error(`the PyTorch peer has not ${what}: compare another model`);
  }
}

const names = (features: readonly Feature[]): string[] =>
  features.filter(({ width }) => width > 0).map(({ qualified }) => qualified);

function featureOf({ qualified, encoder, embedding, projection, pool, width, unknown }: Feature): object {
  refuse(unknown > 0, `masking to unknown (${qualified}): write \`unknown: 0%\``);
  const kinds: Record<string, string> = { number: "number", pretrained: "vector", tags: "tags" };
  return {
    kind: kinds[encoder.kind] ?? "row",
    table: embedding?.parameter ?? null,
    projection: projection?.parameter ?? null,
    pool,
    width,
  };
}

function metricText({ history, query, keys, bias, heads, dim, embeddings, logSize }: Metric): object {
  refuse(embeddings.kind === "own", "a metric with embeddings of its own");
  refuse(logSize, "clustered histories");
  return { history: history.name, query: names(query), keys: names(keys), bias: names(bias), heads, dim };
}

function attendOf({ item }: Model, { name, over, by, value }: Attend): object {
  refuse(metricOf(by) === null || value !== "plain", `attention by ${byText(by)} with values ${value}`);
  const { features } = over.history.cross;
  return {
    name,
    by: metricOf(by)?.name ?? false,
    over: {
      kind: over.kind,
      history: over.history.name,
      search: over.kind === "search" ? over.search.name : null,
      count: over.kind === "last" ? over.count : null,
    },
    item: names(item.features),
    cross: names(features),
    crossNames: features.filter(({ width }) => width > 0).map((feature) => feature.name),
  };
}

function towerOf({ name, input, hidden, activation, dropout, norm, cross, experts, tasks }: Tower): object {
  refuse(dropout > 0, "dropout");
  refuse(norm !== "none", `${norm} normalisation`);
  refuse(cross > 0 || experts > 0, "cross layers and experts");
  refuse(activation === "dice", "DICE");
  return {
    name,
    input: input.flatMap((one) => {
      if (one.kind === "attend") {
        return [{ kind: "attend", name: one.attend.name }];
      }
      const features = one.kind === "group" ? one.group.features : [one.feature];
      return names(features).map((feature) => ({ kind: "feature", name: feature }));
    }),
    hidden,
    activation,
    tasks: tasks.map(({ label, kind, weight, where }) => ({ label, kind, weight, where })),
  };
}
