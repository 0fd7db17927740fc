// Where a run's prepared data lie: within the run by a relative path, so that the folder can be moved; elsewhere by an absolute one.
import { existsSync } from "node:fs";
import { basename, isAbsolute, join, relative, resolve } from "node:path";

const own = "data";

/** What run.yaml says of the folder of prepared data. @param cache as it was named; none: the run's own */
export function recordedCache(dir: string, cache?: string): string {
  const folder = resolve(cache ?? join(dir, own));
  const inside = relative(resolve(dir), folder);
  return isInside(inside) ? inside.replaceAll("\\", "/") : folder;
}

/** The folder that run.yaml means, now that the run lies in `dir`. */
export function cacheOf(dir: string, recorded: string): string {
  if (!isAbsolute(recorded)) {
    return resolve(dir, recorded);
  }
  // A run of before that was moved, or copied, names the place where it was.
  const here = resolve(dir, own);
  return basename(recorded) === own && existsSync(here) ? here : recorded;
}

/** Whether only this run has it. */
export const isOwnCache = (dir: string, cache: string): boolean => isInside(relative(resolve(dir), resolve(cache)));

const isInside = (path: string): boolean =>
  path !== "" && path !== ".." && !/^\.\.[\\/]/.test(path) && !isAbsolute(path);
