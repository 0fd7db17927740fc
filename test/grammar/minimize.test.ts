// Delta debugging over the tree: what stays is needed, what is asked is asked once, and the result is always the same.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { load } from "../../compiler/source/load.ts";
import { format, minimize, smaller } from "../../grammar/index.ts";
import { anyModel } from "../kit/any-model.ts";
import { smallSource } from "../kit/small-model.ts";

const least = (text: string, shows: (text: string) => boolean) => minimize({ path: "m.twin", text }, shows);
const errors = (text: string): string[] =>
  check(load("m.twin", () => text))
    .diagnostics.filter(({ severity }) => severity === "error")
    .map(({ code }) => code);

describe("minimize", () => {
  it("leaves what the failure needs, in the canonical layout", async () => {
    const text = smallSource.replace("keep: 6", "keep: 0 // never");
    expect(errors(text)).toEqual(["out-of-range"]);
    const result = await least(text, (next) => errors(next).includes("out-of-range"));
    expect(result).toBe("model small\n\nsearch nearest {\n  keep: 0\n}\n");
    expect(format({ path: "", text: result })).toEqual({ text: result });
  });

  it("makes numbers smaller, elements and arguments fewer, comments gone", async () => {
    const text = "// top\nmodel m\n\ntower t {\n  hidden: [200, 80, 40] // three\n  x: f(a: 10k, b: 15min)\n}\n";
    expect(await least(text, (next) => /hidden/.test(next) && /80|\b40|min/.test(next) && /f\(/.test(next))).toBe(
      "model m\n\ntower t {\n  hidden: []\n  x:      f(b: 1min)\n}\n",
    );
    expect(await least(text, (next) => Number(/a: ([\d.]+)/.exec(next)?.[1]) >= 2)).toBe(
      "model m\n\ntower t {\n  x: f(a: 2)\n}\n",
    );
  });

  it("asks for no text twice, and for none that does not parse; the same answers give the same", async () => {
    const asked: string[] = [];
    const shows = (next: string) => {
      asked.push(next);
      return next.includes("interest");
    };
    const result = await least(smallSource, shows);
    expect(new Set(asked).size).toBe(asked.length);
    for (const text of asked) {
      expect(format({ path: "", text })).toEqual({ text });
    }
    const before = [...asked];
    asked.length = 0;
    expect(await least(smallSource, shows)).toBe(result);
    expect(asked).toEqual(before);
  });

  it("ends where no single step makes it smaller", async () => {
    const shows = (text: string) => text.includes("uint8") && text.includes("dim");
    const result = await least(smallSource, shows);
    const laidOut = [...smaller(result)].flatMap((text) => {
      const formatted = format({ path: "", text });
      return "text" in formatted && formatted.text !== result ? [formatted.text] : [];
    });
    expect(laidOut.filter(shows)).toEqual([]);
  });

  it("ends with what `shows` throws, and has said the smallest so far", async () => {
    let best = "";
    let tries = 0;
    const search = minimize(
      { path: "m.twin", text: smallSource },
      (text) => {
        if (++tries === 8) {
          throw new Error("stop");
        }
        return text.includes("interest");
      },
      ({ text }) => {
        best = text;
      },
    );
    await expect(search).rejects.toThrow("stop");
    expect(best).toContain("interest");
    expect(best.length).toBeLessThan(smallSource.length);
  });

  it("makes a counterexample of the property tests the smallest model that still fails", () => {
    const { counterexample } = fc.check(
      fc.property(anyModel(), (model) => model.towers.every(({ experts }) => experts === 0)),
      { numRuns: 100 },
    );
    const [model] = counterexample!;
    const text = String((model as unknown as Record<symbol, () => string>)[fc.toStringMethod]());
    expect(text).toMatch(/experts: 1\b/);
    expect(text).not.toMatch(/history|metric|search|table|cover|topics/);
    expect(text.split("\n").length).toBeLessThan(18);
  });
});
