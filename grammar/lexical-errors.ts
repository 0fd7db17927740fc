// Words that are none: stray characters, foreign comments, bad numbers and strings, as diagnostics.
import { type IToken, tokenMatcher } from "chevrotain";
import type { Source, Span } from "./ast.ts";
import { at, type Details, type Diagnostic } from "./diagnostic.ts";
import { diagnose, shown } from "./errors.ts";
import { endOf, startOf } from "./lex.ts";
import { unquote } from "./literal.ts";
import { type BadQuantity, quantity } from "./quantity.ts";
import { span } from "./source.ts";
import {
  AnyString,
  BlockComment,
  ByteOrderMark,
  HashComment,
  HyphenName,
  Num,
  OpenString,
  SingleQuoted,
} from "./tokens.ts";

const where = (source: Source, token: IToken): Span => span(source, startOf(token), endOf(token));

/** What is wrong with a token that the parser gets, or undefined: a number that is none, a string without end … */
export function badWord(source: Source, token: IToken): Diagnostic | undefined {
  if (tokenMatcher(token, Num)) return badNumber(source, token);
  if (tokenMatcher(token, AnyString)) return badString(source, token);
  if (!tokenMatcher(token, HyphenName)) return undefined;
  const name = token.image.replaceAll("-", "_");
  const label = at(where(source, token), `write \`${shown(name)}\``);
  return diagnose("bad-name", { name: shown(token.image) }, label, {
    help: ["A name is made of letters, digits and `_`, and does not begin with a digit."],
    fix: { title: "Write `_` for `-`", span: label.span, replacement: name },
  });
}

function badNumber(source: Source, token: IToken): Diagnostic | undefined {
  const found = quantity(token.image);
  if (!("problem" in found)) return undefined;
  const place = where(source, token);
  if (found.problem === "range") {
    return diagnose("bad-number", { text: shown(token.image) }, at(place, "beyond what a number can hold"));
  }
  const { suggestion } = found;
  const label = at(place, suggestion ? `did you mean \`${shown(suggestion)}\`?` : "");
  const details: Details = {
    help: help(found),
    ...(suggestion && { fix: { title: `Write \`${shown(suggestion)}\``, span: place, replacement: suggestion } }),
  };
  return found.problem === "unit"
    ? diagnose("unknown-unit", { unit: shown(found.unit) }, label, details)
    : diagnose("bad-number", { text: shown(token.image) }, label, details);
}

const help = (found: BadQuantity): string[] =>
  found.problem === "unit"
    ? ["A count may end in k, M or B, a duration ends in ms, s, min, h or d, and a share in %."]
    : ["Numbers look like `64`, `0.5`, `1e-3`, `10k`, `15min` or `97%`."];

function badString(source: Source, token: IToken): Diagnostic | undefined {
  const place = where(source, token);
  if (tokenMatcher(token, SingleQuoted)) {
    const replacement = `"${token.image.slice(1, -1).replaceAll('"', '\\"')}"`;
    return diagnose("single-quotes", {}, at(place, `write \`${shown(replacement)}\``), {
      fix: { title: "Use double quotes", span: place, replacement },
    });
  }
  if (tokenMatcher(token, OpenString)) {
    return diagnose("unterminated-string", {}, at(place, 'a `"` is missing'), {
      fix: { title: "Close the string", span: span(source, place.end, place.end), replacement: '"' },
    });
  }
  const bad = unquote(token.image);
  if (typeof bad === "string") return undefined;
  const start = place.start + bad.offset;
  const label = at(span(source, start, start + bad.escape.length));
  return diagnose("bad-escape", { escape: shown(bad.escape) }, label, {
    help: [
      "A string may hold `\\\"`, `\\\\`, `\\n`, `\\r`, `\\t` and `\\u{…}` with a character's number in hexadecimal.",
    ],
  });
}

/** Text that never reaches the parser. A byte order mark at the very beginning is no error. */
export function foreignText(source: Source, token: IToken): Diagnostic | undefined {
  const place = where(source, token);
  if (tokenMatcher(token, ByteOrderMark) && place.start === 0) return undefined;
  if (tokenMatcher(token, BlockComment)) {
    return diagnose("foreign-comment", {}, at(place, "begin each line with `//`"));
  }
  if (tokenMatcher(token, HashComment)) {
    const fix = { title: "Write `//`", span: span(source, place.start, place.start + 1), replacement: "//" };
    return diagnose("foreign-comment", {}, at(fix.span, "write `//`"), { fix });
  }
  return diagnose("unexpected-character", { what: named(token.image) }, at(place, advice(token.image)));
}

/** Marks of other languages, and what is written here instead. */
function advice(image: string): string {
  if (image[0] === ";") return "nothing separates settings";
  if (image[0] === "=") return "a setting is written `name: value`";
  if (/^[“”„‘’«»'`]/.test(image)) return 'strings stand in double quotes: `"`';
  if (/^[\p{L}\p{M}]/u.test(image)) return "names are made of the letters a to z, digits and `_`";
  if (/^[+*/%<>!&|^-]/.test(image)) return "the language has no expressions";
  return "";
}

/** Characters that cannot be seen are named by their number. */
function named(image: string): string {
  const first = String.fromCodePoint(image.codePointAt(0) ?? 0);
  if (/^[\p{Z}\p{C}\uFFFD]/u.test(first)) {
    return `the character U+${(first.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  }
  return `\`${shown(image, 20)}\``;
}
