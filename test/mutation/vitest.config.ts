// The tests that are run against mutants: those of one process, without the command line.
import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { TWIN_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: ["test/{grammar,format,compiler,runtime}/**/*.test.ts", "test/{good,bad}.test.ts"],
    exclude: [
      "test/runtime/{build-table-kill,workers,table-block,table-input}.test.ts",
      "test/compiler/emit/{operators,placement}.test.ts",
    ],
    setupFiles: ["test/kit/seed.ts"],
    pool: "threads",
    testTimeout: 60_000,
  },
});
