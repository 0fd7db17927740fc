// The models of the comparison with PyTorch: TWIN at the sizes that its training speed is stated for, and a small one.
import { check, load, type Model, parameters } from "../../compiler/index.ts";

export interface PeerModel {
  readonly source: string;
  readonly model: Model;
}

/** The optimisers of `embeddings` and `dense`. */
export interface Rules {
  readonly embeddings: string;
  readonly dense: string;
}

export const usual: Rules = { embeddings: "adagrad(rate: 0.05)", dense: "adam(rate: 1e-3)" };

/** 4 heads of 16, inherent width 104, 3 cross features of 8, 100 of the history kept and its newest 50, 50,000 items. */
export const large = (
  batch: number,
  history: number,
  rules = usual,
  activation: "relu" | "gelu" = "relu",
  group = 1,
): PeerModel =>
  checked(
    "large",
    `
model large
item {
  video_id:  id(vocab: 50000, dim: 64, key: true, unknown: 0%)
  author_id: id(vocab: 10000, dim: 24, unknown: 0%)
  category:  id(vocab: 100, dim: 16, unknown: 0%)
}
user { user_id: id(vocab: 20000, dim: 16, unknown: 0%) }
context { hour: id(vocab: 24, dim: 8, unknown: 0%) }
history watched {
  of:  item
  max: ${history}
  cross {
    ago:      elapsed(at: [1h, 1d, 7d, 30d], dim: 8)
    progress: bucketed(at: [10%, 50%, 90%], dim: 8)
    liked:    flag(dim: 8)
  }
}
metric relevance { query: item keys: watched.item bias: watched.cross heads: 4 dim: 16 }
search nearest { from: watched by: relevance keep: 100 }
attend interest { over: nearest by: relevance }
attend recent { over: watched.last(50) by: relevance }
tower ranking {
  input:      [interest, recent, item, user, context]
  hidden:     [128, 64]
  activation: ${activation}
  predict { click: binary }
}
train { embeddings: ${rules.embeddings} dense: ${rules.dense} batch: ${batch} group: ${group} }
`,
  );

/**
 * Every kind of feature: tags, vectors, numbers. 20 of the history kept, and its newest 10; a second task where the first
 * is one.
 */
export const small = (batch: number, rules = usual): PeerModel =>
  checked(
    "small",
    `
model small
item {
  video_id:  id(vocab: 5000, dim: 16, key: true, unknown: 0%)
  author_id: id(vocab: 400, dim: 8, unknown: 0%)
  category:  id(vocab: 100, dim: 16, unknown: 0%)
  topics:    tags(vocab: 300, max: 4, dim: 8, unknown: 0%)
  cover:     pretrained(size: 12, dim: 6)
}
user { user_id: id(vocab: 6000, dim: 8, unknown: 0%) }
context { hour: id(vocab: 24, dim: 4, unknown: 0%) }
candidate { recall: number(scale: none) }
history watched {
  of:  item
  max: 200
  cross {
    ago:      elapsed(at: [1h, 1d, 7d, 30d], dim: 4)
    progress: bucketed(at: [10%, 50%, 90%], dim: 4)
    liked:    flag(dim: 4)
  }
}
metric relevance { query: item keys: watched.item bias: watched.cross heads: 4 dim: 8 }
search nearest { from: watched by: relevance keep: 20 }
attend interest { over: nearest by: relevance }
attend recent { over: watched.last(10) by: relevance }
tower ranking {
  input:  [interest, recent, item, user, context, candidate]
  hidden: [64, 32]
  predict {
    click: binary
    like:  binary(weight: 0.5, where: click)
  }
}
train { embeddings: ${rules.embeddings} dense: ${rules.dense} batch: ${batch} }
`,
  );

function checked(name: string, source: string): PeerModel {
  const { model, diagnostics } = check(load(`${name}.twin`, () => source));
  if (model === null) {
    throw new Error(diagnostics.map(({ code, title }) => `${code}: ${title}`).join("\n"));
  }
  return { source, model };
}

/** Numbers in all parameters. */
export const parameterCount = (model: Model): number =>
  parameters(model).reduce((sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1), 0);
