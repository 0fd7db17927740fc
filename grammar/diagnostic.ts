// Diagnostics as a typed table: a code gives severity and wording; the parameters are typed from the template.
import type { Span } from "./ast.ts";
import type { Fix } from "./fix.ts";

export type Severity = "error" | "warning" | "note";

/** A place and the local fact about it, shown under the caret. `text` may be empty. */
export interface Label {
  readonly span: Span;
  readonly text: string;
}

export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly title: string;
  readonly primary: Label;
  /** Further places, in the order in which they are shown. */
  readonly also: readonly Label[];
  /** At most two short paragraphs: why, and what to do. */
  readonly help: readonly string[];
  /** What would mend it, the likeliest first; only where the edit is known to the letter. */
  readonly fixes: readonly Fix[];
}

/** A template and the names of its parameters, as a phantom type. */
export interface Template<P extends string> {
  readonly severity: Severity;
  readonly parts: readonly string[];
  readonly parameters: readonly P[];
}

const template =
  (severity: Severity) =>
  <const P extends readonly string[]>(parts: TemplateStringsArray, ...parameters: P): Template<P[number]> => ({
    severity,
    parts: [...parts],
    parameters: [...parameters],
  });

/** error`there is no ${"kind"} called \`${"name"}\`` */
export const error = template("error");
export const warning = template("warning");
export const note = template("note");

export interface Details {
  readonly also?: readonly Label[];
  readonly help?: readonly string[];
  readonly fixes?: readonly Fix[];
}

type Parameters<T> = T extends Template<infer P> ? { readonly [K in P]: string | number } : never;

/**
 * Makes the maker of one room's diagnostics. `diagnose(code, parameters, at(span, "local fact"), { also, help, fixes })`;
 * a code that is not in the table, or a missing parameter, does not compile.
 */
export function diagnostics<const T extends { readonly [code: string]: Template<string> }>(table: T) {
  return {
    table,
    diagnose<C extends keyof T & string>(
      code: C,
      parameters: Parameters<T[C]>,
      primary: Label,
      { also = [], help = [], fixes = [] }: Details = {},
    ): Diagnostic {
      const { severity, parts, parameters: names } = table[code];
      const values = parameters as Readonly<Record<string, string | number>>;
      const title = parts.map((part, i) => (i < names.length ? `${part}${values[names[i]]}` : part)).join("");
      return { code, severity, title, primary, also, help, fixes };
    },
  };
}

/** A label: a place, and what is to be said there. */
export const at = (where: Span | { readonly span: Span }, text = ""): Label => ({
  span: "span" in where ? where.span : where,
  text,
});
