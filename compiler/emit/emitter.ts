// From IR values to ONNX nodes, as plain records: names, constants and subgraphs. Knows no protobuf.
import { recordOf } from "../../contract/record.ts";
import { type Attributes, type ComputedDtype, eachValue, type Graph, type Literal, topological } from "../ir/graph.ts";
import { ruleOf } from "../ir/ops.ts";
import { digest } from "../ir/print.ts";
import type { OnnxAttribute, OnnxEmitter, OnnxNode, OnnxSubgraph } from "../ir/rule.ts";

export interface OnnxConstant {
  readonly name: string;
  readonly dtype: ComputedDtype | "int64";
  readonly shape: readonly number[];
  /** Little-endian. */
  readonly bytes: Uint8Array;
}

/** A graph as ONNX has it, save for the encoding. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  /** By name, in the order of first use. */
  readonly parameters: readonly Attributes["parameter"][];
}

/** The nodes of a graph in canonical order; equal graphs give equal records, names included. */
export function emitNodes(graph: Graph): OnnxGraph {
  const writer = new Writer(reserved(graph));
  const order = topological(
    graph.outputs.map((output) => output.value),
    graph.inputs,
  );
  const names = eachValue<string>(order, (value, operands) => {
    const { op, scope, doc } = value.node;
    if (op === "parameter") {
      writer.parameter(value.node.attributes);
    }
    return ruleOf(op).onnx(writer.at(scope === "" ? graph.name : scope, doc), operands, value.node, value);
  });
  return writer.finish(graph.outputs.map(({ name, value }) => ({ name, from: names.of(value), doc: value.node.doc })));
}

/** Names that are part of a graph's interface, and so are no intermediate result's. */
function reserved(graph: Graph): Set<string> {
  const taken = new Set(graph.outputs.map((output) => output.name));
  for (const { node } of topological(
    graph.outputs.map((output) => output.value),
    graph.inputs,
  )) {
    if (node.op === "input" || node.op === "parameter") {
      taken.add(node.attributes.name);
    }
  }
  return taken;
}

interface Exit {
  readonly name: string;
  readonly from: string;
  readonly doc: string;
}

/** Collects what `emit` calls write, in all places and subgraphs of one graph. */
class Writer {
  readonly #taken: Set<string>;
  readonly #nodes: OnnxNode[] = [];
  readonly #constants = new Map<string, OnnxConstant>();
  readonly #parameters = new Map<string, Attributes["parameter"]>();

  constructor(taken: Set<string>) {
    this.#taken = taken;
  }

  at(scope: string, doc: string, nodes: OnnxNode[] = this.#nodes): OnnxEmitter {
    const write: OnnxEmitter["nodes"] = (opType, inputs, outputs, attributes = {}) => {
      const name = this.#unique(`${scope}/${opType}`);
      const results = Array.from({ length: outputs }, (_, index) =>
        index === 0 ? name : this.#unique(`${name}:${index}`),
      );
      nodes.push({ opType, name, inputs, outputs: results, attributes, doc });
      return results;
    };
    return {
      node: (opType, inputs, attributes) => write(opType, inputs, 1, attributes)[0],
      nodes: write,
      constant: ({ dtype, shape, data }: Literal) => this.#constant(dtype, shape, data),
      ints: (...values) => this.#constant("int64", [values.length], BigInt64Array.from(values, BigInt)),
      integer: (value) => this.#constant("int32", [], Int32Array.of(value)),
      scalar: (value) => this.#constant("float32", [], Float32Array.of(value)),
      subgraph: (types, body): OnnxSubgraph => {
        const inner: OnnxNode[] = [];
        const outputs = body(this.at(scope, doc, inner));
        return { outputs, types, nodes: inner };
      },
    };
  }

  parameter(attributes: Attributes["parameter"]): void {
    this.#parameters.set(attributes.name, attributes);
  }

  /** Gives results their names as outputs; what is no node's own result passes through an Identity. */
  finish(exits: readonly Exit[]): OnnxGraph {
    const made = new Set(this.#nodes.flatMap((node) => node.outputs));
    const renamed = new Map<string, string>();
    const copies: OnnxNode[] = [];
    for (const { name, from, doc } of exits) {
      if (made.has(from) && !renamed.has(from)) {
        renamed.set(from, name);
      } else {
        const node = this.#unique(`${name}/Identity`);
        copies.push({ opType: "Identity", name: node, inputs: [from], outputs: [name], attributes: {}, doc });
      }
    }
    return {
      nodes: [...this.#nodes, ...copies].map((node) => rename(node, renamed)),
      constants: [...this.#constants.values()],
      parameters: [...this.#parameters.values()],
    };
  }

  #unique(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.#taken.has(name); count++) {
      name = `${wanted}_${count}`;
    }
    this.#taken.add(name);
    return name;
  }

  #constant(dtype: OnnxConstant["dtype"], shape: readonly number[], data: Literal["data"] | BigInt64Array): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = `${dtype}[${shape.join(",")}] ${digest(bytes)}`;
    const known = this.#constants.get(key);
    if (known) {
      return known.name;
    }
    const name = this.#unique(`constant_${this.#constants.size + 1}`);
    this.#constants.set(key, { name, dtype, shape, bytes });
    return name;
  }
}

function rename(node: OnnxNode, names: ReadonlyMap<string, string>): OnnxNode {
  const all = (list: readonly string[]) => list.map((name) => names.get(name) ?? name);
  const attributes = Object.entries(node.attributes).map(([key, value]): [string, OnnxAttribute] => {
    if (!isSubgraph(value)) {
      return [key, value];
    }
    const nodes = value.nodes.map((inner) => rename(inner, names));
    return [key, { outputs: all(value.outputs), types: value.types, nodes }];
  });
  return { ...node, inputs: all(node.inputs), outputs: all(node.outputs), attributes: recordOf(attributes) };
}

export function isSubgraph(value: OnnxAttribute): value is OnnxSubgraph {
  return typeof value === "object" && "nodes" in value;
}
