// The whole model over a batch, a history a row: what holds weights against another system's logits, sample by sample.
import type { BatchPort } from "../contract/batch-port.ts";
import { minimumOf } from "./emit/manifest.ts";
import { emitOnnx } from "./emit/onnx.ts";
import { lowerGraphs } from "./graphs/index.ts";
import { allFeatures } from "./model/features.ts";
import type { Feature, Model } from "./model/model.ts";
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
  const graph = rewrite(lowerGraphs(model, { layout: "batch", outside: new Set() }).get("request")!);
  const features = portFeatures(model);
  const ports = graph.inputs.map((value): BatchPort => {
    const { name, dtype, shape } = value.node.attributes;
    const feature = features.get(name);
    const history = model.histories.find((one) => name.startsWith(`${one.name}.`));
    const { embedding = null, encoder } = feature ?? {};
    return {
      name,
      dtype: dtype === "int32" ? "int32" : "float32",
      inner: shape.slice(1).map((size) => (typeof size === "number" ? size : null)),
      padding: encoder?.kind === "tags" ? -1 : 0,
      minimum: history ? minimumOf(model, history.name) : 0,
      table: embedding && { parameter: embedding.parameter, rows: embedding.rows },
    };
  });
  const external = (name: string) => ({ location, ...places.get(name)! });
  return { ports, bytes: emitOnnx(graph, { external, metadata: {}, producerVersion: version }) };
}

function portFeatures(model: Model): ReadonlyMap<string, Feature> {
  const stems = ["candidate", ...model.histories.map(({ name }) => name)];
  return new Map(
    allFeatures(model).flatMap((feature) =>
      feature.group === "item"
        ? stems.map((stem) => [`${stem}.item.${feature.name}`, feature] as const)
        : [[feature.qualified, feature] as const],
    ),
  );
}
