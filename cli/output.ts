// Where the command line writes: results on stdout, diagnostics and progress on stderr; colour only where it is wanted.

import { recordOf } from "../contract/record.ts";
import { escaped, escapedJson } from "../contract/width.ts";
import { type Diagnostic, render } from "../grammar/index.ts";

const line = (text: string): string => (text.endsWith("\n") ? text : `${text}\n`);

/** Whatever there is in the text, a terminal does nothing but show it. */
export const print = (text: string): void => {
  process.stdout.write(line(escaped(text)));
};

/** The same on stderr. */
export const say = (text: string): void => {
  process.stderr.write(line(escaped(text)));
};

export const printJson = (value: unknown): void => {
  process.stdout.write(line(escapedJson(JSON.stringify(value, jsonValue, 2))));
};

/** 64-bit integers leave as decimal strings, typed arrays as lists. */
export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    return value.toString();
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<number>);
  }
  if (value instanceof Map) {
    return recordOf(value);
  }
  return value;
}

/** True where a person reads stderr: not a pipe, not CI, and nobody asked for no colour. */
export const interactive = (): boolean => Boolean(process.stderr.isTTY) && !process.env.CI;

export const colour = (): boolean => interactive() && !process.env.NO_COLOR && process.env.TERM !== "dumb";

export function sayDiagnostics(diagnostics: readonly Diagnostic[]): void {
  // Colours are meant; the source's own characters are replaced there, one by one, for the marks under them.
  if (diagnostics.length > 0) {
    process.stderr.write(line(render(diagnostics, { color: colour() })));
  }
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((diagnostic) => diagnostic.severity === "error");
