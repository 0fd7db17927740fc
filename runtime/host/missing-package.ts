// Native packages that an install may have left out: npm drops an optional one whose install step fails, without a word.

/** What each is for, and how one gets it; by what its modules are called. */
const packages: readonly { readonly name: RegExp; readonly what: string; readonly install: string }[] = [
  {
    name: /['"](onnxruntime-(?:node|common))\b/,
    what: "onnxruntime-node, which runs graphs",
    install: "npm install onnxruntime-node@1.30 --ignore-scripts",
  },
  {
    name: /['"]@duckdb\/node-/,
    what: "@duckdb/node-api, which reads data",
    install: "npm install @duckdb/node-api@1.5 --include=optional",
  },
  {
    name: /['"]ioredis\b/,
    what: "ioredis, which talks to Redis",
    install: "npm install ioredis@6",
  },
];

/** What to install, where a failure is that of a package which is not there; null for every other failure. */
export function missingPackage(failure: unknown): string | null {
  const code: unknown = failure instanceof Error ? Reflect.get(failure, "code") : undefined;
  if (!(failure instanceof Error) || (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND")) {
    return null;
  }
  const found = packages.find(({ name }) => name.test(failure.message));
  return found === undefined ? null : `${found.what}, is not installed here. Install it: ${found.install}`;
}
