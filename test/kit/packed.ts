// The package as npm packs it, from a copy of the sources: no test that runs beside this one loses its bundle.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { root } from "./cli.ts";

/** Of a checkout, what no package is made of. */
const others: ReadonlySet<string> = new Set(["node_modules", "build", "dist", "test", "bench"]);

/** Copies what the package is made of to `folder`/checkout, which borrows this checkout's dependencies; gives its path. */
export function copyOfSources(folder: string): string {
  const copy = join(folder, "checkout");
  mkdirSync(copy);
  for (const name of readdirSync(root).filter((one) => !one.startsWith(".") && !others.has(one))) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** Packs a copy of the sources into `folder`; gives the path of the tarball. */
export function packed(folder: string): string {
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts=false", "--pack-destination", folder], {
    cwd: copyOfSources(folder),
    stdio: "pipe",
  });
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  return join(folder, tarball);
}
