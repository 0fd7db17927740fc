// `twin diff` on a model that this version cannot build yet: diagnostics and exit code 1, as `build` has it.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { Failed } from "../../cli/failure.ts";
import { diffBuild } from "../../cli/verbs/diff.ts";

afterEach(() => vi.restoreAllMocks());

it("says what is not built yet", () => {
  let said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const model = join(mkdtempSync(join(tmpdir(), "diff-")), "hashed.twin");
  writeFileSync(
    model,
    `model hashed
item { id: id(vocab: 9, dim: 2, key: true) }
history seen { of: item max: 9 }
attend interest { over: seen by: hamming(item, bits: 8) }
tower rating { input: [interest] hidden: [] predict { click: binary } }
`,
  );
  expect(() => diffBuild("no-such-folder", model, {})).toThrow(Failed);
  expect(said).toContain("not-yet-built");
  expect(said).toContain("`by: hamming` in an attend");
});
