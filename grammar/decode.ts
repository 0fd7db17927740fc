// Bytes of a file → a source. What is no UTF-8 is kept as U+FFFD for showing, and its first place is told.
import type { Source } from "./ast.ts";

/** A text that holds bytes which no UTF-8 text has: where the first stands, in UTF-16 offsets and in bytes. */
export interface NotText {
  readonly offset: number;
  readonly byte: number;
  /** The value of that byte. */
  readonly value: number;
}

/** The text of the bytes; `notText` where they are no UTF-8. A byte order mark stays. */
export function decode(bytes: Uint8Array): { readonly text: string; readonly notText: NotText | null } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), notText: null };
  } catch {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    return { text, notText: firstWrong(text, bytes) };
  }
}

/** The source that a file's bytes are. */
export function sourceOf(path: string, bytes: Uint8Array): Source {
  const { text, notText } = decode(bytes);
  return notText === null ? { path, text } : { path, text, notText };
}

/** The first U+FFFD of the decoded text that does not stand in the bytes. */
function firstWrong(text: string, bytes: Uint8Array): NotText {
  let byte = 0;
  let offset = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code === 0xfffd && !(bytes[byte] === 0xef && bytes[byte + 1] === 0xbf && bytes[byte + 2] === 0xbd)) {
      break;
    }
    byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    offset += character.length;
  }
  return { offset, byte, value: bytes[byte] };
}
