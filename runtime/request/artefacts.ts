// What a request needs of a build, whatever opened it: the manifest, how raw values are encoded, rows that no graph holds.
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import type { GraphInputs } from "../../contract/ports.ts";
import type { EncodeContext } from "../encode/context.ts";
import type { TableStore } from "../table/table-store.ts";
import type { HistoryStats } from "./stats.ts";

/** Embedding tables that lie outside the graphs. */
export interface OutsideTables {
  /** The float32 rows of a parameter, read by their numbers. @throws TwinError where there is none */
  rows(parameter: string, dim: number): TableStore;
}

export interface RequestArtefacts {
  /** Where they lie, for errors. */
  readonly dir: string;
  readonly manifest: Manifest;
  /** What the inputs of every graph hold. */
  readonly inputs: GraphInputs;
  readonly itemFeatures: readonly FeatureSpec[];
  /** Statistics that graphs take, by history. */
  readonly statsTaken: readonly HistoryStats[];
  /** The embedding tables that no graph holds; null where every table is inside. */
  readonly outside: OutsideTables | null;
  /** How raw values are encoded; `where` names the place in errors. */
  context(where: string, now?: number): EncodeContext;
}
