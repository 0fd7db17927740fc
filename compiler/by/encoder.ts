// Layers of self-attention over the behaviours of several lists, each joined with the candidate (after TransAct V2, arXiv 2506.02267).
import type { Value } from "../ir/graph.ts";
import { behaviours } from "../lower/behaviours.ts";
import { concatenated } from "../lower/embed.ts";
import { affine } from "../lower/layer.ts";
import { masked, normalised } from "../lower/mask.ts";
import { rowsDim, type Scene } from "../lower/scene.ts";
import { layerNormed, layerNormParameters } from "../lower/swiglu.ts";
import type { Attend, History, Model } from "../model/model.ts";
import { oversOf } from "../model/over.ts";
import { glorot, linear, type Parameter, parameter, zero } from "../model/parameter.ts";
import { columnsOf, pooledWidth, widthOf } from "../model/widths.ts";
import type { Around, Attended, Kind, Looked, Of } from "./kind.ts";
import { layered, widthIn } from "./layered.ts";

type Encoder = Of<"encoder">;

export const encoder: Kind<"encoder"> = {
  ...layered(
    "encoder",
    "Layers of self-attention over lists of behaviours, each joined with the candidate (TransAct).",
    {
      layers: "Layers of self-attention, each with a feed-forward network.",
      heads: "Attention heads of each layer.",
      dim: "Columns of a head; a behaviour is heads times as wide.",
      hidden: "Width within the feed-forward networks; twice heads times dim unless said.",
    },
  ),
  system: null,
  parameters,
  search: null,
  attend: { lists: true, lower },
  kernel: { search: "it ranks nothing", attend: "it weighs every behaviour against every other" },
};

/** Names of its parameters, those of layer i as `interest.i.…`. */
const names = ({ name }: Attend) => ({
  token: ({ name: history }: History) => `${name}.token.${history}`,
  candidate: `${name}.candidate`,
  source: `${name}.source`,
  layer: (index: number) => {
    const stem = `${name}.${index}`;
    const [query, keys, values, out] = ["query", "keys", "values", "out"].map((one) => `${stem}.${one}`);
    return { norm: `${stem}.norm`, query, keys, values, out, network: `${stem}.network` };
  },
  norm: `${name}.norm`,
  out: `${name}.out`,
});

/** Of the tokens, layer by layer, and of what is read out. */
function parameters(model: Model, attend: Attend, by: Encoder): Parameter[] {
  const at = names(attend);
  const [h, width] = [widthOf(model.item.features), widthIn(by)];
  const projection = (name: string) => parameter(name, [by.heads, width, by.dim], glorot(width, by.dim));
  const histories = [...new Set(oversOf(attend).map(({ history }) => history))];
  const joined = (history: History) => pooledWidth(model.item, history);
  const tokens = histories.map((history) =>
    parameter(at.token(history), [joined(history), width], glorot(joined(history), width)),
  );
  const layers = Array.from({ length: by.layers }, (_, i) => {
    const { norm, query, keys, values, out, network } = at.layer(i);
    return [
      ...layerNormParameters(norm, width),
      projection(query),
      projection(keys),
      projection(values),
      parameter(out, [width, width], glorot(width, width)),
      ...layerNormParameters(`${network}.norm`, width),
      ...linear(`${network}.up`, width, by.hidden),
      ...linear(`${network}.down`, by.hidden, width),
    ];
  });
  return [
    ...tokens,
    parameter(at.candidate, [h, width], glorot(h, width)),
    parameter(at.source, [oversOf(attend).length, width], zero),
    ...layers.flat(),
    ...layerNormParameters(at.norm, width),
    parameter(at.out, [2 * width, attend.out], glorot(2 * width, attend.out)),
  ];
}

/**
 * [max_t y_t, y_1] W with y = LayerNorm(x_n) over the tokens t that count, x_0 = [K_h, K_c] W^history + q W^q + e_list, and of
 * every layer x ← x + MHA(LayerNorm(x)), x ← x + ReLU(LayerNorm(x) W_u + b_u) W_d + b_d: [R, D]. y_1 is the first behaviour
 * of the first list, zeros where it has none; all is zeros where no list has one.
 */
function lower(scene: Scene, attend: Attend, by: Encoder, around: Around): Attended {
  const at = names(attend);
  const b = scene.b.at(attend.name, attend.doc);
  const width = widthIn(by);
  const lists = [around, ...around.beside].map((list, index) => listOf(scene, attend, by, list, index));
  const joined = (values: readonly Value[]) => (values.length === 1 ? values[0] : b.concat(values, 1));
  const counts = joined(lists.map((list) => list.counts));
  let x = joined(lists.map(({ tokens }) => tokens));
  for (let i = 0; i < by.layers; i++) {
    x = layer(scene, attend, by, i, x, counts);
  }
  const read = scene.b.at(`${attend.name}/out`, attend.doc);
  const y = layerNormed(read, at.norm, x, width);
  const largest = read.max(masked(scene, `${attend.name}/out`, y, read.unsqueeze(counts, -1)), [1]);
  const any = read.max(counts, [1], true);
  const first = read.mul(read.squeeze(read.slice(y, 1, 0, 1), 1), read.slice(counts, 1, 0, 1));
  const weight = read.parameter(at.out, [2 * width, attend.out]);
  const result = read.matmul(read.concat([read.mul(largest, any), first], 1), weight);
  return { result, strength: null, pooled: null, shown: null };
}

/** The tokens of a list [R, M, D], and which of them count [R, M]. Of a history's newest a request makes the user's part once. */
function listOf(scene: Scene, attend: Attend, by: Encoder, { frame, mask }: Looked, index: number) {
  const at = names(attend);
  const b = scene.b.at(`${attend.name}/tokens`, attend.doc);
  const width = widthIn(by);
  const { history } = frame;
  const weight = b.parameter(at.token(history), [pooledWidth(scene.model.item, history), width]);
  const rows = b.matmul(behaviours(scene, attend, frame), weight);
  const source = b.slice(b.parameter(at.source, [oversOf(attend).length, width]), 0, index, index + 1);
  const known = b.add(frame.pairwise ? rows : b.unsqueeze(rows, 0), source);
  const tokens = b.add(known, b.unsqueeze(candidate(scene, attend, by), 1));
  const each = b.squeeze(b.slice(tokens, 2, 0, 1), 2);
  return { tokens, counts: b.broadcast(mask([]), each) };
}

/** q W^q: [R, D] */
function candidate(scene: Scene, attend: Attend, by: Encoder): Value {
  return scene.once(`${attend.name} candidate`, () => {
    const inherent = columnsOf(scene.model.item);
    const q = concatenated(scene, inherent, { kind: "candidate" }, `${attend.name}/candidate`);
    const b = scene.b.at(`${attend.name}/candidate`, attend.doc);
    return b.matmul(q, b.parameter(names(attend).candidate, [widthOf(inherent), widthIn(by)]));
  });
}

/** Pre-norm self-attention and feed-forward network, both added to what they read: [R, T, D] → [R, T, D]. */
function layer(scene: Scene, attend: Attend, by: Encoder, index: number, x: Value, counts: Value): Value {
  const { norm, query, keys, values, out, network } = names(attend).layer(index);
  const scope = `${attend.name}/${index}`;
  const b = scene.b.at(scope, attend.doc);
  const width = widthIn(by);
  const rows = b.unsqueeze(layerNormed(b, norm, x, width), 1);
  const head = (name: string) => b.matmul(rows, b.parameter(name, [by.heads, width, by.dim]));
  const asked = b.div(head(query), b.scalar(Math.sqrt(by.dim)));
  const scores = b.matmul(asked, b.transpose(head(keys), [0, 1, 3, 2]));
  const weights = normalised(scene, scope, scores, b.unsqueeze(counts, 1, 2));
  const found = b.transpose(b.matmul(weights, head(values)), [0, 2, 1, 3]);
  const sideBySide = b.reshape(found, [rowsDim(scene), x.shape[1], width]);
  const met = b.add(x, b.matmul(sideBySide, b.parameter(out, [width, width])));
  const open = b.relu(affine(b, `${network}.up`, layerNormed(b, `${network}.norm`, met, width), by.hidden));
  return b.add(met, affine(b, `${network}.down`, open, width));
}
