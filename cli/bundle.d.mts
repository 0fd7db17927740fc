// What the launcher, the tests and the build call.
import type { BuildOptions } from "esbuild";

/** True where dist/ is missing or older than a source. */
export function stale(): boolean;
/** How the bundle is made, as options of esbuild, apart from where it goes. */
export function bundleOptions(version: string): BuildOptions;
/** Bundles the command line and the library entries into dist/. */
export function bundle(): Promise<void>;
