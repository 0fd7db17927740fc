// Mutation testing of what decides numbers: `npm run mutate` (all of it takes hours), or with `-- --mutate FILES`.
// @ts-check

/** The folders that decide numbers. */
const decisive = [
  "grammar/{literal,quantity}.ts",
  "compiler/check/{limits,stages}.ts",
  "compiler/{initialise,lower/**,passes/**,ir/ops/**}.ts",
  "runtime/{columns,freshness,safetensors,table-rows,time}.ts",
  "runtime/{encode,evaluate/metrics,table}/**/*.ts",
  "runtime/data/{split,prepare/batch-history,prepare/negatives}.ts",
];

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: decisive,
  plugins: [import.meta.resolve("@stryker-mutator/vitest-runner")],
  testRunner: "vitest",
  vitest: { configFile: "test/mutation/vitest.config.ts", related: true },
  coverageAnalysis: "perTest",
  // TypeScript 7 has no API by which the sandbox could rewrite it, and nothing needs that.
  tsconfigFile: "none",
  concurrency: 2,
  timeoutMS: 20_000,
  // Texts of errors are read by people; the tests name what matters in them.
  mutator: { excludedMutations: ["StringLiteral"] },
  ignoreStatic: true,
  incremental: true,
  incrementalFile: "build/mutation/incremental.json",
  tempDirName: "build/mutation/sandbox",
  ignorePatterns: ["build", "bench", "docs", "test/compat"],
  reporters: ["clear-text", "progress-append-only", "html"],
  clearTextReporter: { allowColor: false, reportTests: false },
  htmlReporter: { fileName: "build/mutation/report.html" },
  thresholds: { high: 95, low: 90, break: 90 },
};
