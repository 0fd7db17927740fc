// Which brackets are open at a place, and, by the indentation of what closes, which one its writer forgot to close.
import { type IToken, tokenMatcher } from "chevrotain";
import { firstOnLine } from "./comments.ts";
import { startOf } from "./lex.ts";
import { LeftBrace, LeftBracket, LeftParen, RightBrace, RightBracket, RightParen } from "./tokens.ts";

export interface Unclosed {
  /** The brackets that are open, the one to blame last. */
  readonly open: readonly IToken[];
  /** The index of the token before which the one to blame should have been closed. */
  readonly due: number;
}

/**
 * What is open before `tokens[count]`. A `}` that begins a line and stands left of the line that opened its `{`, but
 * level with an outer one's, closes the outer one.
 */
export function unclosed(text: string, tokens: readonly IToken[], count: number): Unclosed {
  const open: IToken[] = [];
  let blamed: IToken | undefined;
  let due = count;
  for (let i = 0; i < count; i++) {
    const token = tokens[i];
    if (tokenMatcher(token, LeftBrace) || tokenMatcher(token, LeftBracket) || tokenMatcher(token, LeftParen)) {
      open.push(token);
    } else if (tokenMatcher(token, RightBrace)) {
      if (!blamed) {
        blamed = misaligned(text, open, token);
        if (blamed) {
          due = i;
        }
      }
      open.pop();
    } else if (tokenMatcher(token, RightBracket) || tokenMatcher(token, RightParen)) {
      open.pop();
    }
  }
  return open.length > 0 && blamed ? { open: [...open, blamed], due } : { open, due: count };
}

function misaligned(text: string, open: readonly IToken[], close: IToken): IToken | undefined {
  const inner = open[open.length - 1];
  if (open.length < 2 || !tokenMatcher(inner, LeftBrace) || !firstOnLine(text, startOf(close))) {
    return undefined;
  }
  const level = indentation(text, startOf(close));
  const outer = open.slice(0, -1).some((brace) => indentation(text, startOf(brace)) === level);
  return outer && indentation(text, startOf(inner)) > level ? inner : undefined;
}

/** How many blanks begin the line that holds an offset. */
export function indentation(text: string, offset: number): number {
  const start = Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1)) + 1;
  let end = start;
  while (text[end] === " " || text[end] === "\t") {
    end++;
  }
  return end - start;
}
