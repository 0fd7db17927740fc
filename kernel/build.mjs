// Compiles the kernel, for memory of its own and for memory that lanes share. Run by itself it writes runtime/kernel/bytes.ts;
// the bundling step and a test compile again and compare.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const memory = {
  own: [],
  shared: ["--sharedMemory", "--enable", "threads"],
};

/** The module for a kind of memory: `own` or `shared`. @throws Error with what the compiler says */
export async function compile(kind) {
  const { main } = await import("assemblyscript/asc");
  let bytes = null;
  const limits = ["--importMemory", "--noExportMemory", "--initialMemory", "1", "--maximumMemory", "65536"];
  const settings = ["--runtime", "stub", "--enable", "simd", "-O3", "--noAssert", "--disableWarning", "112"];
  const { error, stderr } = await main(
    ["kernel/index.ts", "--baseDir", root, "--outFile", "kernel.wasm", ...settings, ...limits, ...memory[kind]],
    {
      writeFile: (_, contents) => {
        bytes = contents;
      },
    },
  );
  if (error !== null || bytes === null) {
    throw new Error(`kernel/ does not compile: ${error?.message ?? ""}\n${stderr}`);
  }
  return bytes;
}

/** The text of runtime/kernel/bytes.ts. */
export async function written() {
  const parts = [];
  for (const kind of Object.keys(memory)) {
    const bytes = await compile(kind);
    const sha = createHash("sha256").update(bytes).digest("hex");
    const text = Buffer.from(bytes).toString("base64");
    parts.push(`  ${kind}: {\n    sha256: "${sha}",\n    base64:\n      "${text}",\n  },\n`);
  }
  return `// Written by \`node kernel/build.mjs\`: the compiled kernel, so that neither bundler nor page must find a file.\n\nexport const modules = {\n${parts.join("")}} as const;\n`;
}

/** @throws Error where the sources give other bytes than are committed */
export async function assertCompiled(committed) {
  const { readFileSync } = await import("node:fs");
  if (readFileSync(committed, "utf8") !== (await written())) {
    throw new Error(`${committed} is not what kernel/ compiles to: run \`node kernel/build.mjs\`, and commit it`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, "runtime/kernel/bytes.ts"), await written());
}
