// tables/NAME.yaml: all that another system needs to build and hold a lookup table (artifacts.md, lookup-table spec).

import { recordOf } from "../../contract/record.ts";
import { quantisation, type TableSpec } from "../../contract/table-spec.ts";
import { itemsAtMost } from "../check/limits.ts";
import type { Fingerprints } from "../graphs/fingerprint.ts";
import { type Graph, topological } from "../ir/graph.ts";
import type { Model, Table } from "../model/model.ts";
import { projectorPort } from "../model/ports.ts";
import { layoutOf, partOf } from "../model/table-layout.ts";
import { partMetric, rowBytes } from "../model/widths.ts";

export function tableSpec(model: Model, table: Table, projector: Graph, prints: Fingerprints): TableSpec {
  const output = projectorPort(model, table);
  const bytes = rowBytes(table);
  const stored = {
    precision: table.precision,
    ...(table.precision === "uint8" && {
      quantisation,
    }),
    bytes,
    order: "little-endian" as const,
  };
  const key = model.item.key!;
  const limit = itemsAtMost(model);
  return {
    format: 2,
    table: table.name,
    key: { feature: key.name, type: keyType(model) },
    row: {
      layout: ["heads", "dim"],
      parts: table.of.map((part) => ({ of: partOf(part), ...layoutOf(part) })),
      ...stored,
    },
    producer: {
      graph: "projector.onnx",
      inputs: inputsOf(projector, output),
      output,
      fingerprint: prints.producer[table.name],
    },
    metrics: metricsOf(table, prints),
    coverage: { target: table.coverage, ...(table.minCount > 1 && { min_count: table.minCount }) },
    ...(table.refresh !== null && { refresh: { seconds: table.refresh } }),
    shards: { count: table.shards, by: "xxh64(key) mod count" },
    on_miss: table.onMiss,
    ...(limit !== null && { size: { rows: limit, bytes: limit * bytes } }),
    extensions: {},
  };
}

/** Raw type of the items' key: what the user brings and the table is keyed by. */
export function keyType(model: Model): "int64" | "string" {
  const { encoder } = model.item.key!;
  return encoder.kind === "key" ? encoder.type : "int64";
}

function metricsOf(table: Table, prints: Fingerprints): TableSpec["metrics"] {
  const names = [...new Set(table.of.map((part) => partMetric(part)?.name).filter((name) => name !== undefined))];
  return recordOf(names.map((name) => [name, { fingerprint: prints.metric[name] }]));
}

/** Names of the inputs that one output depends on, in the graph's order. */
function inputsOf(graph: Graph, output: string): string[] {
  const value = graph.outputs.find(({ name }) => name === output)?.value;
  if (!value) {
    throw new Error(`graph ${graph.name} has no output ${output}`);
  }
  const reached = new Set(topological([value]));
  return graph.inputs.filter((input) => reached.has(input)).map(({ node }) => node.attributes.name);
}
