// A model whose searches go by the weights of another run: copies of their metrics, which read parameters of their own.
import { metricOf } from "./by.ts";
import type { Attend, Embedding, Feature, History, Metric, Model, Search, Table, TablePart } from "./model.ts";

/** No name in a file has the sign behind it. */
const prefix = "search:";

/** What a metric, or a parameter, is called in its copy: `search:relevance`, `search:item.video_id.table`. */
export const searchCopy = (name: string): string => `${prefix}${name}`;

/** What a copy is of; null: it is none. */
export const copiedFrom = (name: string): string | null => (name.startsWith(prefix) ? name.slice(prefix.length) : null);

/** The metrics that searches go by, in the model's order. */
export const searchedMetrics = (model: Model): Metric[] =>
  model.metrics.filter((metric) => model.searches.some(({ by }) => metricOf(by) === metric));

type Open<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The model in which every search by a metric goes by a copy of it, with copies of the embeddings and projections that it
 * reads; attends and all else stay. Tables that hold keys of the metric hold the copy's, and behind them the metric's own
 * where an attend reads them. Other searches stay as they are.
 */
export function withSearchCopies(model: Model): Model {
  // References stay references within the copy.
  const changed = structuredClone(model) as Open<Model>;
  const copyFeature = featureCopies();
  const copies = new Map(searchedMetrics(changed).map((metric) => [metric, metricCopy(metric, copyFeature)]));
  for (const search of changed.searches) {
    const metric = metricOf(search.by);
    const copy = metric && copies.get(metric);
    if (copy) {
      (search as Open<Search>).by = { kind: "metric", metric: copy };
    }
  }
  for (const table of changed.tables as readonly Open<Table>[]) {
    table.of = table.of.flatMap((part) => partsOf(part, copies, changed.attends));
    table.width = table.of.reduce((sum, { width }) => sum + width, 0);
  }
  changed.metrics = [...changed.metrics, ...copies.values()];
  return changed;
}

/** Own tables of a metric bear its name and are no features': their features stay. */
function metricCopy(metric: Metric, copy: (feature: Feature) => Feature): Metric {
  const { name, query, keys, crossKeys, asked, bias, embeddings } = metric;
  const inherent = (features: readonly Feature[]) => (embeddings.kind === "own" ? features : features.map(copy));
  return {
    ...metric,
    name: searchCopy(name),
    query: inherent(query),
    keys: inherent(keys),
    crossKeys: crossKeys.map(copy),
    asked: asked.map(copy),
    bias: bias.map(copy),
  };
}

/** One copy a feature, and one an embedding; what reads no parameter stays itself. */
function featureCopies(): (feature: Feature) => Feature {
  const features = new Map<Feature, Feature>();
  const embeddings = new Map<Embedding, Embedding>();
  const ofEmbedding = (embedding: Embedding): Embedding => {
    const copy = embeddings.get(embedding) ?? { ...embedding, parameter: searchCopy(embedding.parameter) };
    embeddings.set(embedding, copy);
    return copy;
  };
  return (feature) => {
    const { embedding, projection } = feature;
    if (embedding === null && projection === null) {
      return feature;
    }
    const copy = features.get(feature) ?? {
      ...feature,
      embedding: embedding && ofEmbedding(embedding),
      projection: projection && { ...projection, parameter: searchCopy(projection.parameter) },
    };
    features.set(feature, copy);
    return copy;
  };
}

function partsOf(
  part: TablePart,
  copies: ReadonlyMap<Metric, Metric>,
  attends: readonly Attend[],
): readonly TablePart[] {
  const copy = part.kind === "keys" ? copies.get(part.metric) : undefined;
  if (part.kind !== "keys" || copy === undefined) {
    return [part];
  }
  const read = attends.some(({ by, keys }) => metricOf(by) === part.metric && keys !== "fresh");
  return [{ ...part, metric: copy }, ...(read ? [part] : [])];
}

/** Features as the copies of metrics read them, each once, with the history that its metric is of. None where nothing is copied. */
export function searchedFeatures({ metrics }: Pick<Model, "metrics">): { feature: Feature; history: History }[] {
  return metrics.flatMap(({ keys, crossKeys, asked, bias, history }) =>
    [...new Set([...keys, ...crossKeys, ...asked, ...bias])].filter(readsCopy).map((feature) => ({ feature, history })),
  );
}

/** The parameters of features that copies of metrics read, as they are called in the copy. */
export const searchedParameters = (model: Pick<Model, "metrics">): ReadonlySet<string> =>
  new Set(searchedFeatures(model).flatMap(({ feature }) => parametersOf(feature)));

/** The parameter whose rows the input of an embedding's features counts: of a copy that which it is of. */
export const rowsOf = ({ parameter }: Embedding): string => copiedFrom(parameter) ?? parameter;

/** Whether a feature reads a copy of its parameter. */
export const readsCopy = (feature: Feature): boolean =>
  parametersOf(feature).some((parameter) => copiedFrom(parameter) !== null);

const parametersOf = ({ embedding, projection }: Feature): string[] =>
  [embedding, projection].flatMap((one) => (one === null ? [] : [one.parameter]));
