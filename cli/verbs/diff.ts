// `twin diff DIR FILE`: what a change of the spec means for an earlier build.
import { join } from "node:path";
import { diff, diffText } from "../../compiler/index.ts";
import { numbersOf } from "../../contract/learned-numbers.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { recovered } from "../../runtime/serve/index.ts";
import { readVocabulary } from "../../runtime/store/index.ts";
import { Failed } from "../failure.ts";
import { print, printJson, say } from "../output.ts";
import { digest, weightSource } from "../weights.ts";
import { checked } from "./show.ts";

export function diffBuild(wanted: string, file: string, options: { json?: boolean }): void {
  const dir = recovered(wanted, (message) => say(`warning: ${message}`));
  const manifest = readManifest(dir);
  // What is learned would be learned again from the same data: it is not what differs.
  const model = checked(file, numbersOf(manifest.features));
  const weights = weightSource(join(dir, "weights.safetensors"));
  try {
    const vocabularies = new Map(
      manifest.vocabularies.map(({ name, file, entries }) => [
        name,
        readVocabulary(join(dir, file), name, entries).entries,
      ]),
    );
    const report = diff({ manifest, weights, vocabularies }, model, digest);
    if (options.json) {
      printJson(report);
    } else {
      print(diffText(report));
    }
    if (report.redo) {
      throw new Failed("");
    }
  } finally {
    weights.close();
  }
}
