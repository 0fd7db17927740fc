// A model's random parameters as FuxiCTR would hold them, with samples whose logits the float64 reference computed.

import { check } from "../../compiler/check/check.ts";
import type { Model } from "../../compiler/model/model.ts";
import { load } from "../../compiler/source/load.ts";
import { uniform } from "./any-request.ts";
import { npzOf, type TorchPart } from "./foreign-files.ts";
import { graphsOf, type ReadParameter, randomParameters, run } from "./reference.ts";

export const fuxiSource = `model fuxi

item {
  item_id: id(vocab: 10, dim: 4, key: true)
  cate_id: vocabulary(max: 9, dim: 3)
}

user {
  age: vocabulary(max: 5, dim: 2)
}

history clicked {
  of: item
  max: 20
}

metric long {
  query: item
  keys: clicked.item
  heads: 2
  dim: 3
}

metric short {
  query: item
  keys: clicked.item
  heads: 2
  dim: 3
}

search nearest {
  from: clicked
  by: long
  keep: 3
  heads: per_head
}

attend interest {
  over: nearest
  by: long
  out: 7
}

attend recent {
  over: clicked.last(2)
  by: short
  out: 7
}

tower ranking {
  input: [interest, item, user, recent]
  hidden: [6, 4]
  activation: dice
  norm: batch
  predict {
    click: binary
  }
}
`;

export const fuxiModel: Model = check(load("fuxi.twin", () => fuxiSource)).model!;

/** The short window as FuxiCTR computes it: over behaviours of which its mask drops the oldest, where they fit into it. */
const maskedModel: Model = check(
  load("fuxi.twin", () =>
    fuxiSource
      .replace(
        "metric short {\n  query: item\n  keys: clicked.item",
        "metric short {\n  query: item\n  keys: window.item",
      )
      .replace("over: clicked.last(2)", "over: window.last(2)")
      .replace("metric long", "history window {\n  of: item\n  max: 20\n}\n\nmetric long"),
  ),
).model!;

/** Rows of FuxiCTR's tables: padding, the values in use, unknown. */
const rows = { age: 6, cate_id: 8, item_id: 12 };

export const featureMap = {
  dataset_id: "made",
  features: Object.entries(rows).map(([name, count]) => ({
    [name]: {
      type: "categorical",
      source: name === "age" ? "user" : "item",
      padding_idx: 0,
      oov_idx: count - 1,
      vocab_size: count,
    },
  })),
};

export const featureVocabularies = Object.fromEntries(
  Object.entries(rows).map(([name, count]) => [
    name,
    {
      ...Object.fromEntries(Array.from({ length: count - 2 }, (_, i) => [`${name}-${i + 1}`, i + 1])),
      __PAD__: 0,
      __OOV__: count - 1,
    },
  ]),
);

/** Padding and unknown rows the other way round from Twin's. */
function table(read: ReadParameter, parameter: string, count: number): TorchPart {
  const { shape, data } = read(parameter);
  const [, dim] = shape;
  const foreign = new Float32Array(count * dim);
  foreign.set(data.subarray(dim, (count - 1) * dim), dim);
  foreign.set(data.subarray(0, dim), (count - 1) * dim);
  return { shape: [count, dim], data: foreign };
}

/** out × in of values [in, out], [heads, in, n]; columns in FuxiCTR's order, given as Twin's places. */
function linear(read: ReadParameter, parameter: string, order?: readonly number[]): TorchPart {
  const { shape, data } = read(parameter);
  const [heads, inputs, width] = shape.length === 3 ? shape : [1, ...shape];
  const columns = order ?? Array.from({ length: inputs }, (_, i) => i);
  const values = [];
  for (let head = 0; head < heads; head++) {
    for (let out = 0; out < width; out++) {
      for (const input of columns) {
        values.push(data[(head * inputs + input) * width + out]);
      }
    }
  }
  return { shape: [heads * width, inputs], data: Float32Array.from(values) };
}

const span = (start: number, count: number) => Array.from({ length: count }, (_, i) => start + i);

/** FuxiCTR's feature order is age, cate_id, item_id; Twin's item is item_id (4), cate_id (3). */
export function fuxiState(read: ReadParameter): Record<string, TorchPart> {
  const same = (parameter: string): TorchPart => read(parameter);
  const stem = "embedding_layer.embedding_layer.embedding_layers";
  const item = [...span(4, 3), ...span(0, 4)];
  const attention = (name: string, metric: string, attend: string, keys: string) => ({
    [`${name}.W_q.weight`]: linear(read, `${metric}.query`, item),
    [`${name}.${keys}.weight`]: linear(read, `${metric}.keys`, item),
    [`${name}.W_v.weight`]: linear(read, `${attend}.values.item`, item),
    [`${name}.W_o.weight`]: linear(read, `${attend}.out`),
  });
  // Twin's tower: interest 0–6, item_id 7–10, cate_id 11–13, age 14–15, recent 16–22.
  const tower = [...span(14, 2), ...span(11, 3), ...span(7, 4), ...span(16, 7), ...span(0, 7)];
  const layer = (at: number, i: number, order?: readonly number[]) => ({
    [`dnn.mlp.${at}.weight`]: linear(read, `ranking.hidden.${i}.weight`, order),
    [`dnn.mlp.${at}.bias`]: same(`ranking.hidden.${i}.bias`),
    [`dnn.mlp.${at + 1}.weight`]: same(`ranking.hidden.${i}.norm.scale`),
    [`dnn.mlp.${at + 1}.bias`]: same(`ranking.hidden.${i}.norm.shift`),
    [`dnn.mlp.${at + 1}.running_mean`]: same(`ranking.hidden.${i}.norm.mean`),
    [`dnn.mlp.${at + 1}.running_var`]: same(`ranking.hidden.${i}.norm.variance`),
    [`dnn.mlp.${at + 1}.num_batches_tracked`]: { shape: [], data: BigInt64Array.of(20n), storage: "LongStorage" },
    [`dnn.mlp.${at + 2}.alpha`]: same(`ranking.hidden.${i}.alpha`),
    [`dnn.mlp.${at + 2}.bn.running_mean`]: same(`ranking.hidden.${i}.mean`),
    [`dnn.mlp.${at + 2}.bn.running_var`]: same(`ranking.hidden.${i}.variance`),
  });
  return {
    [`${stem}.age.weight`]: table(read, "user.age.table", rows.age),
    [`${stem}.cate_id.weight`]: table(read, "item.cate_id.table", rows.cate_id),
    [`${stem}.item_id.weight`]: table(read, "item.item_id.table", rows.item_id),
    ...attention("short_attention", "short", "recent", "W_k"),
    ...attention("long_attention", "long", "interest", "W_h"),
    ...layer(0, 0, tower),
    // A dropout lies between: places are not consecutive.
    ...layer(4, 1),
    "dnn.mlp.8.weight": linear(read, "ranking.click.weight"),
    "dnn.mlp.8.bias": same("ranking.click.bias"),
  };
}

/** Samples with FuxiCTR's rows: unknown values are the last row, padding is row 0. */
export function fuxiSamples(
  read: ReadParameter,
  { count = 70, length = 5, ownMask = false }: { count?: number; length?: number; ownMask?: boolean } = {},
): Uint8Array {
  const draw = uniform(9);
  const foreign = (size: number, upTo: number) =>
    Int32Array.from({ length: size }, () => 1 + Math.floor(draw() * (upTo - 1)));
  const valid = Float32Array.from({ length: count * length }, (_, i) =>
    i % length < Math.floor(i / length) % (length + 1) ? 1 : 0,
  );
  const behaviours = (upTo: number) => foreign(count * length, upTo).map((row, i) => (valid[i] ? row : 0));
  const arrays = {
    "user.age": { shape: [count], data: foreign(count, rows.age) },
    "candidate.item.item_id": { shape: [count], data: foreign(count, rows.item_id) },
    "candidate.item.cate_id": { shape: [count], data: foreign(count, rows.cate_id) },
    "clicked.item.item_id": { shape: [count, length], data: behaviours(rows.item_id) },
    "clicked.item.cate_id": { shape: [count, length], data: behaviours(rows.cate_id) },
  };
  const twin = (name: string, data: Int32Array) => {
    const size = rows[name.slice(name.lastIndexOf(".") + 1) as keyof typeof rows];
    return Array.from(data, (row) => (row === size - 1 ? 0 : row));
  };
  const feeds = Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: twin(name, data) }]),
  );
  const graph = graphsOf(ownMask ? maskedModel : fuxiModel, "batch").get("request")!;
  const valids = { shape: [count, length], data: valid };
  Object.assign(feeds, { "clicked.valid": { ...valids, data: [...valid] } });
  if (ownMask) {
    for (const name of ["item.item_id", "item.cate_id"]) {
      feeds[`window.${name}`] = feeds[`clicked.${name}`];
    }
    // Histories of 1 and 2, which the window of 2 holds whole, lose their oldest behaviour.
    const oldest = (i: number): boolean => {
      const row = Math.floor(i / length) % (length + 1);
      return row >= 1 && row <= 2 && i % length === row - 1;
    };
    feeds["window.valid"] = { ...valids, data: Array.from(valid, (one, i) => (oldest(i) ? 0 : one)) };
  }
  const logits = run(graph, feeds, read)["click.logit"];
  return npzOf(
    {
      ...Object.fromEntries(
        Object.entries(arrays).map(([name, part]) => [`source.${name}`, { ...part, descr: "<i4" }]),
      ),
      "clicked.valid": valids,
      logits: { shape: [count], data: Float64Array.from(logits.data), descr: "<f8" },
    },
    true,
  );
}

export const fuxiParameters = (): ReadParameter => randomParameters(fuxiModel, 4);
