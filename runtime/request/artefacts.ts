// What a request needs of a build, whatever opened it: the manifest, how raw values are encoded, rows that no graph holds.
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import type { GraphInputs } from "../../contract/ports.ts";
import type { EncodeContext } from "../encode/context.ts";

/** Rows of parameters that lie outside the graphs. */
export interface RowReader {
  /** Rows of a parameter to `into`, one after the other. @throws TwinError where there is none, or it is damaged */
  gather(parameter: string, rows: Int32Array, into: Float32Array): void;
}

export interface RequestArtefacts {
  /** Where they lie, for errors. */
  readonly dir: string;
  readonly manifest: Manifest;
  /** What the inputs of every graph hold. */
  readonly inputs: GraphInputs;
  readonly itemFeatures: readonly FeatureSpec[];
  /** The embedding tables that no graph holds; null where every table is inside. */
  readonly outside: RowReader | null;
  /** How raw values are encoded; `where` names the place in errors. */
  context(where: string, now?: number): EncodeContext;
}
