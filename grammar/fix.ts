// Quick fixes as data: edits of sources, made beside the diagnostic they mend; and texts with edits applied.
import type { Source, Span } from "./ast.ts";
import { lineAt, lineSpan } from "./source.ts";

/** One change of one source: `text` in the place of what stands in `span`. */
export interface Edit {
  readonly span: Span;
  readonly text: string;
}

/** Edits that together mend the problem; they never overlap. */
export interface Fix {
  /** As an editor's menu shows it. */
  readonly title: string;
  readonly edits: readonly Edit[];
  /** Whether nothing else can have been meant, so that it may be applied without asking. */
  readonly safe: boolean;
}

/** A fix of one edit. */
export const fix = (title: string, span: Span, text: string, safe: boolean): Fix => ({
  title,
  edits: [{ span, text }],
  safe,
});

/** "Did you mean …?": a fix for each of the near names, three at most; safe where there is one only. */
export const instead = (names: readonly string[], span: Span): readonly Fix[] =>
  names.slice(0, 3).map((name) => fix(`Write \`${name}\``, span, name, names.length === 1));

/** Takes out what `span` holds: an element with its comma, or a whole line where nothing else stands on it. */
export function without(title: string, { source, start, end }: Span, safe: boolean): Fix {
  const { text } = source;
  const after = /^\s*,[ \t]*/.exec(text.slice(end, end + 200));
  if (after) {
    return fix(title, { source, start, end: end + after[0].length }, "", safe);
  }
  const before = /,\s*$/.exec(text.slice(Math.max(0, start - 200), start));
  if (before) {
    return fix(title, { source, start: start - before[0].length, end }, "", safe);
  }
  const { start: lineStart, end: lineStop } = lineSpan(source, lineAt(source, start));
  const blank = (from: number, to: number): boolean => text.slice(from, to).trim() === "";
  if (!blank(lineStart, start)) {
    return fix(title, { source, start: trimmed(text, lineStart, start), end }, "", safe);
  }
  if (end > lineStop || !blank(end, lineStop)) {
    return fix(title, { source, start, end }, "", safe);
  }
  const next = text.startsWith("\r\n", lineStop) ? 2 : lineStop < text.length ? 1 : 0;
  return fix(title, { source, start: lineStart, end: lineStop + next }, "", safe);
}

/** Where the blanks before `end` begin. */
const trimmed = (text: string, from: number, end: number): number => from + text.slice(from, end).trimEnd().length;

/** The line end that a source uses. */
export const lineEnd = ({ text }: Source): string => /\r\n|\n|\r/.exec(text)?.[0] ?? "\n";

/** The text of `source` with the edits that are of it. They may stand in any order and must not overlap. */
export function edited(source: Source, edits: readonly Edit[]): string {
  let text = "";
  let from = 0;
  for (const { span, text: put } of inOrder(edits.filter((edit) => edit.span.source === source))) {
    if (span.start < from) {
      throw new Error(`edits of ${source.path} overlap at ${span.start}`);
    }
    text += source.text.slice(from, span.start) + put;
    from = span.end;
  }
  return text + source.text.slice(from);
}

/**
 * As many of the fixes, in the order given, as can be applied together: none touches what another does. Two that begin or end
 * at one place count as touching, because their order would decide what comes out.
 */
export function together(fixes: readonly Fix[]): Fix[] {
  const taken: Span[] = [];
  return fixes.filter(({ edits }) => {
    const free = edits.every(({ span }) => !taken.some((other) => touches(span, other)));
    if (free) {
      for (const { span } of edits) {
        taken.push(span);
      }
    }
    return free;
  });
}

const touches = (a: Span, b: Span): boolean => a.source === b.source && a.start <= b.end && b.start <= a.end;

const inOrder = (edits: readonly Edit[]): Edit[] =>
  [...edits].sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
