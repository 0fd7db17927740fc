// onnxruntime-web, imported for one provider: its build for WebGPU (the native provider) or the one for WASM, never both.
import { TwinError } from "../../contract/error.ts";

export type WebProvider = "webgpu" | "wasm";

export type OrtWeb = typeof import("onnxruntime-web");

/** The builds of the package, by provider: what its own exports name. */
const builds: Readonly<Record<WebProvider, { readonly script: string; readonly wasm: string }>> = {
  webgpu: { script: "ort.webgpu.bundle.min.mjs", wasm: "ort-wasm-simd-threaded.asyncify.wasm" },
  wasm: { script: "ort.wasm.bundle.min.mjs", wasm: "ort-wasm-simd-threaded.wasm" },
};

/** Where the package lies beside this one when `node_modules` is served as it is; a variable, so that no bundler follows it. */
const neighbour = "../../onnxruntime-web/dist/";

/**
 * The library, from the bundle of the page, else as a file: a browser does not know packages by their names.
 * @param elsewhere the folder of its files, ending in `/`; null: beside this package
 * @throws TwinError saying what to install
 */
export async function importOrt(provider: WebProvider, elsewhere: string | null): Promise<OrtWeb> {
  let found: OrtWeb;
  try {
    found = await byName(provider);
  } catch (unbundled) {
    found = await byAddress(provider, elsewhere, unbundled);
  }
  if (elsewhere !== null) {
    // Of the build for the provider: with threads its script would be sought there, too.
    found.env.wasm.wasmPaths = { wasm: new URL(builds[provider].wasm, elsewhere).href };
  }
  return found;
}

const byName = (provider: WebProvider): Promise<OrtWeb> =>
  provider === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm");

async function byAddress(provider: WebProvider, elsewhere: string | null, unbundled: unknown): Promise<OrtWeb> {
  const here = import.meta.url;
  const place = elsewhere ?? new URL(neighbour, here).href;
  const address = new URL(builds[provider].script, place).href;
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ address);
  } catch (cause) {
    const why = [unbundled, cause].map((one) => (one instanceof Error ? one.message : String(one))).join("; ");
    throw new TwinError(
      `onnxruntime-web cannot be loaded (${why}). Install it: npm install onnxruntime-web@1.30. Where no bundler brings it into the page, serve it beside twin-compiler, as node_modules has it, or say where its files are: load(FOLDER, { wasmPaths: "https://…/onnxruntime-web/dist/" })`,
      { cause },
    );
  }
}
