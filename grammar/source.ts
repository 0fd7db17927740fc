// Offsets of a source ↔ lines and columns. A line ends at LF, CRLF or a lone CR.
import type { Source, Span } from "./ast.ts";

/** Both count from 1; columns count characters (code points), not UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export const span = (source: Source, start: number, end: number): Span => ({ source, start, end });

interface Marks {
  /** The offset at which each line starts. */
  readonly lines: readonly number[];
  /** The offset of each pair of surrogates: two units, one character. */
  readonly pairs: readonly number[];
}

const known = new WeakMap<Source, Marks>();

/** Made once per source, so that the place of each of many diagnostics is a search and no walk. */
function marksOf(source: Source): Marks {
  const before = known.get(source);
  if (before) {
    return before;
  }
  const { text } = source;
  const lines = [0];
  const pairs: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 10 || (code === 13 && text.charCodeAt(i + 1) !== 10)) {
      lines.push(i + 1);
    }
    if (code >= 0xd800 && text.codePointAt(i)! > 0xffff) {
      pairs.push(i++);
    }
  }
  known.set(source, { lines, pairs });
  return { lines, pairs };
}

/** How many of the ascending numbers are at most `limit`. */
function countUpTo(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle] <= limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** The line, counted from 1, that holds an offset; an offset beyond the text is on the last line. */
export function lineAt(source: Source, offset: number): number {
  return countUpTo(marksOf(source).lines, offset);
}

/** The offsets of one line, its line terminator left out. */
export function lineSpan(source: Source, line: number): { readonly start: number; readonly end: number } {
  const starts = marksOf(source).lines;
  const start = starts[line - 1];
  let end = line < starts.length ? starts[line] : source.text.length;
  while (end > start && (source.text[end - 1] === "\n" || source.text[end - 1] === "\r")) {
    end--;
  }
  return { start, end };
}

export function positionAt(source: Source, offset: number): Position {
  const line = lineAt(source, offset);
  const { start } = lineSpan(source, line);
  const { pairs } = marksOf(source);
  const before = Math.max(start, Math.min(offset, source.text.length));
  // A pair counts as one character once both its halves lie before the place.
  const paired = countUpTo(pairs, before - 2) - countUpTo(pairs, start - 1);
  return { line, column: before - start + 1 - Math.max(0, paired) };
}
