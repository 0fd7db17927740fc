// Offsets of a source ↔ lines and columns. A line ends at LF, CRLF or a lone CR.
import type { Source, Span } from "./ast.ts";

/** Both count from 1; columns count characters (code points), not UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export const span = (source: Source, start: number, end: number): Span => ({ source, start, end });

const known = new WeakMap<Source, readonly number[]>();

/** The offset at which each line starts; made once per source. */
function lineStarts(source: Source): readonly number[] {
  const before = known.get(source);
  if (before) return before;
  const { text } = source;
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 10 || (code === 13 && text.charCodeAt(i + 1) !== 10)) starts.push(i + 1);
  }
  known.set(source, starts);
  return starts;
}

/** The line, counted from 1, that holds an offset; an offset beyond the text is on the last line. */
export function lineAt(source: Source, offset: number): number {
  const starts = lineStarts(source);
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

/** The offsets of one line, its line terminator left out. */
export function lineSpan(source: Source, line: number): { readonly start: number; readonly end: number } {
  const starts = lineStarts(source);
  const start = starts[line - 1];
  let end = line < starts.length ? starts[line] : source.text.length;
  while (end > start && (source.text[end - 1] === "\n" || source.text[end - 1] === "\r")) end--;
  return { start, end };
}

export function positionAt(source: Source, offset: number): Position {
  const line = lineAt(source, offset);
  const { start } = lineSpan(source, line);
  let column = 1;
  for (const _ of source.text.slice(start, Math.min(offset, source.text.length))) column++;
  return { line, column };
}
