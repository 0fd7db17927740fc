// Cuts a file's tokens into headers, sections and strays, so that an error in one never reaches the next.
import { type IToken, tokenMatcher } from "chevrotain";
import { endOf, startOf } from "./lex.ts";
import { AnyName, AnyString, Import, LeftBrace, Model, RightBrace, SectionWord } from "./tokens.ts";

export interface Chunk {
  readonly kind: "model" | "import" | "section" | "stray";
  /** At least one. */
  readonly tokens: readonly IToken[];
}

/**
 * Every token is in exactly one chunk, in order. On a valid file the cut is the grammar's own. A section whose braces
 * do not match ends before the next section that begins in the first column. With `byColumn`, for files known to be
 * damaged, every section does: one section's missing brace and another's brace too many would hide both.
 */
export function chunks(tokens: readonly IToken[], text: string, byColumn: boolean): Chunk[] {
  const partner = partners(tokens);
  const is = (i: number, type: Parameters<typeof tokenMatcher>[1]): boolean =>
    i < tokens.length && tokenMatcher(tokens[i], type);
  const opensBody = (i: number): boolean => is(i, LeftBrace) || (is(i, AnyName) && is(i + 1, LeftBrace));
  const startsChunk = (i: number): boolean => is(i, SectionWord) || is(i, Model) || is(i, Import);

  /** Where the chunk that begins at `start` ends, exclusive. */
  function end(kind: Chunk["kind"], start: number): number {
    let i = start + 1;
    if (kind === "model") {
      return is(i, AnyName) && !(startsChunk(i) && is(i + 1, LeftBrace)) ? i + 1 : i;
    }
    if (kind === "import") {
      return is(i, AnyString) ? i + 1 : i;
    }
    if (is(start, RightBrace)) {
      return i;
    }
    // a keyword after a keyword is the section's name, unless it has a name of its own
    if (kind === "section" && startsChunk(i) && !is(i + 1, AnyName)) {
      i++;
    }
    if (is(start, LeftBrace)) {
      i = start;
    }
    for (; i < tokens.length; i++) {
      if (is(i, LeftBrace)) {
        const close = partner[i] < 0 ? tokens.length : partner[i] + 1;
        return partner[i] < 0 || byColumn ? nextSection(i + 1, close) : close;
      }
      if (is(i, RightBrace)) {
        return i + 1;
      }
      if (kind === "stray" && i > start && is(i, AnyName) && opensBody(i + 1) && inFirstColumn(startOf(tokens[i]))) {
        return i;
      }
      if (startsChunk(i) && (kind === "section" || !is(i, SectionWord) || opensBody(i + 1))) {
        return i;
      }
    }
    return i;
  }

  /** The next section keyword in the first column of a line that a body follows, or `close`. */
  function nextSection(from: number, close: number): number {
    let i = from;
    while (i < close && !(is(i, SectionWord) && opensBody(i + 1) && inFirstColumn(startOf(tokens[i])))) {
      i++;
    }
    return i;
  }

  function inFirstColumn(offset: number): boolean {
    return offset === 0 || text[offset - 1] === "\n" || text[offset - 1] === "\r";
  }

  const result: Chunk[] = [];
  for (let start = 0; start < tokens.length; ) {
    const kind = is(start, Model)
      ? "model"
      : is(start, Import)
        ? "import"
        : is(start, SectionWord)
          ? "section"
          : "stray";
    const stop = end(kind, start);
    result.push({ kind, tokens: tokens.slice(start, stop) });
    start = stop;
  }
  return result;
}

/** For every `{` the index of its `}`, or -1. */
function partners(tokens: readonly IToken[]): Int32Array {
  const partner = new Int32Array(tokens.length).fill(-1);
  const open: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (tokenMatcher(tokens[i], LeftBrace)) {
      open.push(i);
    } else if (tokenMatcher(tokens[i], RightBrace)) {
      const from = open.pop();
      if (from !== undefined) {
        partner[from] = i;
      }
    }
  }
  return partner;
}

/** From the first character of a chunk to its last. */
export const extent = ({ tokens }: Chunk): { readonly start: number; readonly end: number } => ({
  start: startOf(tokens[0]),
  end: endOf(tokens[tokens.length - 1]),
});
