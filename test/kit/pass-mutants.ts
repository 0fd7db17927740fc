// Passes with a patch in their source, bundled apart: what a case must catch.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { type Mutant, type PassCases, type Rewrite, rewriteOf } from "./pass-cases.ts";

const root = join(import.meta.dirname, "../..");

/** The rewrite with a patch in its source, bundled apart. @throws where the patched text does not stand there once */
export async function mutated(
  { file, name }: PassCases,
  { change: [from, to], file: patched = file }: Mutant,
): Promise<Rewrite> {
  const path = join(root, patched);
  const source = readFileSync(path, "utf8");
  if (source.split(from).length !== 2) {
    throw new Error(`${patched} does not hold, once: ${from}`);
  }
  const { outputFiles } = await build({
    entryPoints: [join(root, file)],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "mutant",
    logLevel: "silent",
    plugins: [
      {
        name: "patch",
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, (at) =>
            at.path === path ? { contents: source.replace(from, () => to), loader: "ts" } : null,
          );
        },
      },
    ],
  });
  const load = new Function(`${outputFiles[0].text}; return mutant;`) as () => Readonly<Record<string, unknown>>;
  return rewriteOf(load()[name]);
}
