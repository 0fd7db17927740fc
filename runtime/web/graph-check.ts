// One graph held against its reference: its smallest case in the parity file, before a device is trusted with it.
import { TwinError } from "../../contract/error.ts";
import type { GraphName, Manifest, OutputPort, StoredType } from "../../contract/manifest.ts";
import { parityPlace } from "../../contract/parity-place.ts";
import { emptyRecord } from "../../contract/record.ts";
import { parseSafetensors, type TensorEntry } from "../../contract/safetensors.ts";
import { comparedLists } from "../metrics/tied-lists.ts";
import {
  floats,
  type GraphSession,
  graphOf,
  ints,
  type SessionName,
  type StoredTensor,
  storedTensorOf,
  type Tensor,
} from "../session/session.ts";
import type { GraphCheck } from "./status.ts";

/** What a device may be off by: abs(a − b) ≤ 1e-4 · max(1, abs(b)). */
const tolerance = 1e-4;

/** Cases of graphs, with their numbers. */
export class ReferenceCases {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  readonly #entries: ReadonlyMap<string, TensorEntry>;
  readonly #near: ReadonlySet<string>;

  /** @param bytes of a parity file, held against the manifest */
  constructor(bytes: Uint8Array, path: string) {
    const { entries, metadata } = parseSafetensors(bytes, bytes.length, path);
    this.#bytes = bytes;
    this.#path = path;
    this.#entries = entries;
    this.#near = new Set((metadata.near_ties ?? "").split(" "));
  }

  /** Where the names of a graph's smallest case begin whose selections float32 can decide; null: there is none. */
  smallest(graph: GraphName, type: StoredType | null): string | null {
    const sizes = new Map<string, number>();
    for (const [name, { start, end }] of this.#entries) {
      const place = name.slice(0, name.indexOf("/"));
      const known = parityPlace(place);
      // Where nothing is valid, nothing is told apart.
      if (known?.graph !== graph || known.type !== type || known.scenario === "empty") {
        continue;
      }
      if (!this.#near.has(known.scenario === "" ? "typical" : known.scenario)) {
        sizes.set(place, (sizes.get(place) ?? 0) + end - start);
      }
    }
    return [...sizes].sort(([, a], [, b]) => a - b)[0]?.[0] ?? null;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** @throws TwinError where the file has no such tensor */
  read(name: string): Tensor | StoredTensor {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      throw new TwinError(`${this.#path} has no tensor ${name}: build the artefacts again`);
    }
    const { shape, dtype, start, end } = entry;
    // A copy, aligned: what was given may be a subclass whose `slice` is none.
    const { buffer } = new Uint8Array(this.#bytes.subarray(start, end));
    switch (dtype) {
      case "F32":
        return floats(new Float32Array(buffer), ...shape);
      case "I32":
        return ints(new Int32Array(buffer), ...shape);
      case "F16":
        return storedTensorOf(new Uint16Array(buffer), shape);
      case "U8":
        return storedTensorOf(new Uint8Array(buffer), shape);
      default:
        throw new TwinError(`${this.#path}: tensor ${name} is ${dtype}, which no graph takes`);
    }
  }

  /** @throws TwinError where there is none, or it is stored rows */
  numbers(name: string): Tensor {
    const tensor = this.read(name);
    if (tensor.dtype === "float32" || tensor.dtype === "int32") {
      return tensor;
    }
    throw new TwinError(`${this.#path}: tensor ${name} is ${tensor.dtype}, not numbers: build the artefacts again`);
  }
}

/**
 * Runs a graph, or its variant, on its smallest case, and compares.
 * @returns null where there are no numbers of it
 */
export async function checkGraph(
  session: GraphSession,
  name: SessionName,
  { graphs }: Manifest,
  cases: ReferenceCases,
): Promise<GraphCheck | null> {
  const { graph, type } = graphOf(name);
  const spec = graphs[graph];
  const inputs = type === null ? spec?.inputs : spec?.variants?.[type]?.inputs;
  const place = cases.smallest(graph, type);
  if (spec === undefined || inputs === undefined || place === null) {
    return null;
  }
  const feeds: Record<string, Tensor | StoredTensor> = emptyRecord();
  for (const input of inputs) {
    feeds[input.name] = cases.read(`${place}/in/${input.name}`);
  }
  const outputs = await session.run(feeds);
  const found = spec.outputs.map((port) => compared(port, outputs[port.name], place, cases));
  const selections = found.filter(({ selection }) => selection);
  // Behind another order of ties lie the values of another list.
  const counted = selections.every(({ exact }) => exact) ? found : selections;
  return {
    graph: name,
    worst: Math.max(0, ...counted.map(({ worst }) => worst)),
    wrong: counted.reduce((sum, { wrong }) => sum + wrong, 0),
    cached: false,
  };
}

function compared(port: OutputPort, found: Tensor | undefined, place: string, cases: ReferenceCases) {
  const expected = cases.numbers(`${place}/out/${port.name}`);
  const selection = port.dtype === "int32";
  const numbers = expected.data.length;
  if (found === undefined || found.shape.join() !== expected.shape.join()) {
    return { selection, exact: false, wrong: Math.max(1, numbers), worst: Number.POSITIVE_INFINITY };
  }
  if (selection) {
    const from = `${place}/scores/${port.name}`;
    const { wrong, tied } = comparedLists(found, expected, cases.has(from) ? cases.numbers(from) : null);
    return { selection, exact: wrong + tied === 0, wrong, worst: 0 };
  }
  let wrong = 0;
  let worst = 0;
  for (let i = 0; i < numbers; i++) {
    const off = Math.abs(found.data[i] - expected.data[i]) / Math.max(1, Math.abs(expected.data[i]));
    // NaN is larger than any tolerance.
    if (!(off <= tolerance)) {
      wrong++;
    }
    worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off);
  }
  return { selection, exact: true, wrong, worst };
}
