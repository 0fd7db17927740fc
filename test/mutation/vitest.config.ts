// The tests that are run against mutants: those of one process, without the command line and what takes long.
import { configDefaults, defineConfig } from "vitest/config";
import { slow } from "../tiers.ts";

/** Whole products at work: what they notice, smaller tests notice sooner. */
const whole = ["build-table", "evaluate/{evaluate,hit-rate-report,some-users}", "example", "load", "train-*", "score"];

export default defineConfig({
  define: { TWIN_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: ["test/{grammar,format,compiler,runtime}/**/*.test.ts", "test/{good,bad}.test.ts"],
    exclude: [
      ...[...configDefaults.exclude, ...slow, "test/**/*.long.test.ts"],
      ...whole.map((name) => `test/runtime/${name}.test.ts`),
      "test/runtime/{table-block,data-{binding,clock,counts,derive,expression,items,leaks,source,types*},page/*}.test.ts",
      "test/compiler/{train,emit}/**",
      "test/compiler/compile.test.ts",
    ],
    setupFiles: ["test/kit/seed.ts"],
    pool: "threads",
    testTimeout: 60_000,
  },
});
