// Writes a graph as an ONNX model. The only file that knows protobuf.

import pkg from "onnx-proto";
import type { Attributes, Dim, Dtype, Graph } from "../ir/graph.ts";
import { type OnnxDtype, onnxDtype } from "../ir/onnx-dtype.ts";
import type { OnnxAttribute, OnnxNode } from "../ir/rule.ts";
import { showShape, size } from "../ir/shape.ts";
import { emitNodes, isSubgraph, type OnnxConstant, type OnnxGraph } from "./emitter.ts";

const { onnx } = pkg;
const opset = 18;
const irVersion = 8;

/** Where a parameter's numbers are: in a file beside the model (bytes), or written into the model. */
export type ParameterPlace =
  | { readonly location: string; readonly offset: number; readonly length: number }
  | { readonly inline: Float32Array };

export interface EmitOptions {
  readonly external: (parameter: string) => ParameterPlace;
  /** Becomes the model's metadata_props. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly producerVersion: string;
}

/** A graph that cannot be written: the message names the graph, the tensor and the way out. */
export class EmitError extends Error {
  override name = "EmitError";
}

/**
 * The bytes of an ONNX model (opset 18, IR version 8); equal graphs and options give equal bytes. Inputs and outputs keep
 * their names, symbols become dim_params. Throws an `EmitError` where a parameter's place does not fit its shape or where
 * the numbers inside exceed what protobuf can carry. The nodes are made here unless they are at hand.
 */
export function emitOnnx(
  graph: Graph,
  { external, metadata, producerVersion }: EmitOptions,
  { nodes, constants, parameters }: OnnxGraph = emitNodes(graph),
): Uint8Array {
  const places = parameters.map((parameter) => ({ parameter, place: checked(parameter, external(parameter.name)) }));
  refuseOversized(graph, constants, places);
  const model = onnx.ModelProto.create({
    irVersion,
    opsetImport: [{ domain: "", version: opset }],
    producerName: "twin",
    producerVersion,
    docString: graph.doc,
    graph: {
      name: graph.name,
      docString: graph.doc,
      node: nodes.map(nodeProto),
      initializer: [
        ...places.map(({ parameter, place }) => parameterProto(parameter, place)),
        ...constants.map(({ name, dtype, shape, bytes }) => tensorProto(name, dtype, shape, { rawData: bytes })),
      ],
      input: graph.inputs.map((value) => {
        const { name, dtype, shape, doc } = value.node.attributes;
        return valueProto(name, dtype, shape, doc);
      }),
      output: graph.outputs.map(({ name, value, doc }) => valueProto(name, value.dtype, value.shape, doc)),
    },
    metadataProps: Object.entries(metadata)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ key, value })),
  });
  // A copy of its own length: the encoder hands out a window into a shared pool.
  return Uint8Array.from(onnx.ModelProto.encode(model).finish());
}

function valueProto(name: string, dtype: Dtype, shape: readonly (Dim | null)[], docString: string) {
  const dim = shape.map((length) =>
    typeof length === "string" ? { dimParam: length } : length === null ? {} : { dimValue: length },
  );
  return { name, docString, type: { tensorType: { elemType: onnxDtype[dtype], shape: { dim } } } };
}

function nodeProto(node: OnnxNode): InstanceType<typeof onnx.NodeProto> {
  const attribute = Object.entries(node.attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => attributeProto(name, value, node.name));
  return onnx.NodeProto.create({
    opType: node.opType,
    name: node.name,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute,
    docString: node.doc,
  });
}

/** @param of the node's name: the names of all subgraphs of a model are different */
function attributeProto(name: string, value: OnnxAttribute, of: string) {
  const { FLOAT, INT, STRING, GRAPH, INTS } = onnx.AttributeProto.AttributeType;
  if (typeof value === "number") {
    return { name, type: INT, i: value };
  }
  if (typeof value === "string") {
    return { name, type: STRING, s: new TextEncoder().encode(value) };
  }
  if (isSubgraph(value)) {
    const node = value.nodes.map((inner) => nodeProto(inner));
    const output = value.outputs.map((result, index) => {
      const { dtype, shape } = value.types[index];
      return valueProto(result, dtype, shape, "");
    });
    return { name, type: GRAPH, g: { name: `${of}/${name}`, node, output } };
  }
  if ("float" in value) {
    return { name, type: FLOAT, f: value.float };
  }
  return { name, type: INTS, ints: [...value] };
}

function tensorProto(name: string, dtype: OnnxDtype, shape: readonly number[], rest: object) {
  return onnx.TensorProto.create({ name, dataType: onnxDtype[dtype], dims: [...shape], ...rest });
}

function parameterProto({ name, shape }: Attributes["parameter"], place: ParameterPlace) {
  if ("inline" in place) {
    const { buffer, byteOffset, byteLength } = place.inline;
    return tensorProto(name, "float32", shape, { rawData: new Uint8Array(buffer, byteOffset, byteLength) });
  }
  const externalData = [
    { key: "location", value: place.location },
    { key: "offset", value: String(place.offset) },
    { key: "length", value: String(place.length) },
  ];
  return tensorProto(name, "float32", shape, { dataLocation: onnx.TensorProto.DataLocation.EXTERNAL, externalData });
}

function checked({ name, shape }: Attributes["parameter"], place: ParameterPlace): ParameterPlace {
  const wanted = 4 * size(shape);
  const held = "inline" in place ? place.inline.byteLength : place.length;
  if (held !== wanted) {
    throw new EmitError(`parameter ${name} has ${held} bytes, but ${showShape(shape)} in float32 takes ${wanted}`);
  }
  if ("offset" in place && !(Number.isSafeInteger(place.offset) && place.offset >= 0)) {
    throw new EmitError(`parameter ${name} cannot stand at offset ${place.offset} of ${place.location}`);
  }
  return place;
}

/** Protobuf counts its lengths in 31 bits; nodes and names are given a mebibyte. */
const most = 2 ** 31 - 2 ** 20;

function refuseOversized(
  graph: Graph,
  constants: readonly OnnxConstant[],
  places: readonly { readonly parameter: Attributes["parameter"]; readonly place: ParameterPlace }[],
): void {
  const inline = places.map(({ parameter, place }) => ({
    name: parameter.name,
    bytes: "inline" in place ? place.inline.byteLength : 0,
  }));
  const all = [...inline, ...constants.map(({ name, bytes }) => ({ name, bytes: bytes.byteLength }))];
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= most) {
    return;
  }
  const largest = all.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  throw new EmitError(
    `graph ${graph.name} holds ${total} bytes of numbers, but an ONNX file ends at 2 GB: ` +
      `keep ${largest.name} (${largest.bytes} bytes) as external data`,
  );
}
