// Tests run from the sources; the command line they start is bundled once beforehand.
import { configDefaults, defineConfig } from "vitest/config";
import { tally } from "./test/kit/tally.ts";
import { long, slow } from "./test/tiers.ts";

const { TWIN_FAST, TWIN_LONG, TWIN_TEST_REPORT } = process.env;

export default defineConfig({
  define: { TWIN_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, "build/**", ...(TWIN_FAST ? slow : []), ...(TWIN_LONG ? [] : long)],
    globalSetup: ["test/kit/own-folder.ts", "test/kit/bundle-once.ts"],
    setupFiles: ["test/kit/seed.ts"],
    pool: "forks",
    // Files share the modules that their process has loaded: loading them anew took an eighth of a run.
    isolate: false,
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    reporters: TWIN_TEST_REPORT ? ["default", tally(TWIN_TEST_REPORT)] : ["default"],
  },
});
