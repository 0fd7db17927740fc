// `twin check FILE…`: parses and checks, and writes nothing; with `--fix` it applies the fixes that are safe.
// Imports what it needs and not the compiler's public face: that loads the emitters, and `check` is to start fast.
import { check as checkProgram } from "../../compiler/check/check.ts";
import { type Applied, mend } from "../../compiler/check/mend.ts";
import { load } from "../../compiler/source/load.ts";
import { type Diagnostic, positionAt } from "../../grammar/index.ts";
import { readBytes, writeFileAtomic } from "../../runtime/host/files.ts";
import { Failed } from "../failure.ts";
import { hasErrors, print, printJson, say, sayDiagnostics } from "../output.ts";
import { reader } from "../sources.ts";

interface Options {
  readonly json?: boolean;
  readonly fix?: boolean;
}

export function check(files: readonly string[], options: Options): void {
  const fixed = options.fix ? files.flatMap((file) => fix(file, options)) : [];
  const results = files.map((file) => ({ file, ...checkProgram(load(file, reader(file)), { library: true }) }));
  if (options.json) {
    const diagnostics = results.flatMap(({ file, diagnostics }) => diagnostics.map((one) => ({ file, ...plain(one) })));
    printJson(options.fix ? { fixed, diagnostics } : diagnostics);
  } else {
    for (const { file, diagnostics, model } of results) {
      sayDiagnostics(diagnostics);
      if (!hasErrors(diagnostics)) {
        print(`${file}: ${model === null ? "a library" : `model ${model.name}`}, no errors`);
      }
    }
    const safe = results.reduce((count, one) => count + safeFixes(one.file, one.diagnostics), 0);
    if (!options.fix && safe > 0) {
      say(`${safe === 1 ? "one of these has" : `${safe} of these have`} a fix that \`twin check --fix\` applies`);
    }
  }
  if (results.some(({ diagnostics }) => hasErrors(diagnostics))) {
    throw new Failed("");
  }
}

/** How many diagnostics of the file itself have a fix that would be applied. */
const safeFixes = (file: string, diagnostics: readonly Diagnostic[]): number =>
  diagnostics.filter(({ fixes }) =>
    fixes.some(({ safe, edits }) => safe && edits.every(({ span }) => span.source.path === file)),
  ).length;

/** Applies the safe fixes of one file, and says which. */
function fix(
  file: string,
  { json }: Options,
): { file: string; code: string; title: string; line: number; column: number }[] {
  const read = reader(file);
  const before = read(file);
  if (typeof before === "string" || !(before instanceof Uint8Array)) {
    return [];
  }
  const { text, applied, formatted } = mend(file, (path) => (path === file ? before : read(path)), { library: true });
  if (text === null) {
    return [];
  }
  if (Buffer.compare(before, readBytes(file)) !== 0) {
    say(`${file}: not fixed; it was changed meanwhile`);
    return [];
  }
  writeFileAtomic(file, text);
  if (!json) {
    sayFixed(file, applied, formatted);
  }
  return applied.map(({ code, title, position }) => ({ file, code, title, ...position }));
}

function sayFixed(file: string, applied: readonly Applied[], formatted: boolean): void {
  for (const { code, title, position } of applied) {
    print(`${file}:${position.line}:${position.column}: ${title} (${code})`);
  }
  print(
    `${file}: ${applied.length === 1 ? "1 fix" : `${applied.length} fixes`} applied${formatted ? ", and formatted" : ""}`,
  );
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
