// Inputs for a graph at a size of one's own: to time it, not to judge what it says. The same ones each time.
import type { GraphName, Manifest } from "../../contract/manifest.ts";
import { graphInputs, type PortSource } from "../../contract/ports.ts";
import { random } from "../../contract/random.ts";
import { recordOf } from "../../contract/record.ts";
import { type Feeds, floats, ints, type Tensor } from "../session/session.ts";

export interface MadeUpSize {
  readonly candidates: number;
  /** Behaviours of a history. */
  lengthOf(history: string): number;
  /** Of the projector. */
  readonly items: number;
}

export function madeUp(manifest: Manifest, graph: GraphName, size: MadeUpSize): Feeds {
  const draw = random(1);
  const sources = new Map((graphInputs(manifest).get(graph) ?? []).map(({ name, source }) => [name, source]));
  const fetched = 1 + longest(manifest, size);
  const inputs = manifest.graphs[graph]?.inputs ?? [];
  return recordOf(
    inputs.map(({ name, dtype, shape }): [string, Tensor] => {
      const source = sources.get(name)!;
      const sizes = shape.map((dim) => (typeof dim === "number" ? dim : lengthOf(dim, manifest, size)));
      const length = sizes.reduce((product, one) => product * one, 1);
      if (dtype === "int32") {
        const most = below(source, manifest, fetched);
        const numbers = new Int32Array(length).map(() => draw.below(most));
        return [name, ints(numbers, ...sizes)];
      }
      const valid = source.kind === "valid" ? size.lengthOf(source.history) : null;
      const numbers = new Float32Array(length).map((_, i) =>
        valid === null ? 2 * draw.next() - 1 : Number(i < valid),
      );
      return [name, floats(numbers, ...sizes)];
    }),
  );
}

/** A history is padded to what is kept of it. */
function padded({ histories }: Manifest, { lengthOf: of }: MadeUpSize, name: string): number {
  return Math.max(of(name), histories.find((one) => one.name === name)!.minimum);
}

const longest = (manifest: Manifest, size: MadeUpSize): number =>
  Math.max(0, ...manifest.histories.map(({ name }) => padded(manifest, size, name)));

/** Of a symbol in a port's shape: `candidates`, `history`, `history.NAME`, `items`; rows of a table that were fetched. */
function lengthOf(symbol: string, manifest: Manifest, size: MadeUpSize): number {
  const [kind, name] = symbol.split(/\.(.*)/s);
  switch (kind) {
    case "candidates":
      return size.candidates;
    case "history":
      return name === undefined ? longest(manifest, size) : padded(manifest, size, name);
    case "items":
      return size.items;
    default:
      return 1 + longest(manifest, size);
  }
}

/** What a port's numbers lie below: rows of a table, places of behaviours. */
function below(source: PortSource, { embeddings }: Manifest, fetched: number): number {
  if (source.kind === "row") {
    return fetched;
  }
  if (source.kind === "kept") {
    return Math.max(1, fetched - 1);
  }
  const table =
    "feature" in source ? embeddings.find(({ readers }) => readers.includes(source.feature.name)) : undefined;
  if (table === undefined) {
    return 1;
  }
  return table.placement.kind === "inside" || ("raw" in source && source.raw === true)
    ? table.rows
    : Math.min(table.rows, fetched);
}
