// Every diagnostic has exactly one bad fixture, and its text reads as it should. UPDATE=1 rewrites the texts.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../compiler/check/check.ts";
import { compilerDiagnostics } from "../compiler/diagnostics/diagnostics.ts";
import { load } from "../compiler/source/load.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { syntaxErrors } from "../grammar/errors.ts";
import { render } from "../grammar/report.ts";

const root = join(import.meta.dirname, "..");
const codes = [...Object.keys(syntaxErrors), ...Object.keys(compilerDiagnostics)];
const fixtures = readdirSync(join(root, "test/bad"))
  .filter((file) => file.endsWith(".twin"))
  .map((file) => file.slice(0, -".twin".length));

/** What a build would say, at a limit of 8 GB. Paths are shown as seen from the project's root. */
function diagnose(path: string): readonly Diagnostic[] {
  const program = load(path, (file) =>
    existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : { error: "there is no such file" },
  );
  return check(program, { maxBytes: 8e9 }).diagnostics;
}

describe("bad fixtures", () => {
  it("gives every code to one table", () => {
    expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
  });

  it("has one fixture for every code, and no other", () => {
    expect([...fixtures].sort()).toEqual([...codes].sort());
  });

  it.each(fixtures)("%s", (code) => {
    const path = `test/bad/${code}.twin`;
    const diagnostics = diagnose(path);
    const text = join(root, `test/bad/${code}.txt`);
    const rendered = render(diagnostics);
    if (process.env.UPDATE === "1") {
      writeFileSync(text, rendered);
    }
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
    expect(rendered).toBe(readFileSync(text, "utf8"));
  });
});
