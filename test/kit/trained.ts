// A model with its training graphs in a folder and a data set in memory: what the tests of the trainer work on.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { initialValues, type Model, parameters } from "../../compiler/index.ts";
import type { TrainSpec } from "../../contract/training-spec.ts";
import type { TrainGraphs } from "../../runtime/learn/graphs.ts";
import { trainPlan } from "../../runtime/learn/plan.ts";
import { TrainState } from "../../runtime/learn/state.ts";
import { folderGraphs } from "../../runtime/train/graphs.ts";
import { temporary } from "./built-twin.ts";
import { MemoryDataset, type MemorySettings } from "./memory-dataset.ts";
import { bytesOf, compiled } from "./small-model.ts";

/** Videos with a topic; one history, one search, one attention. `videos` above 4096 makes a table of which rows travel. */
export const topicSource = (more = "", videos = 300): string => `model topics

item {
  video: id(vocab: ${videos}, dim: 8, key: true)
  topic: id(vocab: 8, dim: 8)
  tags:  tags(buckets: 20, max: 3, dim: 2)
  maker: hashed(buckets: 12, hashes: 2, dim: 2)
  cover: pretrained(size: 3)
}

user {
  age: bucketed(at: [18, 35], dim: 2)
}

candidate {
  price: number(scale: none)
}

history watched {
  of:  item
  max: 24
  cross {
    ago:   elapsed(at: [1h, 1d], dim: 2)
    liked: flag(dim: 2)
  }
}

metric relevance {
  query: item
  keys:  watched.item
  bias:  watched.cross
  heads: 2
  dim:   8
}

search nearest {
  from: watched
  by:   relevance
  keep: 6
}

attend interest {
  over: nearest
  by:   relevance
}

tower ranking {
  input:  [interest, item, user, candidate]
  hidden: [32, 16]
  predict {
    click: binary
  }
}

train {
  embeddings: adagrad(rate: 0.1)
  dense:      adam(rate: 5e-3)
  batch:      64
  epochs:     2
${more}}
`;

export function topicModel(source = topicSource(), settings: Partial<MemorySettings> = {}) {
  const { model, manifest, files } = compiled(source, { vocabularies: new Map() });
  const dir = join(temporary(), "graphs");
  for (const file of files.filter(({ path }) => path.startsWith("train/"))) {
    mkdirSync(dirname(join(dir, file.path)), { recursive: true });
    writeFileSync(join(dir, file.path), bytesOf(file));
  }
  const plan = trainPlan(manifest);
  const data: MemorySettings = {
    features: manifest.features,
    histories: manifest.histories,
    labels: manifest.labels.map(({ name }) => name),
    rows: Object.fromEntries(manifest.embeddings.map(({ parameter, rows }) => [parameter, rows])),
    items: 301,
    users: 40,
    topics: 3,
    counts: { training: 8000, validation: 400, test: 100 },
    seed: 7,
    ...settings,
  };
  return { model: model as Model, manifest, dir, plan, data, dataset: new MemoryDataset(data) };
}

/** Start values of a model, from its seed or another. */
export function startState(model: Model, spec: TrainSpec, seed = 1): TrainState {
  const values = initialValues(parameters(model), seed);
  return new TrainState(spec, (name) => values.read(name));
}

export const openGraphs = (dir: string, spec: TrainSpec, threads = 1): TrainGraphs => folderGraphs(dir, spec, threads);
