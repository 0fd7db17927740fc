// The tests that are run against mutants: of JavaScript alone, in one process, none of the slow tier.
import { configDefaults, defineConfig } from "vitest/config";
import { slow } from "../tiers.ts";
import { plainTests } from "./plain-tests.ts";

/** They reach threads by an import alone, and start none. */
const also = ["test/runtime/table-rows.test.ts", "test/runtime/table-store.test.ts"];

/** They take too long for what they decide of one mutant, or count calls by mocks, which need modules of their own. */
const apart = ["passes/scores", "facts/facts", "train/gradient", "diff", "compile-phases"];

export default defineConfig({
  define: { TWIN_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: [
      ...plainTests(["test/contract", "test/grammar", "test/format", "test/compiler", "test/runtime"]),
      ...also,
    ],
    exclude: [
      ...[...configDefaults.exclude, ...slow, "test/**/*.long.test.ts"],
      ...apart.map((name) => `test/compiler/${name}.test.ts`),
    ],
    // A run is of one mutant: its tests share what they load.
    isolate: false,
    setupFiles: ["test/kit/seed.ts"],
    pool: "threads",
    testTimeout: 60_000,
  },
});
