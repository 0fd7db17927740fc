// A small model with most feature kinds, its build, and its files in memory.
import { type ArtefactFile, type CompileOptions, compile, type Model } from "../../compiler/index.ts";

export const smallSource = `model small

item {
  video: id(vocab: 40, dim: 4, key: true)
  author: hashed(buckets: 20, dim: 4)
  length: bucketed(at: [7s, 30s], dim: 2)
  topics: tags(vocabulary: 30, max: 3, dim: 4)
  cover: pretrained(size: 5, dim: 3)
}

user {
  age: bucketed(at: [18, 35], dim: 2)
}

candidate {
  price: number(scale: log)
}

history watched {
  of: item
  max: 50
  cross {
    ago: elapsed(at: [1h, 1d], dim: 3)
    liked: flag(dim: 2)
  }
}

metric relevance {
  query: item
  keys: watched.item
  bias: watched.cross
  heads: 2
  dim: 4
}

search nearest {
  from: watched
  by: relevance
  keep: 6
}

attend interest {
  over: nearest
  by: relevance
}

attend recent {
  over: watched.last(8)
  by: relevance
}

tower ranking {
  input: [interest, recent, item, user, candidate]
  hidden: [8]
  predict {
    click: binary
  }
}

table video_keys {
  of: [relevance.keys, interest.values]
  precision: uint8
}
`;

export const vocabularies = new Map([["item.topics", ["drama", "comedy", "5"]]]);

/** Compiles `source`; throws the first error's title. */
export function compiled(source = smallSource, options: Partial<CompileOptions> = {}) {
  const result = compile("small.twin", { version: "1.2.3", vocabularies, resolve: () => source, ...options });
  const error = result.diagnostics.find(({ severity }) => severity === "error");
  if (error || !result.model || !result.manifest) {
    throw new Error(error?.title ?? "no model");
  }
  return { ...result, model: result.model as Model, manifest: result.manifest };
}

let known: ReturnType<typeof compiled> | undefined;

/** The small model's build as it is made once a process: for tests that read it, and are evaluated again and again. */
export function smallBuild(): ReturnType<typeof compiled> {
  known ??= compiled();
  return known;
}

/** All bytes of one file. */
export function bytesOf({ content, bytes }: ArtefactFile): Uint8Array {
  if (content instanceof Uint8Array) {
    return content;
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of content()) {
    whole.set(piece, at);
    at += piece.length;
  }
  if (at !== bytes) {
    throw new Error(`the stream ends after ${at} of ${bytes} bytes`);
  }
  return whole;
}

/** The text of the file at `path`. */
export function textOf(files: readonly ArtefactFile[], path: string): string {
  const file = files.find((candidate) => candidate.path === path);
  if (!file) {
    throw new Error(`there is no ${path}`);
  }
  return new TextDecoder().decode(bytesOf(file));
}
