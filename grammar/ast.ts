// The tree that the grammar makes of one `.twin` file: syntax only, no meaning. Everything carries its span.

/** One text with the path that its reader knows it by. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** Where the file's bytes stop being UTF-8; absent for text. */
  readonly notText?: { readonly offset: number; readonly value: number };
}

/** A range of a source, in UTF-16 offsets; `end` is exclusive. */
export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** An identifier where it stands. */
export interface Name {
  readonly text: string;
  readonly span: Span;
}

export const sectionKeywords = [
  "item",
  "user",
  "context",
  "candidate",
  "history",
  "metric",
  "search",
  "attend",
  "tower",
  "table",
  "train",
] as const;
export type SectionKeyword = (typeof sectionKeywords)[number];

/** A whole file. Sections that could not be parsed are left out; `members` of a damaged section hold what could. */
export interface FileNode {
  readonly source: Source;
  /** `model NAME`; absent in a library of sections. */
  readonly model?: Name;
  /** `///` text above `model`. */
  readonly doc?: string;
  readonly imports: readonly ImportNode[];
  readonly sections: readonly SectionNode[];
}

/** `import "./features.twin"`; `path` as written. */
export interface ImportNode {
  readonly path: string;
  /** The string literal's span, quotes included. */
  readonly span: Span;
}

export interface SectionNode {
  readonly keyword: SectionKeyword;
  readonly keywordSpan: Span;
  readonly name?: Name;
  /** `///` lines above the section, markers and one leading space removed, joined by newlines. */
  readonly doc?: string;
  readonly members: readonly Member[];
  /** Settings without a value, in a damaged section. */
  readonly holes?: readonly Hole[];
  /** From the keyword to the closing brace. */
  readonly span: Span;
}

/** `name: value` or `name { … }`. */
export type Member = Setting | Block;

export interface Setting {
  readonly kind: "setting";
  readonly name: Name;
  readonly value: Value;
  readonly doc?: string;
  readonly span: Span;
}

export interface Block {
  readonly kind: "block";
  readonly name: Name;
  readonly members: readonly Member[];
  readonly holes?: readonly Hole[];
  readonly doc?: string;
  readonly span: Span;
}

/** `name:` of which the value is missing: for those who help to write it. */
export interface Hole {
  readonly name: Name;
  /** Where the value is due: behind the colon, with the blanks that follow on its line. */
  readonly span: Span;
}

export type Value = NumberValue | StringValue | ListValue | CallValue;

/** What a number's suffix says it measures: none or k, M, B; ms, s, min, h, d; %. */
export type Dimension = "count" | "duration" | "ratio";

export interface NumberValue {
  readonly kind: "number";
  /** Scaled: `10k` is 10000, `15min` is 900 (seconds), `97%` is 0.97. */
  readonly value: number;
  readonly dimension: Dimension;
  /** As written. */
  readonly text: string;
  readonly span: Span;
}

export interface StringValue {
  readonly kind: "string";
  readonly value: string;
  readonly span: Span;
}

export interface ListValue {
  readonly kind: "list";
  readonly items: readonly Value[];
  readonly span: Span;
}

/** `relu`, `watched.item`, `adam(rate: 1e-3)`, `h.last(50)`, `true`. */
export interface CallValue {
  readonly kind: "call";
  /** At least one name. */
  readonly path: readonly Name[];
  /** Absent where there are no parentheses; empty for `f()`. */
  readonly arguments?: readonly Argument[];
  readonly holes?: readonly Hole[];
  readonly span: Span;
}

export interface Argument {
  readonly name?: Name;
  readonly value: Value;
  readonly span: Span;
}
