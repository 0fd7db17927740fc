// Files of a published folder: where its own texts say that they are, or where they are after the folder was moved.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { attempt } from "../../host/files.ts";

/** Names in a folder, in their order. @throws TwinError where there is no such folder */
export function namesIn(dir: string): string[] {
  const found = attempt("read", dir, () => statSync(dir, { throwIfNoEntry: false }));
  if (found === undefined) {
    throw new TwinError(`${dir}: there is no such folder`);
  }
  if (!found.isDirectory()) {
    throw new TwinError(`${dir} is a file, and the folder with the published files is due`);
  }
  return attempt("read", dir, () => readdirSync(dir)).sort();
}

export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** How many folders above are tried: paths are often relative to where the training was started. */
const climbed = 5;

/** The path that a text of the folder names, as it is, or under the folder, one above it, or by its last name alone. */
export function resolved(dir: string, written: string): string | null {
  const tried = [resolve(dir, written)];
  // How far up the training was started is not known either.
  const below = written.replace(/^(\.\.?[/\\])+/, "");
  for (let above = dirname(resolve(dir)), n = 0; n < climbed; above = dirname(above), n++) {
    tried.push(resolve(above, written), resolve(above, below));
  }
  tried.push(join(dir, basename(written)));
  return tried.find((path) => existsSync(path)) ?? null;
}
