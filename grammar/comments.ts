// Comments: which `///` lines document what follows them.
import type { IToken } from "chevrotain";
import { endOf, startOf } from "./lex.ts";

/** `///` documents; `//` and `////` do not. */
export const isDoc = (image: string): boolean => image.startsWith("///") && image[3] !== "/";

/** Whether nothing but blanks stands before an offset on its line. */
export function firstOnLine(text: string, offset: number): boolean {
  let i = offset;
  while (i > 0 && (text[i - 1] === " " || text[i - 1] === "\t" || text[i - 1] === "\uFEFF")) {
    i--;
  }
  return i === 0 || text[i - 1] === "\n" || text[i - 1] === "\r";
}

/**
 * The documentation of what starts at `offset`: the `///` lines between it and the token before it, without their
 * markers and one leading space; undefined where there is none. A comment behind code on its line documents nothing.
 */
export function docAbove(text: string, comments: readonly IToken[], offset: number): string | undefined {
  const lines: string[] = [];
  let end = offset;
  for (let i = firstFrom(comments, offset) - 1; i >= 0; i--) {
    const comment = comments[i];
    if (/\S/.test(text.slice(endOf(comment), end))) {
      break;
    }
    if (isDoc(comment.image) && firstOnLine(text, startOf(comment))) {
      lines.push(content(comment.image));
    }
    end = startOf(comment);
  }
  return lines.length > 0 ? lines.reverse().join("\n") : undefined;
}

const content = (image: string): string => image.slice(image[3] === " " ? 4 : 3).trimEnd();

/** The index of the first comment at or after an offset. */
function firstFrom(comments: readonly IToken[], offset: number): number {
  let low = 0;
  let high = comments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (startOf(comments[middle]) < offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
