// A model in which every rewrite has something to do.
import type { Model } from "../../compiler/model/model.ts";
import { modelOf } from "./any-model.ts";

export const showcaseText = `
model showcase

item {
  video_id: vocabulary(max: 400k, min_count: 1, dim: 16, key: true)
  category: id(vocab: 50, dim: 8)
}

user {
  user_id: hashed(buckets: 1k, dim: 8)
  age: bucketed(at: [18, 30], dim: 4)
}

history watched {
  of: item
  max: 1k

  cross {
    ago: elapsed(at: [1h, 1d], dim: 8)
    device: hashed(buckets: 100k, dim: 8)
    moods: tags(vocab: 9, max: 8, dim: 8)
    share: number
  }
}

metric relevance {
  query: item
  keys: watched.item
  bias: watched.cross
  heads: 4
  dim: 4
}

search nearest {
  from: watched
  by: relevance
  keep: 8
}

attend interest {
  over: nearest
  by: relevance
}

attend narrow {
  over: watched.last(6)
  by: relevance
  values: 6
  out: 3
}

tower ranking {
  input: [interest, narrow, item, user]
  hidden: [16]

  predict {
    click: binary
  }
}
`;

/** The model, and with `tables` a lookup table of keys and values. */
export function showcase(tables = ""): Model {
  return modelOf(showcaseText + tables);
}
