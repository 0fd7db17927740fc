// The three tiers of the tests: fast while one writes, full before one commits and on CI, long by flag.

const inCompiler = (name: string) => `test/compiler/${name}.test.ts`;
const inRuntime = (name: string) => `test/runtime/${name}.test.ts`;

/** Left out of the fast tier: processes of the command line, kills, damage at many places, graphics in software, browsers. */
export const slow: readonly string[] = [
  "test/end-to-end/**",
  "test/web/**",
  ...["compile-parity", "fingerprint", "parity-branches", "table-input"].map(inCompiler),
  ...["emit/decode-rows", "emit/operators", "emit/scores", "emit/select"].map(inCompiler),
  ...["build-table-kill", "damaged-build", "prepare-damage", "refresh-in-use", "self-test", "table-input"].map(
    inRuntime,
  ),
  ...["workers", "upsert", "upsert-build", "upsert-live"].map(inRuntime),
  ...["held-codes", "kernel-plan", "kernel-users", "evaluate/sample-ranks"].map(inRuntime),
];

/** In the long tier alone. */
export const long: readonly string[] = ["test/**/*.long.test.ts"];

/** What takes longest begins first: a long file that began last would leave the other processors idle. */
export const first: readonly string[] = [
  ...["compare", "pack", "ensemble", "planted", "python", "kill-lists", "train", "compat"].map(
    (name) => `test/end-to-end/${name}.test.ts`,
  ),
  ...["parity-wasm", "parity-webgpu", "parity-node", "devices"].map((name) => `test/web/${name}.test.ts`),
  ...["train/gradient", "gradient/models", "parity-branches", "lower/kernel"].map(inCompiler),
  inRuntime("table-input"),
];
