// How many terminal columns a character takes, and what stands in for one that must not reach a terminal.

/** Control characters (a source may hold escape sequences), direction overrides and lone halves of pairs. */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** The text with every character that could disturb a terminal replaced by one of its width. */
export const printable = (text: string): string =>
  text.replace(unprintable, (c) => (c < "\x20" ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : "\ufffd"));

/** Ranges that terminals draw two columns wide: East Asian wide and fullwidth, emoji. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23ec],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

/** 0, 1 or 2. */
export function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (zeroWidth.test(character)) return 0;
  return wide.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

export function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOf(character);
  return columns;
}
