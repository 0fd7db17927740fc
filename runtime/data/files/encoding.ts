// In which encoding a text is written: as its byte order mark says, or as its bytes look; and where it leaves one.
import { firstBytes } from "./file-head.ts";

/** The encoding that a byte order mark says, or null. */
export function marked(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) {
    return "utf-16le";
  }
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    return "utf-16be";
  }
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? "utf-8" : null;
}

/** The text, or null where the bytes are none of that encoding. @param whole whether the last character is all there */
export function decodedBy(encoding: string, bytes: Uint8Array, whole: boolean): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: !whole });
  } catch {
    return null;
  }
}

/** Whether so many bytes are zero as where each sign of ASCII has two: UTF-16 without a byte order mark, which is UTF-8, too. */
export function looksWide(bytes: Uint8Array): boolean {
  return bytes.includes(0) && likelyEncoding(bytes).startsWith("utf-16");
}

/** What bytes that are no UTF-8 most likely are, by the signs of the languages that are written in each encoding. */
export function likelyEncoding(bytes: Uint8Array): string {
  const zeros = [0, 0];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 0) {
      zeros[i % 2]++;
    }
  }
  if (zeros[0] + zeros[1] > bytes.length / 8) {
    return zeros[1] > zeros[0] ? "utf-16le" : "utf-16be";
  }
  const { high, alone, pairs, hanzi, late } = counted(bytes);
  const kana = share(bytes, "shift_jis", /[\u3040-\u30ff]/g);
  if (kana > 0.2) {
    return "shift_jis";
  }
  if (alone > 0.2 * high) {
    return inBig5(bytes) ? "big5" : "windows-1252";
  }
  if (share(bytes, "windows-1251", /[а-яё]/g) > 0.6) {
    return "windows-1251";
  }
  if (hanzi > 0.6 * pairs) {
    return late > 0.08 * pairs ? "gbk" : "euc-kr";
  }
  return inBig5(bytes) ? "big5" : "windows-1252";
}

/** Whether nearly all characters are of those that Big5 holds first: the frequent ones. */
function inBig5(bytes: Uint8Array): boolean {
  let pairs = 0;
  let common = 0;
  for (let i = 0; i < bytes.length; i += bytes[i] >= 0x80 ? 2 : 1) {
    pairs += Number(bytes[i] >= 0x80);
    common += Number(bytes[i] >= 0xa1 && bytes[i] <= 0xc6);
  }
  return common > 0.9 * pairs && decodedBy("big5", bytes, false) !== null;
}

/** Share of a sign among the characters beyond ASCII, as an encoding reads them; 0 where it cannot. */
function share(bytes: Uint8Array, encoding: string, sign: RegExp): number {
  const text = decodedBy(encoding, bytes, false)?.replace(/\p{ASCII}/gu, "") ?? "";
  return text === "" ? 0 : (text.match(sign)?.length ?? 0) / text.length;
}

function counted(bytes: Uint8Array) {
  const found = { high: 0, alone: 0, pairs: 0, hanzi: 0, late: 0 };
  for (let i = 0; i < bytes.length; ) {
    let end = i;
    while (end < bytes.length && bytes[end] >= 0x80) {
      end++;
    }
    found.high += end - i;
    found.alone += Number(end - i === 1);
    for (let at = i; at + 1 < end; at += 2) {
      found.pairs++;
      const common = bytes[at] >= 0xb0 && bytes[at] <= 0xd7 && bytes[at + 1] >= 0xa1;
      found.hanzi += Number(common || (bytes[at] >= 0xa1 && bytes[at] <= 0xa3));
      found.late += Number(common && bytes[at] >= 0xc9);
    }
    i = end + 1;
  }
  return found;
}

/** What to do about a text that is no UTF-8, in one line. @param bytes of the place where it is none */
export function encodingAdvice(bytes: Uint8Array | null, shown: string): string {
  const likely = bytes === null ? null : likelyEncoding(bytes);
  const convert = `iconv -f ${(likely ?? "ENCODING").toUpperCase()} -t UTF-8 ${shellWord(shown)} > ${shellWord(shown.replace(/(\.[^./\\]*)?$/, ".utf8$1"))}`;
  return likely === null
    ? `its bytes are no text in UTF-8: say \`encoding\` beside \`file\`, or convert it: \`${convert}\``
    : `its bytes are no text in UTF-8, and look like ${likely}: write \`encoding: ${likely}\` beside \`file\`, or convert it: \`${convert}\``;
}

const shellWord = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export interface WrongText {
  readonly line: number;
  /** From the start of that line on, or a byte before it: always at an even place. */
  readonly bytes: Uint8Array;
}

const step = 1 << 20;

/** The first line of a file that is no UTF-8, or null. */
export function firstWrongText(file: string): WrongText | null {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let lines = 1;
  for (let at = 0; ; at += step) {
    const bytes = firstBytes(file, step, at);
    const last = bytes.length < step;
    try {
      decoder.decode(bytes, { stream: !last });
    } catch {
      const found = wrongIn(bytes);
      return { line: lines + found.line - 1, bytes: found.bytes };
    }
    if (last) {
      return null;
    }
    lines += bytes.filter((byte) => byte === 10).length;
  }
}

/** As `firstWrongText`, of bytes of which a line is none. */
export function wrongIn(bytes: Uint8Array): WrongText {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(10, start);
    const stop = end < 0 ? bytes.length : end + 1;
    if (decodedBy("utf-8", bytes.subarray(start, stop), true) === null) {
      return { line, bytes: bytes.subarray(start - (start % 2)) };
    }
    start = stop;
  }
  return { line: 1, bytes };
}
