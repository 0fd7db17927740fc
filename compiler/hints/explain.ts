// `explain CODE`: the essay behind a diagnostic, or what its title says in general.
import type { Template } from "../../grammar/diagnostic.ts";
import { syntaxErrors } from "../../grammar/errors.ts";
import { compilerDiagnostics } from "../diagnostics/diagnostics.ts";
import { features } from "./features.ts";
import { files } from "./files.ts";
import { stages } from "./stages.ts";
import { syntax } from "./syntax.ts";
import { tables } from "./tables.ts";
import { values } from "./values.ts";

const diagnostics: Readonly<Record<string, Template<string>>> = { ...syntaxErrors, ...compilerDiagnostics };

/** Every essay by its code. */
export const essays: Readonly<Record<string, string>> = {
  ...files,
  ...values,
  ...features,
  ...stages,
  ...tables,
  ...syntax,
};

const meaning = {
  error: "This is an error: nothing is built until it is mended.",
  warning: "This is a warning: the model is built, and probably not as you meant it.",
  note: "This is a note: the model is built, and something about it is worth knowing.",
} as const;

/** All codes, syntax first. */
export const codes = (): string[] => Object.keys(diagnostics);

/** The text behind a code, ending in a newline; null where there is no such code. Names in capitals stand for your own. */
export function explain(code: string): string | null {
  if (!Object.hasOwn(diagnostics, code)) {
    return null;
  }
  const { severity, parts, parameters } = diagnostics[code];
  const title = parts
    .map((part, i) => (i < parameters.length ? `${part}${parameters[i].toUpperCase()}` : part))
    .join("");
  const essay = Object.hasOwn(essays, code)
    ? essays[code].trim()
    : "The place is shown under the caret, and the label beside it says what was found there or what to write instead.";
  return `${severity}[${code}]: ${title}\n\n${meaning[severity]}\n\n${essay}\n`;
}
