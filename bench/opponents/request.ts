// The opponents of the request benchmark, on plain ONNX Runtime:
//   export  what a framework's export does: every candidate row carries its own history, unsplit, whole history attended
//   shared  unsplit attention over the whole history, the user side computed once for all candidates
//   plain   scores from cached keys and TopK of every head, nothing else: the plain way to search
//   scores  scores from cached keys alone
import onnxProto from "onnx-proto";
import ort from "onnxruntime-node";
import { draws, type Sizes, sessionOptions } from "./sizes.ts";

const { onnx } = onnxProto;
type Attribute = number | readonly number[];

class Writer {
  readonly #graph = {
    node: [] as object[],
    initializer: [] as object[],
    input: [] as object[],
    output: [] as object[],
  };
  #count = 0;

  input(name: string, type: number, dims: readonly number[]): string {
    this.#graph.input.push(info(name, type, dims));
    return name;
  }

  output(name: string, dims: readonly number[]): void {
    this.#graph.output.push(info(name, 1, dims));
  }

  constant(data: Float32Array | BigInt64Array, dims: readonly number[]): string {
    const name = `c${this.#count++}`;
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#graph.initializer.push({ name, dims, dataType: data instanceof Float32Array ? 1 : 7, rawData });
    return name;
  }

  ints(...values: number[]): string {
    return this.constant(BigInt64Array.from(values.map(BigInt)), [values.length]);
  }

  op(opType: string, input: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}, outputs = 1) {
    const output = Array.from({ length: outputs }, () => `v${this.#count++}`);
    const attribute = Object.entries(attributes).map(([name, value]) =>
      typeof value === "number" ? { name, type: 2, i: value } : { name, type: 7, ints: value },
    );
    this.#graph.node.push({ opType, input, output, attribute });
    return output[0];
  }

  bytes(): Uint8Array {
    const opsetImport = [{ domain: "", version: 17 }];
    const model = { irVersion: 8, opsetImport, graph: { name: "opponent", ...this.#graph } };
    return onnx.ModelProto.encode(onnx.ModelProto.fromObject(model)).finish();
  }
}

const info = (name: string, elemType: number, dims: readonly number[]) => ({
  name,
  type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});

function unsplit(s: Sizes, rows: readonly number[], query: readonly number[], keys: number[], values: number[]) {
  const { heads, dim, inherent, cross, items, history } = s;
  const width = heads * dim;
  const g = new Writer();
  const table = g.constant(draws(items * inherent, 1), [items, inherent]);
  const keyWeight = g.constant(draws((inherent + cross) * width, 2), [inherent + cross, width]);
  const valueWeight = g.constant(draws((inherent + cross) * width, 3), [inherent + cross, width]);
  const ids = g.input("ids", 6, [...rows, history]);
  const crossed = g.input("cross", 1, [...rows, history, cross]);
  const q = g.input("q", 1, query);
  const all = g.op("Concat", [g.op("Gather", [table, ids]), crossed], { axis: rows.length + 1 });
  const split = (weight: string, perm: number[]) =>
    g.op("Transpose", [g.op("Reshape", [g.op("MatMul", [all, weight]), g.ints(...rows, history, heads, dim)])], {
      perm,
    });
  const weights = g.op("Softmax", [g.op("MatMul", [q, split(keyWeight, keys)])], { axis: query.length - 1 });
  g.output(g.op("MatMul", [weights, split(valueWeight, values)]), query);
  return g.bytes();
}

/** The keys of the history's items out of the table, [history, heads, dim], and what else a search takes. */
function searched(g: Writer, { heads, dim, items, history, candidates }: Sizes) {
  const table = g.input("table", 1, [items, heads * dim]);
  const ids = g.input("ids", 6, [history]);
  const bias = g.input("bias", 1, [heads, 1, history]);
  const q = g.input("q", 1, [heads, candidates, dim]);
  const rows = g.op("Reshape", [g.op("Gather", [table, ids]), g.ints(history, heads, dim)]);
  return { rows, bias, q };
}

function plain(s: Sizes): Uint8Array {
  const { heads, history, candidates, keep } = s;
  const g = new Writer();
  const count = Math.min(keep, history);
  const { rows, bias, q } = searched(g, s);
  const keys = g.op("Transpose", [rows], { perm: [1, 2, 0] });
  const scores = g.op("Add", [g.op("MatMul", [q, keys]), bias]);
  g.output(g.op("TopK", [scores, g.ints(count)], { axis: 2 }, 2), [heads, candidates, count]);
  return g.bytes();
}

/** The scores from cached keys and nothing else: the bias as one more column of the keys, so that a MatMul adds it. */
function scores(s: Sizes): Uint8Array {
  const { heads, candidates } = s;
  const g = new Writer();
  const { rows, bias, q } = searched(g, s);
  const column = g.op("Transpose", [bias], { perm: [2, 0, 1] });
  const keys = g.op("Transpose", [g.op("Concat", [rows, column], { axis: 2 })], { perm: [1, 2, 0] });
  const ones = g.constant(new Float32Array(heads * candidates).fill(1), [heads, candidates, 1]);
  const all = g.op("MatMul", [g.op("Concat", [q, ones], { axis: 2 }), keys]);
  // A part of them, so that no time goes into copying them out.
  g.output(g.op("Slice", [all, g.ints(0), g.ints(1), g.ints(2)]), [heads, candidates, 1]);
  return g.bytes();
}

export interface Opponent {
  readonly name: string;
  run(): Promise<unknown>;
  close(): Promise<void>;
  /** What one run's time is multiplied by: `export` runs some candidate rows only, so that memory holds. */
  readonly scale: number;
}

async function contender(
  name: string,
  model: Uint8Array,
  feeds: Record<string, ort.Tensor>,
  threads: number,
  scale = 1,
) {
  const session = await ort.InferenceSession.create(model, sessionOptions(threads));
  return { name, scale, run: () => session.run(feeds), close: () => session.release() };
}

const floats = (data: Float32Array, dims: number[]) => new ort.Tensor("float32", data, dims);

/** The opponents for one size. `export` is measured on as many candidate rows as about 1 GB holds. */
export async function opponents(s: Sizes, threads: number, withExport: boolean): Promise<Opponent[]> {
  const { candidates, history, heads, dim, cross, items } = s;
  const ids = Int32Array.from({ length: history }, (_, i) => (i * 7919) % items);
  const list: Opponent[] = [];
  if (withExport) {
    const rows = Math.min(candidates, Math.max(1, Math.floor(400_000 / history)));
    const repeated = new Int32Array(rows * history);
    for (let row = 0; row < rows; row++) {
      repeated.set(ids, row * history);
    }
    const model = unsplit(s, [rows], [rows, heads, 1, dim], [0, 2, 3, 1], [0, 2, 1, 3]);
    const feeds = {
      ids: new ort.Tensor("int32", repeated, [rows, history]),
      cross: floats(draws(rows * history * cross, 4), [rows, history, cross]),
      q: floats(draws(rows * heads * dim, 5), [rows, heads, 1, dim]),
    };
    list.push(await contender("export", model, feeds, threads, candidates / rows));
  }
  const shared = unsplit(s, [], [heads, candidates, dim], [1, 2, 0], [1, 0, 2]);
  const query = floats(draws(candidates * heads * dim, 5), [heads, candidates, dim]);
  const own = new ort.Tensor("int32", ids, [history]);
  list.push(
    await contender(
      "shared",
      shared,
      { ids: own, cross: floats(draws(history * cross, 4), [history, cross]), q: query },
      threads,
    ),
  );
  const searchFeeds = {
    table: floats(draws(items * heads * dim, 6), [items, heads * dim]),
    ids: own,
    bias: floats(draws(heads * history, 7), [heads, 1, history]),
    q: query,
  };
  list.push(await contender("plain", plain(s), searchFeeds, threads));
  list.push(await contender("scores", scores(s), searchFeeds, threads));
  return list;
}
