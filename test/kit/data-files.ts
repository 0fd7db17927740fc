// A model of videos and small data files, for the tests of reading data and building tables.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Writes text files into a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

export interface VideoModel {
  /** Kind of the key feature. */
  readonly key?: string;
  readonly precision?: string;
  readonly coverage?: string;
  readonly minCount?: number;
  readonly max?: number;
}

/** A small model of videos with one history, one search, one attention, one table. */
export function videoModel({
  key,
  precision = "float32",
  coverage = "100%",
  minCount = 0,
  max = 20,
}: VideoModel = {}): string {
  return `model small

item {
  video:    ${key ?? "hashed(buckets: 50, dim: 4, key: true)"}
  category: id(vocab: 10, dim: 4)
  duration: bucketed(at: [10, 60], dim: 4)
  topics:   tags(buckets: 30, max: 3, dim: 4)
  cover:    pretrained(size: 3)
}

user {
  age: bucketed(at: [18, 40], dim: 4)
}

context {
  hour: id(vocab: 24, dim: 4)
}

candidate {
  recall: number(scale: none)
}

history watched {
  of:  item
  max: ${max}

  cross {
    ago:      elapsed(at: [1h, 1d], dim: 4)
    progress: bucketed(at: [10%, 50%], dim: 4)
  }
}

metric relevance {
  query: item
  keys:  watched.item
  bias:  watched.cross
  heads: 2
  dim:   4
}

search nearest {
  from: watched
  by:   relevance
  keep: 4
}

attend interest {
  over: nearest
  by:   relevance
}

tower ranking {
  input:  [interest, item, user, context, candidate]
  hidden: [8]

  predict {
    click: binary
    watch: regression
  }
}

table video_keys {
  of:        relevance.keys
  precision: ${precision}
  coverage:  ${coverage}
  on_miss:   mask
${minCount > 0 ? `  min_count: ${minCount}\n` : ""}}
`;
}

/** A model of what a shop sells: a log of purchases is all that it learns from. */
export const shopModel = (key = "id(vocab: 100, dim: 4, key: true)"): string => `model shop

item {
  sku: ${key}
}

candidate {
  recall: number(scale: none)
}

history bought {
  of:  item
  max: 10
}

metric relevance {
  query: item
  keys:  bought.item
  dim:   4
}

search nearest {
  from: bought
  by:   relevance
  keep: 4
}

attend interest {
  over: nearest
  by:   relevance
}

tower ranking {
  input:  [interest, item, candidate]
  hidden: [4]

  predict {
    buy: binary
  }
}
`;
