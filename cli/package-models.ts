// The models that ship with the package, found from the bundle and from the sources alike.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

export function packageModels(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "models", "twin.twin"))) return join(folder, "models");
    if (dirname(folder) === folder) throw new Error("the package's models are missing");
  }
}
