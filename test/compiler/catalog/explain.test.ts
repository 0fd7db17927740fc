// Every code can be explained, and no essay explains a code that is not there.
import { describe, expect, it } from "vitest";
import { codes, essays, explain } from "../../../compiler/hints/explain.ts";

describe("explain", () => {
  it.each(codes())("%s", (code) => {
    const text = explain(code)!;
    expect(text).toMatch(new RegExp(`^(error|warning|note)\\[${code}\\]: .+\n\n`));
    expect(text).not.toMatch(/undefined|\$\{/);
    expect(text.endsWith("\n")).toBe(true);
  });

  it("knows no other code", () => {
    expect(explain("no-such-code")).toBeNull();
    expect(explain("constructor")).toBeNull();
    expect(Object.keys(essays).filter((code) => !codes().includes(code))).toEqual([]);
  });
});
