// `twin types DIR`: requests and results of a build as TypeScript's types.

import { writeFileAtomic } from "../../runtime/host/files.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { recovered } from "../../runtime/serve/index.ts";
import { typesText } from "../declare/model-types.ts";
import { print, say } from "../output.ts";

export function types(wanted: string, { output }: { readonly output: string }): void {
  const manifest = readManifest(recovered(wanted, (message) => say(`warning: ${message}`)));
  writeFileAtomic(output, typesText(manifest));
  print(`${output}: requests and results of the model ${manifest.model}`);
}
