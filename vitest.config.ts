// Tests run from the sources; the command line they start is bundled once beforehand.
import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { TWIN_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/kit/bundle-once.ts"],
    setupFiles: ["test/kit/seed.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    reporters: process.env.TWIN_TEST_REPORT
      ? ["default", ["json", { outputFile: process.env.TWIN_TEST_REPORT }]]
      : ["default"],
  },
});
