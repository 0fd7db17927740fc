// The browser that tests and benchmarks start: the user's own Chrome or Chromium.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, resolve } from "node:path";

/** Where Chrome's kin lies; TWIN_CHROMIUM names another. */
const chromiums = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** The program of a browser of Chrome's kin that starts, by its whole path, or null. */
export function chromium(): string | null {
  const named = process.env.TWIN_CHROMIUM;
  const places =
    named === undefined ? [...chromiums, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"] : [named];
  const found = places.find((place) => spawnSync(place, ["--version"], { timeout: 60_000 }).status === 0);
  if (found === undefined) {
    return null;
  }
  const folders = found.includes("/") || found.includes("\\") ? [""] : (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => resolve(folder, found)).find((path) => existsSync(path)) ?? null;
}
