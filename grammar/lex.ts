// Text → tokens, comments, and what is neither; each in the order of the text. Takes any text.
import { type IToken, Lexer } from "chevrotain";
import { allTokens } from "./tokens.ts";

export interface Lexed {
  /** What the parser sees. */
  readonly tokens: readonly IToken[];
  /** Line comments, documentation included. */
  readonly comments: readonly IToken[];
  /** Text that is no part of the language: foreign comments, stray characters. */
  readonly foreign: readonly IToken[];
}

/** `validate` runs Chevrotain's checks of the token definitions: for tests, they cost start-up time. */
export const createLexer = (validate: boolean): Lexer =>
  new Lexer(allTokens, { positionTracking: "onlyOffset", ensureOptimizations: true, skipValidations: !validate });

let lexer: Lexer | undefined;

export function lex(text: string): Lexed {
  lexer ??= createLexer(false);
  const { tokens, groups } = lexer.tokenize(text);
  return { tokens, comments: groups.comments, foreign: groups.foreign };
}

export const startOf = (token: IToken): number => token.startOffset;
/** Exclusive. */
export const endOf = (token: IToken): number => token.startOffset + token.image.length;
