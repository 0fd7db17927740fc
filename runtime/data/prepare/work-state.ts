// How far a preparation has come, kept beside its database, so that a stopped one goes on where it was.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../error.ts";
import { attempt, readText, writeFileAtomic } from "../../files.ts";
import type { Counts } from "../report.ts";
import type { FeatureCount } from "../report-schema.ts";
import { datasetFile, parts } from "./dataset-file.ts";
import type { Written } from "./event-writer.ts";

export const workFolder = ".work";

export interface WorkState {
  readonly key: string;
  /** Set when the events lie sorted in the database. */
  readonly sorted: { readonly items: number; readonly counts: Counts; readonly warnings: readonly string[] } | null;
  /** Set when the items' columns are written: what was counted in them. */
  readonly items: readonly FeatureCount[] | null;
  /** Whole rows on the disk, and what was counted in them. */
  readonly events: { readonly written: Written; readonly features: readonly FeatureCount[] } | null;
}

const path = (folder: string): string => join(folder, workFolder, "state.json");

/** Null where nothing was begun, or for other data. */
export function readState(folder: string, key: string): WorkState | null {
  if (!existsSync(path(folder))) return null;
  try {
    const state = JSON.parse(readText(path(folder))) as WorkState;
    return state.key === key ? state : null;
  } catch {
    return null;
  }
}

export function writeState(folder: string, state: WorkState): void {
  writeFileAtomic(path(folder), JSON.stringify(state));
}

/** @throws TwinError for a folder with files that are no prepared data */
export function refuseForeign(folder: string): void {
  if (!existsSync(folder)) return;
  const found = attempt("read", folder, () => readdirSync(folder));
  if (found.length === 0 || found.includes(datasetFile) || found.includes(workFolder)) return;
  throw new TwinError(
    `${folder} holds files that are no prepared data (it has no ${datasetFile}); name a new or empty folder`,
  );
}

/** Removes what an earlier preparation left: first the file that says that it is whole. */
export function clear(folder: string): void {
  rmSync(join(folder, datasetFile), { force: true });
  for (const name of ["items", "history", ...parts]) rmSync(join(folder, name), { recursive: true, force: true });
  rmSync(path(folder), { force: true });
}
