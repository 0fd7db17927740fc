// Bytes to sources: what is UTF-8, and where it stops being so.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, sourceOf } from "../../grammar/decode.ts";
import { parse } from "../../grammar/parse.ts";
import { render } from "../../grammar/report.ts";

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))));

describe("decode", () => {
  it("keeps a text as it is, byte order mark and U+FFFD included", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(decode(new TextEncoder().encode(text))).toEqual({ text, notText: null });
      }),
    );
    expect(decode(bytes("\ufeffmodel \ufffd"))).toEqual({ text: "\ufeffmodel \ufffd", notText: null });
  });

  it("tells the first byte that is none of UTF-8", () => {
    expect(decode(bytes("// é\ufffd caf", [0xe9], " x"))).toMatchObject({
      notText: { offset: 9, byte: 12, value: 0xe9 },
    });
    expect(decode(bytes("\u{1F600}", [0xff, 0xfe]))).toMatchObject({ notText: { offset: 2, byte: 4, value: 0xff } });
    // A character that the file's end cuts.
    expect(decode(bytes("a", [0xe2, 0x82]))).toMatchObject({ notText: { offset: 1, byte: 1, value: 0xe2 } });
    expect(decode(bytes("a", [0xed, 0xa0, 0x80]))).toMatchObject({ notText: { offset: 1, byte: 1, value: 0xed } });
  });

  it("agrees with a strict decoder on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (any) => {
        const { notText } = decode(any);
        const sound = (upTo: number): boolean => {
          try {
            new TextDecoder("utf-8", { fatal: true }).decode(any.subarray(0, upTo));
            return true;
          } catch {
            return false;
          }
        };
        expect(notText === null).toBe(sound(any.length));
        if (notText === null) {
          return;
        }
        expect(sound(notText.byte)).toBe(true);
        expect(notText.value).toBe(any[notText.byte]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a source that is no text", () => {
  it.each([
    ["Latin-1", [0x2f, 0x2f, 0x20, 0x63, 0x61, 0x66, 0xe9, 0x0a], "1:7", "the byte 0xe9 is no UTF-8 here"],
    ["GBK", [0x2f, 0x2f, 0x20, 0xca, 0xd6, 0xbb, 0xfa, 0x0a], "1:4", "the byte 0xca is no UTF-8 here"],
    ["UTF-16", [0xff, 0xfe, 0x6d, 0, 0x6f, 0], "1:1", "the byte 0xff is no UTF-8 here"],
    ["binary", [0x6d, 0, 0x6f, 0xff], "1:2", "a zero byte"],
  ])("is refused as %s with its place", (_, raw, place, said) => {
    const { diagnostics } = parse(sourceOf("a.twin", Uint8Array.from(raw)));
    expect(diagnostics.map(({ code }) => code)).toEqual(["not-text"]);
    const text = render(diagnostics);
    expect(text).toContain(`a.twin:${place}`);
    expect(text).toContain(said);
    expect(text).toContain("iconv");
  });
});
