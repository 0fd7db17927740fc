// Bundles the command line before any test starts it, so that parallel tests never bundle at the same time.
import { existsSync } from "node:fs";
import { join } from "node:path";

export default async function setup(): Promise<void> {
  const root = join(import.meta.dirname, "../..");
  if (!existsSync(join(root, "cli/main.ts"))) {
    return;
  }
  const { stale, bundle } = (await import("../../cli/bundle.mjs")) as {
    stale(): boolean;
    bundle(): Promise<void>;
  };
  if (stale()) {
    await bundle();
  }
}
