// How far a preparation has come, kept beside its database, so that a stopped one goes on where it was.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import type { Hasher } from "../../../contract/hash.ts";
import { attempt } from "../../host/files.ts";
import { readSigned, writeSigned } from "../../host/signed-text.ts";
import type { Counts } from "../report.ts";
import type { FeatureCount } from "../report-schema.ts";
import { datasetFile, parts } from "./dataset-file.ts";
import type { Written } from "./event-writer.ts";
import { damagedBlocks, type FileBlocks } from "./file-blocks.ts";
import { expectOwn, type Owner } from "./owner.ts";

export const workFolder = ".work";

/** What stands in the column files, by file. */
type Files = Readonly<Record<string, FileBlocks>>;

export interface WorkState {
  readonly key: string;
  /** Who began it; none: a version that did not say. */
  readonly owner?: Owner;
  /** Set when the events lie sorted in the database. */
  readonly sorted: {
    readonly items: number;
    readonly counts: Counts;
    readonly warnings: readonly string[];
    /** By history, behaviours that say something else of their item than its row. */
    readonly differing?: readonly number[];
  } | null;
  /** Set when the items' columns are written: what was counted in them. */
  readonly items: { readonly features: readonly FeatureCount[]; readonly files: Files } | null;
  /** Whole rows on the disk, and what was counted in them. */
  readonly events: {
    readonly written: Written;
    readonly features: readonly FeatureCount[];
    readonly files: Files;
  } | null;
}

const path = (folder: string): string => join(folder, workFolder, "state.json");

/**
 * Null where nothing was begun, for other data, and where what was begun is not sound any more: then it is begun anew.
 * @param note told of damage
 * @throws TwinError where another began it for other data
 */
export function readState(
  folder: string,
  { key, owner }: { readonly key: string; readonly owner: Owner },
  hasher: Hasher,
  note: ((message: string) => void) | undefined,
): WorkState | null {
  if (!existsSync(path(folder))) {
    return null;
  }
  let foreign: WorkState | null;
  try {
    const { text, signed } = readSigned(path(folder), 1 << 29, "The preparation begins anew");
    const state = signed ? (JSON.parse(text) as WorkState) : null;
    if (state?.key === key) {
      expectWhole(folder, state, hasher);
      return state;
    }
    foreign = state;
  } catch (error) {
    note?.(error instanceof Error ? error.message : String(error));
    return null;
  }
  if (foreign !== null) {
    expectOwn(folder, owner, foreign.owner ?? null, "is not ready, for other data, another binding or other encoders");
  }
  return null;
}

function expectWhole(folder: string, state: WorkState, hasher: Hasher): void {
  for (const [file, written] of Object.entries({ ...state.items?.files, ...state.events?.files })) {
    const [block] = damagedBlocks(join(folder, file), written, hasher);
    if (block !== undefined) {
      throw new TwinError(`${join(folder, file)} is damaged (block ${block}). The preparation begins anew`);
    }
  }
}

export function writeState(folder: string, state: WorkState): void {
  writeSigned(path(folder), `${JSON.stringify(state)}\n`);
}

/** @throws TwinError for a folder with files that are no prepared data */
export function refuseForeign(folder: string): void {
  if (!existsSync(folder)) {
    return;
  }
  const found = attempt("read", folder, () => readdirSync(folder));
  if (found.length === 0 || found.includes(datasetFile) || found.includes(workFolder)) {
    return;
  }
  throw new TwinError(
    `${folder} holds files that are no prepared data (it has no ${datasetFile}); name a new or empty folder`,
  );
}

/** Removes what an earlier preparation left: first the file that says that it is whole. */
export function clear(folder: string): void {
  rmSync(join(folder, datasetFile), { force: true });
  for (const name of ["items", "history", "counted", ...parts]) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  rmSync(path(folder), { force: true });
}
