// The whole model over a batch, a history a row: what holds weights against another system's logits, sample by sample.
import { type BatchPort, historyOf } from "../contract/batch-port.ts";
import { minimumOf } from "./emit/manifest.ts";
import { emitOnnx } from "./emit/onnx.ts";
import { inputSources } from "./emit/port-sources.ts";
import { placeOf } from "./emit/weights.ts";
import { lowerGraphs } from "./graphs/index.ts";
import { allFeatures } from "./model/features.ts";
import type { Model } from "./model/model.ts";
import { rewrite } from "./passes/index.ts";

export interface BatchGraph {
  readonly ports: readonly BatchPort[];
  /** ONNX; its weights are read from `location` beside it. */
  readonly bytes: Uint8Array;
}

export interface BatchGraphOptions {
  readonly version: string;
  /** Name of the weights file. */
  readonly location: string;
  /** Where each parameter lies in it, in bytes. */
  readonly places: ReadonlyMap<string, { readonly offset: number; readonly length: number }>;
}

/** Its outputs are those of a request: `LABEL`, `LABEL.logit` [batch] and what the searches kept. */
export function batchGraph(model: Model, { version, location, places }: BatchGraphOptions): BatchGraph {
  const lowered = lowerGraphs(model, { layout: "batch", outside: new Set() }).get("request");
  if (lowered === undefined) {
    throw new Error(`${model.name} has no graph of a whole request`);
  }
  const graph = rewrite(lowered);
  const sources = inputSources(model);
  const features = new Map(allFeatures(model).map((feature) => [feature.qualified, feature]));
  const ports = graph.inputs.map((value): BatchPort => {
    const { name, dtype, shape } = value.node.attributes;
    const source = sources.get(name);
    if (source === undefined) {
      throw new Error(`nothing says what the input ${name} of the graph over a batch holds`);
    }
    const history = historyOf(source);
    const { embedding = null, encoder } = ("feature" in source ? features.get(source.feature) : undefined) ?? {};
    return {
      name,
      source,
      dtype: dtype === "int32" ? "int32" : "float32",
      inner: shape.slice(1).map((size) => (typeof size === "number" ? size : null)),
      padding: encoder?.kind === "tags" ? -1 : 0,
      minimum: history === null ? 0 : minimumOf(model, history),
      table: embedding && { parameter: embedding.parameter, rows: embedding.rows },
    };
  });
  const external = (name: string) => ({ location, ...placeOf(places, name) });
  return { ports, bytes: emitOnnx(graph, { external, metadata: {}, producerVersion: version }) };
}
