// Mutation testing of what decides numbers: `npm run mutate` (all of it takes hours), or with `-- --mutate FILES`.
// @ts-check
import { readFileSync } from "node:fs";

/** What decides numbers, files and folders; a house test looks whether each is there. */
const decisive = JSON.parse(readFileSync(new URL("decisive.json", import.meta.url), "utf8"));

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: decisive.map((path) => (path.endsWith(".ts") ? path : `${path}/**/*.ts`)),
  plugins: [import.meta.resolve("./runner.ts")],
  testRunner: "one-process",
  coverageAnalysis: "perTest",
  // TypeScript 7 has no API by which the sandbox could rewrite it, and nothing needs that.
  tsconfigFile: "none",
  concurrency: 2,
  timeoutMS: 10_000,
  timeoutFactor: 4,
  // The first run is of every test that knows the file, without a mutant.
  dryRunTimeoutMinutes: 30,
  // Texts of errors are read by people; the tests name what matters in them.
  mutator: { excludedMutations: ["StringLiteral"] },
  ignoreStatic: true,
  incremental: true,
  incrementalFile: "build/mutation/incremental.json",
  tempDirName: "build/mutation/sandbox",
  ignorePatterns: ["build"],
  reporters: ["progress-append-only", "json", "html"],
  jsonReporter: { fileName: "build/mutation/report.json" },
  htmlReporter: { fileName: "build/mutation/report.html" },
  // `score.ts` says what is due: it knows which survivors change no number.
  thresholds: { high: 95, low: 90, break: null },
};
