// `twin diff` on a model that this version cannot build yet: diagnostics and exit code 1, as `build` has it.
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
  const model = join(import.meta.dirname, "../../models/twin_v2.twin");
  expect(() => diffBuild("no-such-folder", model, {})).toThrow(Failed);
  expect(said).toContain("not-yet-built");
  expect(said).toContain("cluster: kmeans");
});
