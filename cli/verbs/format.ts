// `twin format FILE… [--check]`: the canonical layout. A file with syntax errors is left as it is.
import { format as layout, sourceOf } from "../../grammar/index.ts";
import { readBytes, writeFileAtomic } from "../../runtime/host/files.ts";
import { Failed } from "../failure.ts";
import { print, say, sayDiagnostics } from "../output.ts";

export function format(files: readonly string[], options: { check?: boolean }): void {
  let wrong = false;
  for (const file of files) {
    const source = sourceOf(file, readBytes(file));
    const before = source.text;
    const result = layout(source);
    if ("diagnostics" in result) {
      sayDiagnostics(result.diagnostics);
      wrong = true;
    } else if (result.text === before) {
      if (!options.check) {
        print(`${file}: already in the canonical layout`);
      }
    } else if (options.check) {
      say(`${file}: not in the canonical layout; \`twin format ${file}\` writes it so`);
      wrong = true;
    } else {
      writeFileAtomic(file, result.text);
      print(`${file}: formatted`);
    }
  }
  if (wrong) {
    throw new Failed("");
  }
}
