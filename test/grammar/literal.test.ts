// What stands between the quotes of a string.
import { describe, expect, it } from "vitest";
import { unquote } from "../../grammar/literal.ts";

describe("unquote", () => {
  it.each([
    ['"plain"', "plain"],
    ['"\\"\\\\\\n\\r\\t"', '"\\\n\r\t'],
    ['"\\u{41}\\u{00e9}\\u{1F600}"', "Aé\u{1F600}"],
    // The neighbours of the halves of pairs, and the last character there is.
    ['"\\u{D7FF}\\u{E000}\\u{10FFFF}"', "\ud7ff\ue000\u{10ffff}"],
    ['"\\u{0}"', "\0"],
    ['"one\\ntwo\\u{41}\\n\\u{42} three"', "one\ntwoA\nB three"],
  ])("%s", (literal, text) => {
    expect(unquote(literal)).toBe(text);
  });

  it.each([
    ['"ab\\u{D800}"', { offset: 3, escape: "\\u{D800}" }],
    ['"\\u{DFFF}"', { offset: 1, escape: "\\u{DFFF}" }],
    ['"\\u{d83d}\\u{de00}"', { offset: 1, escape: "\\u{d83d}" }],
    ['"\\u{110000}"', { offset: 1, escape: "\\u{110000}" }],
    ['"\\u{}"', { offset: 1, escape: "\\u" }],
    ['"\\u0041"', { offset: 1, escape: "\\u" }],
    ['"\\x41"', { offset: 1, escape: "\\x" }],
  ])("%s has an escape that is none", (literal, bad) => {
    expect(unquote(literal)).toEqual(bad);
  });
});
