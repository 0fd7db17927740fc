// The words of the language. Every text lexes: what is not a word becomes a token too, and lexical-errors.ts words it.
import { createToken, Lexer, type TokenType } from "chevrotain";
import { sectionKeywords } from "./ast.ts";

/** Whatever may stand where a name is due: names, and every keyword. */
export const AnyName = createToken({ name: "AnyName", pattern: Lexer.NA });
/** Any of the section keywords. */
export const SectionWord = createToken({ name: "SectionWord", pattern: Lexer.NA, categories: AnyName });
/** A string literal, well formed or not. */
export const AnyString = createToken({ name: "AnyString", pattern: Lexer.NA });

const range = (from: string, to: string): string[] => {
  const first = from.charCodeAt(0);
  return Array.from({ length: to.charCodeAt(0) - first + 1 }, (_, i) => String.fromCharCode(first + i));
};
const letters = [...range("a", "z"), ...range("A", "Z"), "_"];
const digits = range("0", "9");

// `start_chars_hint` and `line_breaks` are given throughout: without them Chevrotain analyses each pattern at start-up.
type Extra = Partial<Parameters<typeof createToken>[0]>;
const token = (name: string, pattern: string | RegExp, start: readonly string[], extra: Extra = {}): TokenType =>
  createToken({ name, pattern, start_chars_hint: [...start], line_breaks: false, ...extra });
const mark = (name: string, text: string): TokenType => token(name, text, [text]);

export const Space = token("Space", /[ \t\r\n]+/, [" ", "\t", "\r", "\n"], { group: Lexer.SKIPPED });
export const Comment = token("Comment", /\/\/[^\r\n]*/, ["/"], { group: "comments" });

export const Name = token("Name", /[A-Za-z_][A-Za-z0-9_]*/, letters, { categories: AnyName });
/** `min-count`: no name here, but it stands for one. */
export const HyphenName = token("HyphenName", /[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z_][A-Za-z0-9_]*)+/, letters, {
  categories: AnyName,
});
const keyword = (word: string, categories: TokenType): TokenType =>
  token(word, word, [word[0]], { longer_alt: Name, categories });
export const Model = keyword("model", AnyName);
export const Import = keyword("import", AnyName);
export const sectionTokens = sectionKeywords.map((word) => keyword(word, SectionWord));

/** Anything that begins like a number; quantity.ts says whether it is one. */
export const Num = token("Number", /-?\.?[0-9](?:[eE][+-][0-9]|[A-Za-z0-9_.%])*/, ["-", ".", ...digits]);

export const Str = token("String", /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"/, ['"'], { categories: AnyString });
export const OpenString = token("OpenString", /"[^\r\n]*/, ['"'], { categories: AnyString });
export const SingleQuoted = token("SingleQuoted", /'[^'\r\n]*'/, ["'"], { categories: AnyString });

export const LeftBrace = mark("LeftBrace", "{");
export const RightBrace = mark("RightBrace", "}");
export const LeftBracket = mark("LeftBracket", "[");
export const RightBracket = mark("RightBracket", "]");
export const LeftParen = mark("LeftParen", "(");
export const RightParen = mark("RightParen", ")");
export const Colon = mark("Colon", ":");
export const Comma = mark("Comma", ",");
export const Dot = mark("Dot", ".");

// What other languages have and this one has not. These groups never reach the parser.
export const BlockComment = token("BlockComment", /\/\*[\s\S]*?\*\//, ["/"], { group: "foreign" });
export const HashComment = token("HashComment", /#[^\r\n]*/, ["#"], { group: "foreign" });
export const ByteOrderMark = token("ByteOrderMark", /\uFEFF/, ["\uFEFF"], { group: "foreign" });

const meaningful = new Set([..." \t\r\n\"'{}[]():,.#/-", ...letters, ...digits]);
// above 255 Chevrotain looks characters up in groups of 255, so every hundredth reaches every group
const otherStarts = [
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((c) => !meaningful.has(c)),
  ...Array.from({ length: 653 }, (_, i) => String.fromCharCode(256 + 100 * i)),
  ...["'", "/", "-", "\uFFFF"],
];
export const Unknown = token("Unknown", /[^ \t\r\nA-Za-z0-9_"'{}[\]():,.#/\uFEFF-]+|['/-]/, otherStarts, {
  group: "foreign",
});

/** In the order in which they are tried. */
export const allTokens: TokenType[] = [
  ...[Space, Comment, BlockComment, HyphenName, Model, Import, ...sectionTokens, Name, Num],
  ...[Str, OpenString, SingleQuoted, LeftBrace, RightBrace, LeftBracket, RightBracket, LeftParen, RightParen],
  ...[Colon, Comma, Dot, HashComment, ByteOrderMark, Unknown, SectionWord, AnyString, AnyName],
];
