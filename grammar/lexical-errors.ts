// Words that are none: stray characters, foreign comments, bad numbers and strings, as diagnostics.
import { type IToken, tokenMatcher } from "chevrotain";
import type { Source, Span } from "./ast.ts";
import { at, type Details, type Diagnostic } from "./diagnostic.ts";
import { diagnose, shown } from "./errors.ts";
import { type Fix, fix } from "./fix.ts";
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
  if (tokenMatcher(token, Num)) {
    return badNumber(source, token);
  }
  if (tokenMatcher(token, AnyString)) {
    return badString(source, token);
  }
  if (!tokenMatcher(token, HyphenName)) {
    return undefined;
  }
  const name = token.image.replaceAll("-", "_");
  const label = at(where(source, token), `write \`${shown(name)}\``);
  return diagnose("bad-name", { name: shown(token.image) }, label, {
    help: ["A name is made of letters, digits and `_`, and does not begin with a digit."],
    fixes: [fix("Write `_` for `-`", label.span, name, true)],
  });
}

function badNumber(source: Source, token: IToken): Diagnostic | undefined {
  const found = quantity(token.image);
  if (!("problem" in found)) {
    return undefined;
  }
  const place = where(source, token);
  if (found.problem === "range") {
    return diagnose("bad-number", { text: shown(token.image) }, at(place, "beyond what a number can hold"));
  }
  const { suggestion } = found;
  const label = at(place, suggestion ? `did you mean \`${shown(suggestion)}\`?` : "");
  const details: Details = {
    help: help(found),
    // Behind a name without a blank, as in `last.50`, another mark is as likely missing: the number would become part of the name.
    ...(suggestion &&
      !isGlued(place) && { fixes: [fix(`Write \`${shown(suggestion)}\``, place, suggestion, sure(found))] }),
  };
  return found.problem === "unit"
    ? diagnose("unknown-unit", { unit: shown(found.unit) }, label, details)
    : diagnose("bad-number", { text: shown(token.image) }, label, details);
}

const isGlued = ({ source, start }: Span): boolean =>
  /[\p{L}\p{N}_]$/u.test(source.text.slice(Math.max(0, start - 2), start));

/** `15mins` and `.5` can mean one thing only; a unit that is merely near cannot be told. */
const sure = (found: BadQuantity): boolean => found.problem === "shape" || (found.problem === "unit" && found.sure);

const help = (found: BadQuantity): string[] =>
  found.problem === "unit"
    ? ["A count may end in k, M or B, a duration ends in ms, s, min, h or d, and a share in %."]
    : ["Numbers look like `64`, `0.5`, `1e-3`, `10k`, `15min` or `97%`."];

function badString(source: Source, token: IToken): Diagnostic | undefined {
  const place = where(source, token);
  if (tokenMatcher(token, SingleQuoted)) {
    const replacement = `"${token.image.slice(1, -1).replaceAll(/["\\]/g, "\\$&")}"`;
    return diagnose("single-quotes", {}, at(place, `write \`${shown(replacement)}\``), {
      fixes: [fix("Use double quotes", place, replacement, true)],
    });
  }
  if (tokenMatcher(token, OpenString)) {
    return diagnose("unterminated-string", {}, at(place, 'a `"` is missing'), {
      fixes: [closed(source, token)],
    });
  }
  const bad = unquote(token.image);
  if (typeof bad === "string") {
    return undefined;
  }
  const start = place.start + bad.offset;
  const label = at(span(source, start, start + bad.escape.length));
  return diagnose("bad-escape", { escape: shown(bad.escape) }, label, {
    help: [
      "A string may hold `\\\"`, `\\\\`, `\\n`, `\\r`, `\\t` and `\\u{…}` with a character's number in hexadecimal.",
    ],
  });
}

/** The quote that is missing, behind the last visible character; what holds blanks may be text and a comment. */
function closed(source: Source, token: IToken): Fix {
  const text = token.image.trimEnd();
  const end = startOf(token) + text.length;
  return fix("Close the string", span(source, end, end), '"', text.length > 1 && !/[\s\\]/.test(text));
}

/** Text that never reaches the parser. A byte order mark at the very beginning is no error. */
export function foreignText(source: Source, token: IToken): Diagnostic | undefined {
  const place = where(source, token);
  if (tokenMatcher(token, ByteOrderMark) && place.start === 0) {
    return undefined;
  }
  if (tokenMatcher(token, BlockComment)) {
    const fixes = alone(source, place)
      ? [fix("Begin each line with `//`", place, lineComments(token.image), true)]
      : [];
    return diagnose("foreign-comment", {}, at(place, "begin each line with `//`"), { fixes });
  }
  if (tokenMatcher(token, HashComment)) {
    const mark = span(source, place.start, place.start + 1);
    return diagnose("foreign-comment", {}, at(mark, "write `//`"), { fixes: [fix("Write `//`", mark, "//", true)] });
  }
  const fixes = plainer(token.image).map(({ title, text }) => fix(title, place, text, true));
  return diagnose("unexpected-character", { what: named(token.image) }, at(place, advice(token.image)), { fixes });
}

/** Whether nothing follows on the line: behind a line comment nothing would be read. */
const alone = ({ text }: Source, { end }: Span): boolean => /^[ \t]*(?:[\r\n]|$)/.test(text.slice(end));

/** A block comment as line comments: its lines and their indentation, without the stars that may begin them. */
function lineComments(image: string): string {
  const parts = image.slice(2, -2).split(/(\r\n|\n|\r)/);
  const lines: { indent: string; text: string; end: string }[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const [, indent, text] = /^(\s*)(?:\*+ ?)?(.*?)\s*$/.exec(parts[i])!;
    lines.push({ indent: i === 0 ? "" : indent, text, end: parts[i + 1] ?? "" });
  }
  while (lines.length > 1 && lines[lines.length - 1].text === "") {
    lines.pop();
  }
  if (lines.length > 1 && lines[0].text === "") {
    lines.shift();
  }
  return lines
    .map(({ indent, text, end }, i) => {
      const begun = (i === 0 ? "" : indent.replace(/ $/, "")) + (text === "" ? "//" : `// ${text}`);
      return begun + (i < lines.length - 1 ? end : "");
    })
    .join("");
}

/** What was meant by characters that have one plain counterpart: `=`, `;`, blanks and marks that cannot be seen. */
function plainer(image: string): readonly { readonly title: string; readonly text: string }[] {
  if (image === "=") {
    return [{ title: "Write a colon", text: ":" }];
  }
  if (/^;+$/.test(image)) {
    return [{ title: "Drop it", text: "" }];
  }
  if (/^[\u00a0\u2000-\u200a\u202f\u3000]+$/.test(image)) {
    return [{ title: "Write blanks", text: " ".repeat(image.length) }];
  }
  if (/^[\u200b\u2060\ufeff]+$/.test(image)) {
    return [{ title: "Drop it", text: "" }];
  }
  return [];
}

/** Marks of other languages, and what is written here instead. */
function advice(image: string): string {
  if (image[0] === ";") {
    return "nothing separates settings";
  }
  if (image[0] === "=") {
    return "a setting is written `name: value`";
  }
  if (/^[“”„‘’«»'`]/.test(image)) {
    return 'strings stand in double quotes: `"`';
  }
  if (/^[\p{L}\p{M}]/u.test(image)) {
    return "names are made of the letters a to z, digits and `_`";
  }
  if (/^[+*/%<>!&|^-]/.test(image)) {
    return "the language has no expressions";
  }
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
