// The tests that are run against mutants: of JavaScript alone, in one process, none of the slow tier.
import { configDefaults, defineConfig } from "vitest/config";
import { slow } from "../tiers.ts";
import { plainTests } from "./plain-tests.ts";

export default defineConfig({
  define: { TWIN_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: plainTests(["test/contract", "test/grammar", "test/format", "test/compiler", "test/runtime"]),
    exclude: [...configDefaults.exclude, ...slow, "test/**/*.long.test.ts"],
    setupFiles: ["test/kit/seed.ts"],
    pool: "threads",
    testTimeout: 60_000,
  },
});
