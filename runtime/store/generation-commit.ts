// How a generation of tables comes to be: written beside the others, then made current by one atomic step.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { attempt, isAlive, readText, removeLeftovers, syncFolder, writeFileAtomic } from "../host/files.ts";
import { currentText, parseCurrent } from "../table/generation-description.ts";

/** Names the process that writes a partial generation. */
const ownerFile = "owner";

/** Partial generations of this process. */
const active = new Set<string>();

/** DIR/tables/generations */
export function generationsFolder(dir: string): string {
  return join(dir, "tables", "generations");
}

/** Folder of one generation. */
export function generationFolder(dir: string, number: number): string {
  return join(generationsFolder(dir), String(number));
}

/**
 * Number of the generation in use; null where no table was built yet.
 * @throws TwinError where `tables/current` is not a number
 */
export function currentGeneration(dir: string): number | null {
  const path = join(dir, "tables", "current");
  if (!existsSync(path)) {
    return null;
  }
  return parseCurrent(readText(path, 4096), path);
}

/**
 * Begins a generation: removes what killed builds left, and makes an empty folder for the files.
 * @throws TwinError where another build is at work on DIR
 */
export function nextGeneration(dir: string): { number: number; partial: string } {
  const folder = generationsFolder(dir);
  return attempt("write", folder, () => {
    mkdirSync(folder, { recursive: true });
    removeLeftovers(join(dir, "tables"));
    let highest = currentOrZero(dir);
    for (const name of readdirSync(folder)) {
      const found = /^(\.?)(\d{1,15})(\.partial)?$/.exec(name);
      if (found) {
        highest = Math.max(highest, Number(found[2]));
      }
      if (name.startsWith(".") && name.endsWith(".partial")) {
        removePartial(join(folder, name), dir);
      }
    }
    const number = highest + 1;
    const partial = join(folder, `.${number}.partial`);
    mkdirSync(partial);
    active.add(partial);
    writeFileSync(join(partial, ownerFile), `${process.pid}\n`);
    return { number, partial };
  });
}

/** A damaged `current` does not stop a build, which is its cure. */
function currentOrZero(dir: string): number {
  try {
    return currentGeneration(dir) ?? 0;
  } catch {
    return 0;
  }
}

function removePartial(path: string, dir: string): void {
  const owner = existsSync(join(path, ownerFile)) ? Number(readFileSync(join(path, ownerFile), "utf8")) : Number.NaN;
  if (active.has(path) || (owner > 0 && owner !== process.pid && isAlive(owner))) {
    throw new TwinError(
      `another table build (process ${owner}) is at work on ${dir}. Wait for it; if there is none, remove ${path}`,
    );
  }
  rmSync(path, { recursive: true, force: true });
}

/** Gives up a generation that was begun. */
export function discardGeneration(partial: string): void {
  active.delete(partial);
  rmSync(partial, { recursive: true, force: true });
}

/**
 * Makes a generation current. Its files must be durable (the writers' `finish()` sees to that). Killed at any moment,
 * either the earlier generation or this one is current, whole. The one before stays; older ones are removed.
 */
export function commitGeneration(dir: string, number: number, partial: string): void {
  const folder = generationsFolder(dir);
  attempt("write", folder, () => {
    const before = currentOrZero(dir);
    rmSync(join(partial, ownerFile), { force: true });
    syncFolder(partial);
    renameSync(partial, generationFolder(dir, number));
    active.delete(partial);
    syncFolder(folder);
    writeFileAtomic(join(dir, "tables", "current"), currentText(number));
    for (const name of readdirSync(folder)) {
      if (/^\d{1,15}$/.test(name) && Number(name) !== number && Number(name) !== before) {
        removeOlder(join(folder, name));
      }
    }
  });
}

/** Windows keeps files that a process serves prepared users from: the next build removes them. */
function removeOlder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code !== "EBUSY" && code !== "EPERM" && code !== "ENOTEMPTY") {
      throw error;
    }
  }
}
