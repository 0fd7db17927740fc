// Who writes a build folder: one process at a time, announced beside it; and what a killed one left is put right.
import { existsSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { announce, announced } from "./announcement.ts";
import { attempt, codeOf, fileError, isAlive } from "./files.ts";
import { newMark, type Owner } from "./process-mark.ts";

/** Where a build puts the folder that it replaces, between its two renames. */
export const previousOf = (folder: string): string => join(dirname(folder), `.${basename(folder)}.previous`);

const stagePrefix = (folder: string): string => `.${basename(folder)}.next-`;

/** Where this process stages a new build. */
export const stageOf = (folder: string): string => join(dirname(folder), `${stagePrefix(folder)}${process.pid}`);

/**
 * Keeps other processes from writing a build folder, until what it returns is called; and puts right what killed ones left:
 * a folder between its two renames, stages, announcements. Each writer announces itself by a file of its own beside the
 * folder and then looks for others: of two at least one sees the other, and whoever sees one withdraws.
 * @throws TwinError where another process writes the folder; nothing is changed then
 */
export function holdBuild(target: string): () => void {
  const { parent, prefix } = placeOf(target, "writer");
  if (!existsSync(parent)) {
    return () => undefined;
  }
  const own = `${prefix}${newMark()}`;
  let release: () => void;
  try {
    release = announce(join(parent, own));
  } catch (error) {
    // Who may write in the folder but not beside it: no build can be put in its place either.
    const code = codeOf(error);
    if (existsSync(target) && (code === "EACCES" || code === "EPERM" || code === "EROFS")) {
      return () => undefined;
    }
    throw fileError(error, "write", target);
  }
  try {
    expectNoOther(target, own);
    attempt("write", target, () => recover(resolve(target)));
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

/** @throws TwinError where another process writes the folder now: for what takes long and writes only at its end */
export function expectNoOther(target: string, own?: string): void {
  const other = otherAt(target, "writer", own);
  if (other !== null) {
    const { owner, path } = other;
    throw new TwinError(
      owner.state === "running"
        ? `process ${owner.pid} writes ${target} (\`twin build\`, \`twin table build\` or \`twin release\`): wait for it, or end it. Nothing was changed`
        : `a process in another container or on another machine writes ${target} (its number there is ${owner.pid}): wait for it; if it was killed, remove ${path}. Nothing was changed`,
    );
  }
}

/**
 * Keeps a second process from refreshing a folder, in the same way; others may write it between two cycles.
 * @returns what ends it, and the mark of this process
 * @throws TwinError where another process refreshes it
 */
export function holdRefresh(target: string): { readonly release: () => void; readonly mark: string } {
  const { parent, prefix } = placeOf(target, "refresher");
  const mark = newMark();
  const release = attempt("write", parent, () => announce(join(parent, `${prefix}${mark}`)));
  const other = otherAt(target, "refresher", `${prefix}${mark}`);
  if (other !== null) {
    const { owner, path } = other;
    release();
    throw new TwinError(
      owner.state === "running"
        ? `process ${owner.pid} refreshes ${target} already: end it first, or leave it to it (twin table refresh ${target} --status)`
        : `a process in another container or on another machine refreshes ${target} (its number there is ${owner.pid}): end it first; if it was killed, remove ${path}`,
    );
  }
  return { release, mark };
}

type Kind = "writer" | "refresher";

/** Who else is at work on a folder, and the file that says so; null: nobody. @param own of who asks */
function otherAt(target: string, kind: Kind, own?: string): { readonly owner: Owner; readonly path: string } | null {
  const { parent, prefix } = placeOf(target, kind);
  if (!existsSync(parent)) {
    return null;
  }
  for (const name of attempt("read", parent, () => readdirSync(parent))) {
    const path = join(parent, name);
    const owner = name.startsWith(prefix) && name !== own ? announced(path, name.slice(prefix.length)) : null;
    if (owner !== null) {
      return { owner, path };
    }
  }
  return null;
}

/** A folder has one place, whichever links lead to it; while a build is put in it there is none for a moment. */
function realFolder(target: string): string {
  try {
    return realpathSync(target);
  } catch {
    return resolve(target);
  }
}

function placeOf(target: string, kind: Kind): { readonly parent: string; readonly prefix: string } {
  const folder = realFolder(target);
  return { parent: dirname(folder), prefix: `.${basename(folder)}.${kind}-` };
}

/** Where it stands beside a folder who refreshes it and how that goes; the folder's own files change with each build. */
export function refreshPath(target: string): string {
  const folder = realFolder(target);
  return join(dirname(folder), `.${basename(folder)}.refresh.json`);
}

/** Puts back a folder that a killed build left renamed, and removes stages whose process is gone. */
function recover(folder: string): void {
  const parent = dirname(folder);
  if (!existsSync(folder) && existsSync(previousOf(folder))) {
    renameSync(previousOf(folder), folder);
  }
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(stagePrefix(folder))) {
      continue;
    }
    const owner = Number(name.slice(stagePrefix(folder).length));
    if (owner === process.pid || !isAlive(owner)) {
      rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
  rmSync(previousOf(folder), { recursive: true, force: true });
}
