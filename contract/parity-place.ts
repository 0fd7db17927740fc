// What stands ahead of the names of tensors in parity.safetensors: `GRAPH`, `GRAPH.CASE`, `GRAPH.TYPE` or `GRAPH.TYPE.CASE`.
import { type GraphName, graphNames, type StoredType, storedTypes } from "./port-spec.ts";

/** Every case of every graph. */
export const parityFile = "parity.safetensors";
/** One small case of every graph but the side graphs: what is fetched to try a GPU. Builds of earlier versions have none. */
export const smallParityFile = "parity.small.safetensors";

export interface ParityPlace {
  readonly graph: GraphName;
  /** Of a variant over stored rows, the type; else null. */
  readonly type: StoredType | null;
  /** Empty for the typical case. */
  readonly scenario: string;
}

export const parityPlaceName = ({ graph, type, scenario }: ParityPlace): string =>
  [graph, type, scenario].filter((part) => part !== null && part !== "").join(".");

/** Null for what is the place of no graph. */
export function parityPlace(name: string): ParityPlace | null {
  const [first, ...rest] = name.split(".");
  const graph = graphNames.find((one) => one === first);
  if (graph === undefined) {
    return null;
  }
  const type = storedTypes.find((one) => one === rest[0]) ?? null;
  return { graph, type, scenario: rest.slice(type === null ? 0 : 1).join(".") };
}
