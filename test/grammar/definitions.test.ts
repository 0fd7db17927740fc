// Chevrotain's own checks of the words and the rules, which production leaves out for its start-up time.
import { describe, expect, it } from "vitest";
import { createLexer } from "../../grammar/lex.ts";
import { TwinParser } from "../../grammar/parser.ts";
import { allTokens, sectionTokens, Unknown } from "../../grammar/tokens.ts";

describe("the definitions", () => {
  it("pass the lexer's checks", () => {
    expect(createLexer(true).lexerDefinitionErrors).toEqual([]);
  });

  it("pass the parser's checks", () => {
    expect(() => new TwinParser(true)).not.toThrow();
  });

  it("have one word for every section keyword", () => {
    for (const token of sectionTokens) {
      expect(allTokens).toContain(token);
    }
  });

  it("lex every character to some token", () => {
    const lexer = createLexer(false);
    for (let code = 0; code < 0x10000; code++) {
      const text = String.fromCharCode(code);
      const { tokens, groups, errors } = lexer.tokenize(text);
      if (errors.length > 0 || (tokens.length + groups.foreign.length !== 1 && text.trim() !== "")) {
        throw new Error(`U+${code.toString(16)} is no token`);
      }
    }
    expect(lexer.tokenize("\u{1F600}").groups.foreign[0].tokenType).toBe(Unknown);
  });
});
