// Every graph against parity.safetensors: this runtime computes the compiler's reference numbers, or says where not.
import { join } from "node:path";
import type { Artefacts } from "../artefacts.ts";
import { TwinError } from "../error.ts";
import { type GraphName, graphNames, type Port } from "../manifest.ts";
import { floats, ints, type Sessions, type Tensor } from "../session.ts";
import { openTensors, type TensorFile } from "../tensor-file.ts";
import { storedRuns } from "./stored-runs.ts";

/** One output of one graph in one case. */
export interface ParityResult {
  /** `rank`, `search.short`: the graph, and its case where it is not the first; `rank (uint8).short`: its variant. */
  readonly place: string;
  readonly output: string;
  /** `values`: abs(a − b) ≤ 1e-5·max(1, abs(b)); `selection`: index for index. */
  readonly kind: "values" | "selection";
  readonly numbers: number;
  readonly wrong: number;
  /** Largest abs(a − b) / max(1, abs(b)); 0 for selections. */
  readonly worst: number;
  /** Whether the reference itself says that float32 cannot decide this selection. */
  readonly nearTies: boolean;
  /** Why a variant over stored rows does not run here, so that the host decodes instead; else absent. */
  readonly notRun?: string;
}

/** semantics.md 2, comparing with the reference. */
export const TOLERANCE = 1e-5;

/**
 * Runs every graph on the inputs of parity.safetensors. What lies behind a selection is compared where the selection is
 * the reference's (the rank graphs are fed it), so that one near-tie does not hide or fake a difference. A variant over
 * stored rows is compared with its graph over the same rows, decoded.
 */
export async function parity(artefacts: Artefacts, sessions: Sessions): Promise<ParityResult[]> {
  const path = join(artefacts.dir, "parity.safetensors");
  const file = openTensors(path);
  try {
    const near = new Set((file.metadata.near_ties ?? "").split(" ").filter((name) => name !== ""));
    const results: ParityResult[] = [];
    for (const [graph, scenario] of cases(file, path)) {
      const place = scenario === "" ? graph : `${graph}.${scenario}`;
      const spec = artefacts.manifest.graphs[graph];
      if (spec === undefined) throw new TwinError(`${path} has numbers of ${graph}, which the manifest does not have`);
      const feeds: Record<string, Tensor> = {};
      for (const port of spec.inputs) feeds[port.name] = read(file, `${place}/in/${port.name}`, port);
      const outputs = await sessions.run(graph, feeds);
      const nearTies = near.has(scenario === "" ? "typical" : scenario);
      const compared = spec.outputs.map((port) => {
        const expected = read(file, `${place}/out/${port.name}`, port);
        return compare(place, port, outputs[port.name], expected, nearTies);
      });
      const selectionHeld = compared.every(({ kind, wrong }) => kind === "values" || wrong === 0);
      // Behind another selection (a near-tie) the values are another's: the rank graphs compare those.
      results.push(...(selectionHeld ? compared : compared.filter(({ kind }) => kind === "selection")));
      for (const { type, found, expected } of await storedRuns(artefacts.manifest, sessions, graph, feeds)) {
        const variant = `${graph} (${type})${place.slice(graph.length)}`;
        results.push(
          ...spec.outputs.map((port) =>
            typeof found === "string"
              ? { ...compare(variant, port, expected[port.name], expected[port.name], false), notRun: found }
              : compare(variant, port, found[port.name], expected[port.name], false),
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

/** The graphs and cases that the file has numbers of. */
function cases(file: TensorFile, path: string): [GraphName, string][] {
  const found = new Map<string, [GraphName, string]>();
  for (const name of file.entries.keys()) {
    const place = name.slice(0, name.indexOf("/"));
    const dot = place.indexOf(".");
    const graph = dot < 0 ? place : place.slice(0, dot);
    if (!(graphNames as readonly string[]).includes(graph)) {
      throw new TwinError(`${path}: tensor ${name} belongs to no graph; build the artefacts again`);
    }
    found.set(place, [graph as GraphName, dot < 0 ? "" : place.slice(dot + 1)]);
  }
  return [...found.values()];
}

function read(file: TensorFile, name: string, port: Port): Tensor {
  const entry = file.entries.get(name);
  if (entry === undefined) throw new TwinError(`${file.path} has no tensor ${name}; build the artefacts again`);
  return port.dtype === "float32"
    ? floats(file.read(name), ...entry.shape)
    : ints(file.readInt32(name), ...entry.shape);
}

function compare(place: string, port: Port, found: Tensor, expected: Tensor, nearTies: boolean): ParityResult {
  const kind = port.dtype === "int32" ? "selection" : "values";
  const base = { place, output: port.name, kind, numbers: expected.data.length, nearTies } as const;
  if (found.shape.join() !== expected.shape.join())
    return { ...base, wrong: expected.data.length, worst: Number.POSITIVE_INFINITY };
  let wrong = 0;
  let worst = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const a = found.data[i];
    const b = expected.data[i];
    if (kind === "selection") {
      wrong += Number(a !== b);
      continue;
    }
    const off = Math.abs(a - b) / Math.max(1, Math.abs(b));
    // NaN is larger than any tolerance.
    if (!(off <= TOLERANCE)) wrong++;
    worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off);
  }
  return { ...base, wrong, worst };
}
