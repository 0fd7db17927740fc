// What the launcher, the tests and the build call.
/** True where dist/ is missing or older than a source. */
export function stale(): boolean;
/** Bundles the command line and the library entries into dist/. */
export function bundle(): Promise<void>;
