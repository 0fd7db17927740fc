// A prepared data set read through: which of its files do not hold what was written.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { hasher } from "../../../contract/hash.ts";
import { attempt } from "../../host/files.ts";
import type { DatasetSpec } from "./dataset-file.ts";
import { damagedBlocks } from "./file-blocks.ts";

export interface DamagedFile {
  readonly path: string;
  /** "block 3 is damaged" */
  readonly why: string;
}

/** Every damaged file of a folder whose description was read, each once. */
export async function damageOfDataset(folder: string, { files }: DatasetSpec): Promise<DamagedFile[]> {
  const hash = await hasher();
  return Object.entries(files).flatMap(([file, written]) => {
    const path = join(folder, file);
    if (!existsSync(path)) {
      return [{ path, why: "it is missing" }];
    }
    const bytes = attempt("read", path, () => statSync(path).size);
    if (bytes !== written.bytes) {
      return [{ path, why: `it has ${bytes} bytes, and ${written.bytes} are due` }];
    }
    const damaged = damagedBlocks(path, written, hash);
    if (damaged.length === 0) {
      return [];
    }
    const several = damaged.length === 1 ? "" : ` (and ${damaged.length - 1} more)`;
    return [{ path, why: `block ${damaged[0]}${several} is damaged` }];
  });
}
