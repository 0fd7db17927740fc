/** Compiles kernel/. */
export function assertCompiled(committed: string): Promise<void>;
