// A page without a bundler that has loaded the package as it is shipped, and what a server gives it.
import { join } from "node:path";
import type * as Web from "../../runtime/web/index.ts";
import type { Content } from "./site.ts";

const root = join(import.meta.dirname, "../..");

/** Where the builds of onnxruntime-web lie, to be served as a folder. */
export const ortWebFolder: string = join(root, "node_modules/onnxruntime-web/dist");

declare global {
  /** In the page: `twin-compiler/web`. */
  var twin: typeof Web;
}

/** What a page's script imports, as the package is laid out when it is installed. */
export const installed: Readonly<Record<string, Content>> = {
  "/node_modules/twin-compiler/dist/": { folder: join(root, "dist") },
  "/node_modules/onnxruntime-web/dist/": { folder: ortWebFolder },
};

/** A page without any bundler. */
export const plainPage = `<!doctype html><title>waiting</title><script type="module">
  import * as twin from "/node_modules/twin-compiler/dist/web.js";
  globalThis.twin = twin;
  document.title = "ready";
</script>`;
