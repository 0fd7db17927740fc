// Tests run from the sources; the command line they start is bundled once beforehand.
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { HeavyFirst } from "./test/kit/heavy-first.ts";
import { tally } from "./test/kit/tally.ts";
import { watchdog } from "./test/kit/watchdog.ts";
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
    // A test waits a fifth of its time: for a disk, a browser, a process.
    maxWorkers: Math.min(availableParallelism() + 1, 6),
    sequence: { sequencer: HeavyFirst },
    testTimeout: 180_000,
    hookTimeout: 120_000,
    ...(TWIN_TEST_REPORT && {
      // Above what any test of the full tier may take; long ones take what they take.
      reporters: ["default", watchdog(dirname(TWIN_TEST_REPORT), TWIN_LONG ? 86_400 : 420), tally(TWIN_TEST_REPORT)],
    }),
  },
});
