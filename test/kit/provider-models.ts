// Models as execution providers are tried on them: their graphs as they are built, which also give what each selection was
// made from, and the inputs of their parity cases.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "../../compiler/check/check.ts";
import { servingPlaces } from "../../compiler/emit/graph-files.ts";
import { emitOnnx } from "../../compiler/emit/onnx.ts";
import { wholeParameters } from "../../compiler/emit/reference.ts";
import { lowerGraphs } from "../../compiler/graphs/index.ts";
import { build, initialValues, parameters, type WeightSource } from "../../compiler/index.ts";
import { type Graph, type Node, topological, type Value } from "../../compiler/ir/graph.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import type { Model } from "../../compiler/model/model.ts";
import { foldParameters, rewrite } from "../../compiler/passes/index.ts";
import { plan } from "../../compiler/plan/plan.ts";
import { storedVariants } from "../../compiler/plan/stored-tables.ts";
import { load } from "../../compiler/source/load.ts";
import { givenValues, littleEndian } from "../../compiler/values/values.ts";
import { fromHalf } from "../../contract/half.ts";
import { parityPlace } from "../../contract/parity-place.ts";
import type { StoredType } from "../../contract/port-spec.ts";
import { parseSafetensors, type SafeDtype } from "../../contract/safetensors.ts";
import { anyCalibration } from "./any-calibration.ts";
import { someNumbers } from "./any-model.ts";
import { uniform } from "./any-request.ts";
import { markSides } from "./branch-sides.ts";
import { small } from "./built-models.ts";
import { bytesOf } from "./small-model.ts";

const root = join(import.meta.dirname, "../..");
export const weightsName = "weights.safetensors";
export const parityName = "parity.safetensors";

/** A selection of a graph as it is built, and the same of the formulas as they stand. */
export interface Selection {
  /** The outputs of the instrumented graph that are its result and what it was made from. */
  readonly list: string;
  readonly scores: string;
  readonly node: Node<"roundRobin" | "topPositions">;
  readonly reference: Value;
}

export interface ProviderGraph {
  readonly model: string;
  /** `search`, `search.uint8`. */
  readonly name: string;
  /** As built: rewritten, with what is fixed folded. */
  readonly graph: Graph;
  /** The formulas as they stand. */
  readonly reference: Graph;
  readonly selections: readonly Selection[];
  /** Names of its Ifs, where it is to say which sides it takes. */
  readonly ifs: readonly string[];
  /** ONNX with weights outside; gives the selections and their scores besides. */
  readonly bytes: Uint8Array;
  /** ONNX as `twin build` writes it. */
  readonly built: Uint8Array;
  /** Names of its cases in the parity file. */
  readonly places: readonly string[];
}

export interface ProviderModel {
  readonly name: string;
  readonly model: Model;
  readonly weights: Uint8Array;
  readonly parity: Uint8Array;
  readonly graphs: readonly ProviderGraph[];
  readonly read: (parameter: string) => Tensor;
  /** What goes into a graph in a case, as numbers. */
  feeds(place: string): Record<string, Tensor>;
}

/** Every model that can be built, small enough for the reference, by name. */
export function modelTexts(): ReadonlyMap<string, Model> {
  const found = new Map<string, Model>();
  for (const folder of ["models", "test/good"]) {
    for (const file of readdirSync(join(root, folder)).filter((name) => name.endsWith(".twin"))) {
      const model = smallModel(`${folder}/${file}`);
      if (model !== null) {
        found.set(file.replace(".twin", ""), model);
      }
    }
  }
  return found;
}

/** A model of the repository made small; null where nothing can be built of it. */
export function smallModel(path: string, change: (text: string) => string = (text) => text): Model | null {
  const program = load(path, (one) => change(small(readFileSync(join(root, one), "utf8"))));
  const { model } = check(program, { library: true });
  if (model === null) {
    return null;
  }
  return check(program, { library: true, numbers: someNumbers(model) }).model;
}

export interface Tried {
  /** Graphs over tables as they are stored, too. */
  readonly tableInput?: StoredType;
  /** Whether graphs say which sides of their Ifs they take, in outputs of their own. */
  readonly sides?: boolean;
  /** Whether rows of every embedding of ids come in from outside. */
  readonly outside?: boolean;
}

/**
 * How many times the start values a model is tried with. The queries of stacked attention's later layers are not normalised, so
 * that scores grow with every layer by more than the weights do: half as large again leaves float32 less than the tolerance (2.7e-3
 * were seen), as they are 4e-6.
 */
const timesOf = ({ attends }: Model): number => (attends.some(({ by }) => by.kind === "stacked") ? 1 : 1.5);

/** Builds a model with start values half as large again and calibrations at random, so that scores lie apart and softmax is far from even. */
export function providerModel(
  name: string,
  model: Model,
  { tableInput, sides = false, outside = false }: Tried = {},
): ProviderModel {
  const source = larger(model, timesOf(model));
  const all = parameters(model);
  const placed = { outside: outside ? "all" : "none" } as const;
  const { files } = build(model, { version: "0", weights: source, ...placed, ...(tableInput && { tableInput }) });
  const fileOf = (path: string) => {
    const file = files.find((one) => one.path === path);
    if (file === undefined) {
      throw new Error(`${name} is built without ${path}`);
    }
    return bytesOf(file);
  };
  const [weights, parity] = [fileOf(weightsName), fileOf(parityName)];
  const places = new Map(
    [...parseSafetensors(weights, weights.length, weightsName).entries].map(([parameter, { start, end }]) => [
      parameter,
      { offset: start, length: end - start },
    ]),
  );
  const read = wholeParameters(all, givenValues(all, source));
  const { entries } = parseSafetensors(parity, parity.length, parityName);
  const cases = new Map<string, string[]>();
  for (const place of new Set([...entries.keys()].map((key) => key.slice(0, key.indexOf("/"))))) {
    const { graph, type } = parityPlace(place)!;
    const graphName = type === null ? graph : `${graph}.${type}`;
    cases.set(graphName, [...(cases.get(graphName) ?? []), place]);
  }
  const lowered = lowerGraphs(model, { layout: "request", outside: plan(model, placed).outside });
  const folded = new Map([...lowered].map(([key, graph]) => [key, foldParameters(rewrite(graph), read)] as const));
  const pairs: [Graph, Graph][] = [...folded].map(([key, graph]) => [graph, lowered.get(key)!]);
  if (tableInput !== undefined) {
    const [of, reference] = [folded, lowered].map((graphs) => storedVariants(model, graphs, tableInput).graphs);
    pairs.push(...[...of].map(([key, graph]): [Graph, Graph] => [graph, reference.get(key)!]));
  }
  const graphs = pairs.map(([graph, reference]): ProviderGraph => {
    const selections = selectionsOf(graph, reference);
    const more = selections.flatMap(({ list, scores, node }, index) => [
      { name: list, value: selected(graph)[index], doc: "" },
      { name: scores, value: node.inputs[0], doc: "" },
    ]);
    const outputs = [
      ...graph.outputs,
      ...more.filter(({ name: one }) => !graph.outputs.some((own) => own.name === one)),
    ];
    const told = emitOnnx(
      { ...graph, outputs },
      {
        external: servingPlaces(places, read),
        metadata: {},
        producerVersion: "0",
      },
    );
    const { bytes, ifs } = sides ? markSides(told) : { bytes: told, ifs: [] };
    const built = fileOf(`${graph.name}.onnx`);
    return {
      model: name,
      name: graph.name,
      graph,
      reference,
      selections,
      ifs,
      bytes,
      built,
      places: cases.get(graph.name) ?? [],
    };
  });
  return {
    name,
    model,
    weights,
    parity,
    graphs,
    read,
    feeds(place) {
      const found: Record<string, Tensor> = {};
      for (const { name: key, dtype, shape, start, end } of entries.values()) {
        if (key.startsWith(`${place}/in/`)) {
          found[key.slice(place.length + 4)] = { shape, data: numbersOf(dtype, parity.slice(start, end).buffer) };
        }
      }
      return found;
    },
  };
}

function numbersOf(dtype: SafeDtype, bytes: ArrayBuffer): ArrayLike<number> {
  if (dtype === "F16") {
    return Float64Array.from(new Uint16Array(bytes), fromHalf);
  }
  return dtype === "F32" ? new Float32Array(bytes) : dtype === "I32" ? new Int32Array(bytes) : new Uint8Array(bytes);
}

type Selecting = Value & { readonly node: Selection["node"] };
const isSelecting = (value: Value): value is Selecting =>
  value.node.op === "roundRobin" || value.node.op === "topPositions";
const selected = ({ outputs }: Graph): Selecting[] =>
  topological(outputs.map(({ value }) => value)).filter(isSelecting);

/** Selections of the built graph beside those of the formulas: of the same place in the model, in their order there. */
function selectionsOf(graph: Graph, reference: Graph): Selection[] {
  const theirs = selected(reference);
  const ours = selected(graph);
  if (ours.length !== theirs.length) {
    throw new Error(`${graph.name} selects ${ours.length} times where the formulas do ${theirs.length} times`);
  }
  return ours.map(({ node }, index) => {
    const same = ({ node: other }: Value) => other.op === node.op && other.scope === node.scope;
    const rank = ours.slice(0, index).filter(same).length;
    const twin = theirs.filter(same)[rank];
    if (twin === undefined) {
      throw new Error(`${graph.name}: ${node.op} in ${node.scope} is not among the formulas`);
    }
    const list = graph.outputs.find(({ value }) => value.node === node)?.name ?? `list/${index}`;
    return { list, scores: `scores/${index}`, node, reference: twin };
  });
}

function larger(model: Model, times: number): WeightSource {
  const all = parameters(model);
  const values = initialValues(all, 5);
  const draw = uniform(5);
  const fitted = new Map(
    all.flatMap(({ name, shape, role }) => (role === "fitted" ? [[name, anyCalibration(shape, draw)]] : [])),
  );
  const read = (name: string) => fitted.get(name) ?? values.read(name).map((x) => times * x);
  return {
    tensors: new Map(all.map((parameter) => [parameter.name, parameter])),
    step: 1,
    path: "larger",
    read,
    chunks: (name) => [littleEndian(read(name))],
  };
}
