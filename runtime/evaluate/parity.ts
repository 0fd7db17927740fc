// Every graph against parity.safetensors: this runtime computes the compiler's reference numbers, or says where not.

import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import { type ParityPlace, parityFile, parityPlace } from "../../contract/parity-place.ts";
import type { GraphName, OutputPort, StoredType } from "../../contract/port-spec.ts";
import { emptyRecord } from "../../contract/record.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import { comparedLists } from "../metrics/tied-lists.ts";
import { type Artefacts, openListed } from "../serve/index.ts";
import { floats, ints, type Sessions, type StoredTensor, storedTensorOf, type Tensor } from "../session/session.ts";
import { runVariant, storedRuns } from "./stored-runs.ts";

/** One output of one graph in one case. */
export interface ParityResult {
  readonly graph: GraphName;
  /** Of a variant over stored rows, the type; else null. */
  readonly type: StoredType | null;
  /** `rank`, `search.short`: the graph, and its case where it is not the first; `rank (uint8).short`: its variant. */
  readonly place: string;
  readonly output: string;
  /** `values`: abs(a − b) ≤ 1e-5·max(1, abs(b)); `selection`: index for index, or the walk on another order of ties. */
  readonly kind: "values" | "selection";
  readonly numbers: number;
  readonly wrong: number;
  /** Positions that differ in lists which another order of ties explains: nothing against this runtime. */
  readonly tied: number;
  /** Largest abs(a − b) / max(1, abs(b)); 0 for selections. */
  readonly worst: number;
  /** Whether the reference itself says that float32 cannot decide this selection. */
  readonly nearTies: boolean;
  /** Why a variant over stored rows does not run here, so that the host decodes instead; else absent. */
  readonly notRun?: string;
}

/** semantics.md 2, comparing with the reference. */
export const tolerance = 1e-5;

/**
 * Runs every graph on the inputs of parity.safetensors, and its variant over stored rows. What lies behind a selection is
 * compared where the selection is the reference's (the rank graphs are fed it), so that one near-tie, or a tie in another
 * order, does not hide or fake a difference. Where the file has no numbers of a variant, it is compared with its graph over
 * the same rows, decoded.
 */
export async function parity(artefacts: Artefacts, sessions: Sessions): Promise<ParityResult[]> {
  const path = join(artefacts.dir, parityFile);
  const file = openListed(artefacts.dir, artefacts.manifest, parityFile, await hasher());
  try {
    const near = new Set((file.metadata.near_ties ?? "").split(" ").filter((name) => name !== ""));
    const results: ParityResult[] = [];
    const found = cases(file, path);
    for (const { place, graph, type, scenario } of found) {
      const spec = artefacts.manifest.graphs[graph];
      const variant = type === null ? undefined : spec?.variants?.[type];
      const inputs = type === null ? spec?.inputs : variant?.inputs;
      if (spec === undefined || inputs === undefined) {
        throw new TwinError(`${path} has numbers of ${place}, which the manifest does not have`);
      }
      const feeds: Record<string, Tensor> = emptyRecord();
      const stored: Record<string, StoredTensor> = emptyRecord();
      for (const { name, dtype } of inputs) {
        const tensor = `${place}/in/${name}`;
        if (dtype === "float16" || dtype === "uint8") {
          stored[name] = readStored(file, tensor, dtype);
        } else {
          feeds[name] = read(file, tensor, dtype);
        }
      }
      const nearTies = near.has(scenario === "" ? "typical" : scenario);
      const told = { graph, type, place: placeText({ graph, type, scenario }) };
      const outputs =
        type === null
          ? await sessions.run(graph, feeds)
          : await runVariant(sessions, graph, type, { ...feeds, ...stored });
      const compared = spec.outputs.map((port) => {
        const expected = read(file, `${place}/out/${port.name}`, port.dtype);
        if (typeof outputs === "string") {
          return { ...compare(told, port, expected, expected, null, nearTies), notRun: outputs };
        }
        return compare(told, port, outputs[port.name], expected, scoresOf(file, place, port), nearTies);
      });
      const selectionHeld = compared.every(({ kind, wrong, tied }) => kind === "values" || wrong + tied === 0);
      // Behind another selection (a near-tie, a tie) the values are another's: the rank graphs compare those.
      results.push(...(selectionHeld ? compared : compared.filter(({ kind }) => kind === "selection")));
      if (type !== null || found.some((other) => other.graph === graph && other.type !== null)) {
        continue;
      }
      for (const run of await storedRuns(artefacts.manifest, sessions, graph, feeds)) {
        const called = { graph, type: run.type, place: placeText({ graph, type: run.type, scenario }) };
        results.push(
          ...spec.outputs.map((port) =>
            typeof run.found === "string"
              ? {
                  ...compare(called, port, run.expected[port.name], run.expected[port.name], null, false),
                  notRun: run.found,
                }
              : compare(called, port, run.found[port.name], run.expected[port.name], null, false),
          ),
        );
      }
    }
    return results;
  } finally {
    file.close();
  }
}

/** Whether a result speaks against this runtime. */
export function fails({ wrong, nearTies, kind }: ParityResult): boolean {
  return wrong > 0 && !(kind === "selection" && nearTies);
}

interface Case extends ParityPlace {
  /** What stands ahead of its tensors' names. */
  readonly place: string;
}

/** The graphs and cases that the file has numbers of. */
function cases(file: TensorFile, path: string): Case[] {
  const found = new Map<string, Case>();
  for (const name of file.entries.keys()) {
    const place = name.slice(0, name.indexOf("/"));
    if (found.has(place)) {
      continue;
    }
    const known = parityPlace(place);
    if (known === null) {
      throw new TwinError(`${path}: tensor ${name} belongs to no graph; build the artefacts again`);
    }
    found.set(place, { place, ...known });
  }
  return [...found.values()];
}

/** An input of a variant: rows as they are stored. */
function readStored(file: TensorFile, name: string, dtype: StoredType): StoredTensor {
  const { shape } = entryOf(file, name);
  const bytes = Buffer.concat([...file.chunks(name)]);
  const data = dtype === "uint8" ? Uint8Array.from(bytes) : new Uint16Array(Uint8Array.from(bytes).buffer);
  return storedTensorOf(data, shape);
}

function entryOf(file: TensorFile, name: string) {
  const entry = file.entries.get(name);
  if (entry === undefined) {
    throw new TwinError(`${file.path} has no tensor ${name}; build the artefacts again`);
  }
  return entry;
}

/** What a selection was made from, where the file has it. */
function scoresOf(file: TensorFile, place: string, port: OutputPort): Tensor | null {
  const name = `${place}/scores/${port.name}`;
  const entry = file.entries.get(name);
  return entry === undefined ? null : floats(file.read(name), ...entry.shape);
}

function read(file: TensorFile, name: string, dtype: Tensor["dtype"]): Tensor {
  const entry = entryOf(file, name);
  return dtype === "float32" ? floats(file.read(name), ...entry.shape) : ints(file.readInt32(name), ...entry.shape);
}

/** A place as reports name it. */
const placeText = ({ graph, type, scenario }: ParityPlace): string =>
  `${graph}${type === null ? "" : ` (${type})`}${scenario === "" ? "" : `.${scenario}`}`;

function compare(
  place: Pick<ParityResult, "graph" | "type" | "place">,
  port: OutputPort,
  found: Tensor,
  expected: Tensor,
  scores: Tensor | null,
  nearTies: boolean,
): ParityResult {
  const kind = port.dtype === "int32" ? "selection" : "values";
  const base = {
    ...place,
    output: port.name,
    kind,
    numbers: expected.data.length,
    tied: 0,
    worst: 0,
    nearTies,
  } as const;
  if (found.shape.join() !== expected.shape.join()) {
    return { ...base, wrong: expected.data.length, worst: Number.POSITIVE_INFINITY };
  }
  if (kind === "selection") {
    return { ...base, ...comparedLists(found, expected, scores) };
  }
  let wrong = 0;
  let worst = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const a = found.data[i];
    const b = expected.data[i];
    const off = Math.abs(a - b) / Math.max(1, Math.abs(b));
    // NaN is larger than any tolerance.
    if (!(off <= tolerance)) {
      wrong++;
    }
    worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off);
  }
  return { ...base, wrong, worst };
}
