// Starts the worker's program, which lies beside the package's entry. Bundlers know this form by sight, and bring the program.
import type { PageWorker } from "./realm.ts";

declare const Worker: new (address: URL, options: { readonly type: "module" }) => PageWorker;

export const startWorker = (): PageWorker =>
  new Worker(new URL("./web-worker.js", import.meta.url), { type: "module" });
