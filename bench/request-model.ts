// The model of the request benchmark, built for real: 4 heads of 16, inherent width 144, cross width 32, 50,000 items.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ort from "onnxruntime-node";
import { type ArtefactFile, compile, type WeightSource } from "../compiler/index.ts";
import { openTensors } from "../runtime/host/tensor-file.ts";
import { type Sizes, sessionOptions } from "./opponents/sizes.ts";

/** Seven statistics over two features of the items and over all behaviours. */
const counted = `
  stats {
    all:    met()
    own:    rate(of: watched.liked)
    seen:   met(on: item.category)
    rate:   rate(on: item.category, of: watched.liked)
    lately: recent(on: item.category, of: watched.liked, half: 10)
    by:     rate(on: item.author_id, of: watched.liked)
    away:   since(on: item.author_id, at: log(1h, 365d, 12), dim: 4)
  }`;

const source = (keep: number, values: boolean, stats: boolean, by: string) => `
model request
item {
  video_id:  id(vocab: 49999, dim: 64, key: true)
  author_id: id(vocab: 9999, dim: 32)
  category:  id(vocab: 500, dim: 16)
  duration:  bucketed(at: [7s, 15s, 30s, 1min, 3min], dim: 16)
  language:  id(vocab: 50, dim: 16)
}
history watched {
  of:  item
  max: 100k
  cross {
    progress: bucketed(at: [10%, 50%, 90%], dim: 8)
    liked:    flag(dim: 8)
    surface:  id(vocab: 12, dim: 8)
    device:   id(vocab: 5, dim: 8)
  }${stats ? counted : ""}
}
metric relevance { query: item keys: watched.item bias: watched.cross heads: 4 dim: 16 }
search nearest { from: watched by: ${by} keep: ${keep} }
attend interest { over: nearest by: relevance }
tower ranking { input: [interest${stats ? ", watched.stats" : ""}] hidden: [8] predict { click: binary } }
table video_keys { of: relevance.keys }
${values ? "table video_values { of: interest.values }" : ""}
`;

const vocabularies: Readonly<Record<string, number>> = {
  "item.video_id": 50_000,
  "item.author_id": 10_000,
  "item.category": 501,
  "item.duration": 7,
  "item.language": 51,
  "watched.progress": 5,
  "watched.liked": 3,
  "watched.surface": 13,
  "watched.device": 6,
};

export type Feeds = Record<string, ort.Tensor>;

export interface RequestModel {
  /** The built folder. */
  readonly dir: string;
  /** A session of one of its graphs. */
  session(graph: string, threads: number): Promise<ort.InferenceSession>;
  /** Random inputs of a size, for every graph; each session takes the ones that it names. */
  feeds(sizes: Sizes): Promise<Feeds>;
  /** What the build chose, and the files with their sizes. */
  readonly plan: readonly string[];
  close(): void;
}

/**
 * Builds it with start values; `alike` gives every head the first one's matrices.
 * @param values whether they stand in a table @param stats whether its tower reads statistics of the history @param by of its search
 */
export async function requestModel(
  alike: boolean,
  keep = 100,
  values = true,
  stats = false,
  by = "relevance",
): Promise<RequestModel> {
  const dir = mkdtempSync(join(tmpdir(), "twin-bench-"));
  const options = { resolve: () => source(keep, values, stats, by), version: "0.0.0-bench" };
  let built = compile("request.twin", options);
  write(dir, built.files);
  if (alike) {
    built = compile("request.twin", { ...options, weights: sameHeads(join(dir, "weights.safetensors")) });
    write(dir, built.files);
  }
  const tables = await project(dir);
  return {
    dir,
    session: (graph, threads) => ort.InferenceSession.create(join(dir, `${graph}.onnx`), sessionOptions(threads)),
    feeds: async (sizes) => ({ ...tables, ...requestFeeds(sizes) }),
    plan: built.manifest!.plan.map(({ choice, because }) => `${choice}: ${because}`),
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function write(dir: string, files: readonly ArtefactFile[]): void {
  for (const { path, content } of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content instanceof Uint8Array ? content : Buffer.concat([...content()]));
  }
}

function sameHeads(path: string): WeightSource {
  const file = openTensors(path);
  const all = new Map<string, Float32Array>();
  for (const [name, { shape }] of file.entries) {
    const values = file.read(name);
    if (/^relevance\.(query|keys|bias\.\w+\.w)$/.test(name)) {
      const one = values.length / shape[0];
      for (let head = 1; head < shape[0]; head++) {
        values.copyWithin(head * one, 0, one);
      }
    }
    all.set(name, values);
  }
  file.close();
  return {
    path,
    step: null,
    tensors: new Map([...file.entries].map(([name, { shape }]) => [name, { shape }])),
    read: (name) => all.get(name)!,
    *chunks(name) {
      yield new Uint8Array(all.get(name)!.buffer);
    },
  };
}

const rows = (name: string, count: number, stride: number) =>
  Int32Array.from({ length: count }, (_, i) => (i * stride) % (vocabularies[name] ?? 1));

/** Keys and values of all items by the projector itself; row 0 is the miss row. */
async function project(dir: string): Promise<Feeds> {
  const session = await ort.InferenceSession.create(join(dir, "projector.onnx"), sessionOptions(2));
  const items = 49_999;
  const ids = Int32Array.from({ length: items }, (_, i) => i + 1);
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => {
      const data = name === "item.video_id" ? ids : rows(name, items, 31);
      return [name, new ort.Tensor("int32", data, [items])];
    }),
  );
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data, dims }]) => {
      const table = new Float32Array((items + 1) * dims[1]);
      table.set(data as Float32Array, dims[1]);
      return [name, new ort.Tensor("float32", table, [items + 1, dims[1]])];
    }),
  );
}

function requestFeeds({ candidates, history, items }: Sizes): Feeds {
  const ids = Int32Array.from({ length: history }, (_, i) => 1 + ((i * 7919) % (items - 1)));
  const int = (data: Int32Array) => new ort.Tensor("int32", data, [data.length]);
  const feeds: Feeds = {
    "watched.valid": new ort.Tensor("float32", new Float32Array(history).fill(1), [history]),
    "watched.row": int(ids),
    "watched.video_keys.row": int(ids),
    "watched.video_values.row": int(ids),
  };
  for (const name of Object.keys(vocabularies)) {
    const [group, feature] = name.split(".");
    if (group === "item") {
      feeds[`candidate.item.${feature}`] = int(rows(name, candidates, 13));
      feeds[`watched.item.${feature}`] = int(feature === "video_id" ? ids : rows(name, history, 31));
    } else {
      feeds[name] = int(rows(name, history, 17));
    }
  }
  return feeds;
}
