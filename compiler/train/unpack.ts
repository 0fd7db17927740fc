// Parameters as slices of the packs that hold them.
import { elementCount } from "../../contract/element-count.ts";
import type { Pack } from "../../contract/training-spec.ts";
import { type Builder, builder } from "../ir/build.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { rewrite } from "../ir/rewrite.ts";
import type { OwnPorts } from "./ports.ts";

export interface Unpacked {
  /** The pack itself: float32 [size]. */
  pack(name: string): Value;
  /** A parameter of a pack. */
  parameter(name: string): Value;
}

/** Slices of the packs' inputs; equal ones are one value. */
export function unpacked(packs: readonly Pack[], ports: OwnPorts): Unpacked {
  const wholes = new Map<string, Value>(
    packs.map(({ name, size }) => [name, builder("").input(ports.pack(name), "float32", [size], docs[name])]),
  );
  const slices = new Map<string, Value>();
  const pack = (name: string) => known(wholes.get(name), name);
  const own = packs.flatMap((one) => one.parameters.map((parameter) => ({ ...parameter, pack: one.name })));
  for (const { name, shape, offset, pack: of } of own) {
    const b: Builder = builder(name);
    const end = offset + elementCount(shape);
    slices.set(name, b.reshape(b.slice(pack(of), 0, offset, end), shape));
  }
  return { pack, parameter: (name) => known(slices.get(name), name) };
}

const docs = {
  dense: "Weights of projections and towers, one after the other.",
  small: "Embedding tables of few rows, one after the other.",
  statistics: "Running means and variances, one after the other.",
} as const;

function known(value: Value | undefined, name: string): Value {
  if (value === undefined) {
    throw new Error(`${name} is in no pack`);
  }
  return value;
}

/** The graph with its parameters read from packs. */
export function withPacks(graph: Graph, { parameter }: Unpacked): Graph {
  return rewrite(graph, ({ node }) => (node.op === "parameter" ? parameter(node.attributes.name) : null));
}
