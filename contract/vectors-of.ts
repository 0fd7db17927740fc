// A manifest's section `vectors`, read.
import * as v from "valibot";
import { readSection } from "./extensions.ts";
import type { Manifest } from "./manifest.ts";
import { VectorsSchema, type VectorsSection } from "./vectors-section.ts";

/** What the vectors were made of that the weights were trained on; nothing of vectors of which that is not known. */
export function vectorsOf({ extensions }: Pick<Manifest, "extensions">): VectorsSection {
  if (!Object.hasOwn(extensions, "vectors")) {
    return [];
  }
  const read = readSection(VectorsSchema, extensions.vectors.content);
  if (!read.success) {
    throw new v.ValiError(read.issues);
  }
  return read.output;
}
