// A manifest's section `kernel`, read.
import * as v from "valibot";
import { isLater, readSection } from "./extensions.ts";
import { KernelSchema, type KernelSpec } from "./kernel-spec.ts";
import type { Manifest } from "./manifest.ts";

/** What the kernel does of the model, or why it does nothing; null: the build is of a version that had no kernel. */
export function kernelOf({ extensions }: Pick<Manifest, "extensions">): KernelSpec | null {
  const section = Object.hasOwn(extensions, "kernel") ? extensions.kernel : null;
  if (section === null) {
    return null;
  }
  const read = readSection(KernelSchema, section.content);
  if (read.success) {
    return read.output;
  }
  if (!section.required && isLater(read.issues)) {
    return { runs: false, because: "the build is of a later version, whose kernel this one does not know" };
  }
  throw new v.ValiError(read.issues);
}
