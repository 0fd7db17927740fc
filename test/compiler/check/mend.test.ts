// `check --fix` without its files: rounds, what is taken back, when the layout is restored, and that nothing else changes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mend } from "../../../compiler/check/mend.ts";
import { sourceOf } from "../../../grammar/decode.ts";
import { format } from "../../../grammar/format.ts";

const read = (path: string) => readFileSync(join(import.meta.dirname, "../../..", path), "utf8");
const features = read("models/features.twin");
const good = read("models/twin.twin");

const mended = (text: string, imported = features) =>
  mend("models/twin.twin", (path) => (path === "models/twin.twin" ? text : imported), { library: true });
const did = (text: string) => mended(text).applied.map(({ code, position }) => `${code} ${position.line}`);

describe("mend", () => {
  it("leaves a sound file alone", () => {
    expect(mended(good)).toMatchObject({ text: null, applied: [], formatted: false });
  });

  it("applies what one fix uncovers, in the order of the text round by round", () => {
    const wrong = good
      .replace("over: nearest", "over: neerest")
      .replace("dim:   16", "dim   16")
      .replace("15min", "15mins");
    expect(did(wrong)).toEqual(["missing-colon 31", "unknown-unit 66", "unknown-name 41"]);
    expect(mended(wrong).text).toBe(good);
    expect(mended(wrong).checked.model?.name).toBe("twin");
  });

  it("restores the layout of a file that had it, also of one that could not be read", () => {
    const wrong = good.replace("dim:   16", "dim = 16");
    expect(mended(wrong)).toMatchObject({ text: good, formatted: true });
    const laid = format({ path: "a.twin", text: good.replace("activation: relu", "actvation: relu") });
    const misspelt = "text" in laid ? laid.text : "";
    expect(misspelt).toContain("hidden:    [200, 80]\n  actvation: relu");
    expect(mended(misspelt)).toMatchObject({ text: good, formatted: true });
  });

  it("keeps another layout as it is", () => {
    const own = good.replaceAll("\n", "\r\n").replace("by:   relevance", "by: relevance");
    expect(mended(own.replace("dim:   16", "dim = 16"))).toMatchObject({
      text: own.replace("dim:   16", "dim : 16"),
      formatted: false,
    });
    const loose = good.replace("item, user", "item,user");
    expect(mended(loose.replace("dim:   16", "dim = 16")).text).toBe(loose.replace("dim:   16", "dim : 16"));
  });

  it("keeps every byte of a file with a mark, CRLF, tabs and emoji", () => {
    const own = `\uFEFF// 🎬🇩🇪\r\n${good.replaceAll("\n", "\r\n").replaceAll("  ", "\t")}`;
    const wrong = own.replace("nearest\r\n\tby", "neerest\r\n\tby");
    expect(wrong).not.toBe(own);
    expect(mended(wrong).text).toBe(own);
    const bytes = new TextEncoder().encode(mended(wrong).text!);
    expect(sourceOf("a.twin", bytes)).toEqual({ path: "a.twin", text: own });
  });

  it("does not touch what it cannot tell, nor an imported file", () => {
    expect(mended(good.replace("15min", "15m")).text).toBeNull();
    expect(mended(good.replace("97%", "97")).text).toBeNull();
    // A number behind a name would become part of it, and be no number again.
    expect(mended(good.replace("last(50)", "last.50)")).text).toBeNull();
    expect(mended(good, features.replace("vocab:", "vocb:")).text).toBeNull();
    const notText = new Uint8Array([0x69, 0xff, 0x3b]);
    expect(mend("a.twin", () => notText, { library: true }).text).toBeNull();
    expect(mend("none.twin", () => ({ error: "there is no such file" }), { library: true }).text).toBeNull();
  });

  it("takes back a fix that does not help, and keeps the others", () => {
    // the header that is near stands where none may
    const wrong = `${good.replace("dim:   16", "dim   16")}\nmodle late\n`;
    const { text, applied } = mended(wrong);
    expect(applied.map(({ code }) => code)).toEqual(["missing-colon"]);
    expect(text).toBe(`${good}\nmodle late\n`);
  });

  it("ends, gives a text that it would not mend again, and never more errors of syntax", () => {
    const at = fc.nat(good.length - 1);
    const put = fc.constantFrom(
      "",
      ",",
      ";",
      "=",
      "-",
      "{",
      "}",
      "]",
      ")",
      '"',
      "'",
      "/*",
      "*/",
      "#",
      "\u00a0",
      "x",
      ".",
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(at, put), { minLength: 1, maxLength: 3 }), (cuts) => {
        let wrong = good;
        for (const [place, text] of cuts) {
          wrong = wrong.slice(0, place) + text + wrong.slice(place + 1);
        }
        const { text } = mended(wrong);
        if (text === null) {
          return;
        }
        expect(mended(text).text).toBeNull();
        if (!("diagnostics" in format({ path: "a.twin", text: wrong }))) {
          expect("diagnostics" in format({ path: "a.twin", text })).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });
});
