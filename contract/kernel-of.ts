// A manifest's section `kernel`, read.
import * as v from "valibot";
import { KernelSchema, type KernelSpec } from "./kernel-spec.ts";
import type { Manifest } from "./manifest.ts";

/** What the kernel does of the model, or why it does nothing; null: the build is of a version that had no kernel. */
export function kernelOf({ extensions }: Pick<Manifest, "extensions">): KernelSpec | null {
  const section = Object.hasOwn(extensions, "kernel") ? extensions.kernel : null;
  return section === null ? null : v.parse(KernelSchema, section.content);
}
