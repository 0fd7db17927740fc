// Whether a bracket that lacks a comma is closed further on, or is itself what its writer forgot to close.
import { type IToken, tokenMatcher } from "chevrotain";
import { LeftBrace, LeftBracket, LeftParen, RightBrace, RightBracket, RightParen } from "./tokens.ts";

/** How many tokens are looked at: a bound, so that a file of nothing but missing commas takes no time squared. */
const reach = 200;

/** Whether the innermost open bracket is closed by `close` among the next tokens, before any brace. */
export function closesAhead(tokenAt: (i: number) => IToken | undefined, close: IToken["tokenType"]): boolean {
  let depth = 0;
  for (let i = 0; i < reach; i++) {
    const token = tokenAt(i);
    if (!token || tokenMatcher(token, LeftBrace) || tokenMatcher(token, RightBrace)) {
      return false;
    }
    if (tokenMatcher(token, LeftBracket) || tokenMatcher(token, LeftParen)) {
      depth++;
    } else if (tokenMatcher(token, RightBracket) || tokenMatcher(token, RightParen)) {
      if (depth === 0) {
        return tokenMatcher(token, close);
      }
      depth--;
    }
  }
  return false;
}
