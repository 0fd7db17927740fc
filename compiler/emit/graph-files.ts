// A graph as the bytes of its file: emitted once, held to its devices, and written.

import { weightsFile } from "../../contract/safetensors.ts";
import type { Graph } from "../ir/graph.ts";
import type { Tensor } from "../ir/rule.ts";
import type { Model } from "../model/model.ts";
import { emitNodes, type OnnxGraph } from "./emitter.ts";
import { graphMetadata, type Origin } from "./metadata.ts";
import { emitOnnx, type ParameterPlace } from "./onnx.ts";
import { placement } from "./placement.ts";
import { type Place, placeOf, type WeightsFile } from "./weights.ts";

/** Of one parameter, its numbers. */
export type ReadParameter = (name: string) => Tensor;

/**
 * Parameters are in the weights' file, but for those of a single number: ONNX Runtime looks at single numbers while it
 * rewrites a graph, and its WASM build cannot look into a file that it was handed.
 */
export function servingPlaces(
  places: ReadonlyMap<string, Place>,
  read: ReadParameter,
): (parameter: string) => ParameterPlace {
  return (name) => {
    const place = placeOf(places, name);
    return place.length === Float32Array.BYTES_PER_ELEMENT
      ? { inline: Float32Array.from(read(name).data) }
      : { location: weightsFile, ...place };
  };
}

/**
 * A graph that serves; its parameters are where `servingPlaces` says. Throws where a node would be handed back to the CPU by some
 * execution provider: a fault of the lowering.
 */
export function servingBytes(graph: Graph, weights: WeightsFile, read: ReadParameter, origin: Origin): Uint8Array {
  const emitted = emitNodes(graph);
  expectOnDevice(graph, emitted);
  const options = {
    external: servingPlaces(weights.places, read),
    metadata: graphMetadata(graph.name, origin),
    producerVersion: origin.version,
  };
  return emitOnnx(graph, options, emitted);
}

function expectOnDevice(graph: Graph, emitted: OnnxGraph): void {
  const [first, ...others] = placement(graph, undefined, emitted);
  if (!first) {
    return;
  }
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  throw new Error(
    `graph ${graph.name}: ${first.op} at ${first.node} would leave the device on ${first.provider}: ${first.reason}${more}`,
  );
}

/** A graph of training, without fingerprints of weights: its file does not change with what is learned. */
export function trainingBytes(graph: Graph, model: Model, version: string): Uint8Array {
  return emitOnnx(graph, {
    external: (name) => {
      throw new Error(`graph ${graph.name} of training holds the parameter ${name}`);
    },
    metadata: { model: model.name, graph: `train/${graph.name}`, compiler: version },
    producerVersion: version,
  });
}
