// Positions marked in a test's source: `┆` is a cursor, a line of `~~~` underlines a range of the line above it.

export interface Marked {
  /** The source without its marks. */
  readonly text: string;
  /** Offsets of the cursors, in order. */
  readonly cursors: readonly number[];
  /** Underlined ranges, in order; `end` is exclusive. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}

/**
 * Takes the marks out. A line that holds nothing but blanks and `~` is a mark and goes altogether; it may underline
 * several ranges. A `┆` in an underlined line takes no column.
 */
export function marked(source: string): Marked {
  const cursors: number[] = [];
  const ranges: { start: number; end: number }[] = [];
  const lines: string[] = [];
  let offset = 0;
  let above = 0;
  for (const line of source.split("\n")) {
    if (/^[ ]*~[ ~]*$/.test(line)) {
      for (const run of line.matchAll(/~+/g)) {
        ranges.push({ start: above + run.index, end: above + run.index + run[0].length });
      }
      continue;
    }
    above = offset;
    const parts = line.split("┆");
    for (const part of parts.slice(0, -1)) {
      offset += part.length;
      cursors.push(offset);
    }
    offset += parts[parts.length - 1].length + 1;
    lines.push(parts.join(""));
  }
  return { text: lines.join("\n"), cursors, ranges };
}
