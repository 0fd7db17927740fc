// `twin check FILE…`: parses and checks; writes nothing.
// Imports what it needs and not the compiler's public face: that loads the emitters, and `check` is to start fast.
import { check as checkProgram } from "../../compiler/check/check.ts";
import { load } from "../../compiler/source/load.ts";
import { type Diagnostic, positionAt } from "../../grammar/index.ts";
import { Failed } from "../failure.ts";
import { hasErrors, print, printJson, sayDiagnostics } from "../output.ts";
import { reader } from "../sources.ts";

export function check(files: readonly string[], options: { json?: boolean }): void {
  const results = files.map((file) => ({ file, ...checkProgram(load(file, reader(file)), { library: true }) }));
  if (options.json) {
    printJson(results.flatMap(({ file, diagnostics }) => diagnostics.map((one) => ({ file, ...plain(one) }))));
  } else {
    for (const { file, diagnostics, model } of results) {
      sayDiagnostics(diagnostics);
      if (!hasErrors(diagnostics)) print(`${file}: ${model === null ? "a library" : `model ${model.name}`}, no errors`);
    }
  }
  if (results.some(({ diagnostics }) => hasErrors(diagnostics))) throw new Failed("");
}

/** A diagnostic as JSON: places as path, lines and columns counted from 1, and offsets. */
export function plain(diagnostic: Diagnostic) {
  const { code, severity, title, primary, also, help, fixes } = diagnostic;
  const place = ({ span }: { span: Diagnostic["primary"]["span"] }) => ({
    path: span.source.path,
    start: { ...positionAt(span.source, span.start), offset: span.start },
    end: { ...positionAt(span.source, span.end), offset: span.end },
  });
  const label = (one: Diagnostic["primary"]) => ({ ...place(one), text: one.text });
  return {
    code,
    severity,
    title,
    primary: label(primary),
    also: also.map(label),
    help,
    fixes: fixes.map(({ title, safe, edits }) => ({
      title,
      safe,
      edits: edits.map((edit) => ({ ...place(edit), text: edit.text })),
    })),
  };
}
