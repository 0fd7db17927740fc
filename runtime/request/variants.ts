// Variants of graphs over stored rows (`--table-input`): used where they run, and where one does not, the host decodes.

import type { GraphName, Manifest, StoredType, VariantName } from "../../contract/manifest.ts";
import { graphNames } from "../../contract/port-spec.ts";
import { tablesRead } from "../../contract/ports.ts";
import type { Tensor } from "../session/session.ts";
import { headsOf, type RowFormat } from "../table/precision.ts";
import type { Candidates } from "./candidates.ts";
import type { Engine } from "./engine.ts";
import { feeds, type KeptTensors } from "./feeds.ts";
import type { UserSide } from "./prepare.ts";

/** Which graphs have variants here. One that failed once is not tried again. */
export class Variants {
  readonly #manifest: Manifest;
  readonly #warn: (message: string) => void;
  readonly #refused = new Set<VariantName>();

  constructor(manifest: Manifest, warn: (message: string) => void) {
    this.#manifest = manifest;
    this.#warn = warn;
  }

  /** Whether some variant takes rows of a table in this format. */
  takes(table: string, { precision, heads }: RowFormat): boolean {
    if (precision === "float32" || headsOf(this.#manifest.tables[table].parts).join() !== heads.join()) {
      return false;
    }
    const { graphs } = this.#manifest;
    return graphNames.some(
      (graph) => graphs[graph]?.variants?.[precision] !== undefined && !this.#refused.has(`${graph}.${precision}`),
    );
  }

  /** The type that a graph's variant takes, if it has one that may run, and every table that it reads is at hand so. */
  of(graph: GraphName, side: UserSide): StoredType | null {
    const spec = this.#manifest.graphs[graph];
    if (spec?.variants === undefined) {
      return null;
    }
    const types = new Set(
      tablesRead(this.#manifest, graph).map((table) => side.tables.get(table)?.stored?.rows.dtype ?? null),
    );
    const [type] = types;
    if (types.size !== 1 || type === null || spec.variants[type] === undefined) {
      return null;
    }
    return this.#refused.has(`${graph}.${type}`) ? null : type;
  }

  refuse(graph: GraphName, type: StoredType, because: unknown): void {
    this.#refused.add(`${graph}.${type}`);
    const reason = (because instanceof Error ? because.message : String(because)).split("\n")[0].slice(0, 300);
    this.#warn(`graph ${graph}.${type} does not run here (${reason}): ${type} rows are decoded before ${graph} runs`);
  }
}

/** Runs one graph of a request for some candidates. */
export async function runGraph(
  engine: Engine,
  graph: GraphName,
  side: UserSide,
  candidates: Candidates,
  chunk: { readonly start: number; readonly end: number },
  kept: KeptTensors,
): Promise<Record<string, Tensor>> {
  const { sessions, variants } = engine;
  const type = variants.of(graph, side);
  if (type !== null) {
    const inputs = feeds(engine, graph, side, candidates, chunk, kept, type);
    try {
      return await sessions.run(`${graph}.${type}`, inputs);
    } catch (error) {
      // Some devices open a graph that they cannot run: WebGPU without `shader-f16` takes float16 until it is used.
      variants.refuse(graph, type, error);
      await sessions.drop(`${graph}.${type}`);
    }
  }
  return sessions.run(graph, feeds(engine, graph, side, candidates, chunk, kept));
}
