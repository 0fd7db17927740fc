// The folder of this package, found from the bundle and from the sources alike; and how a user starts the command line from it.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const home: string = found(import.meta.dirname);

function found(folder: string): string {
  if (existsSync(join(folder, "models", "twin.twin"))) {
    return folder;
  }
  if (dirname(folder) === folder) {
    throw new Error("the package's models are missing");
  }
  return found(dirname(folder));
}

/** What starts the command line. */
export const launcher: string = join(home, "cli", "twin.mjs");

export const packageModels: string = join(home, "models");

/** In a checkout `npx` finds this package; elsewhere `npx twin` would fetch another one of that name. */
export const command: string = existsSync(join(home, "cli", "bundle.mjs")) ? "npx twin" : "npx -p twin-compiler twin";
