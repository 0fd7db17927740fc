// Files of a folder, held against the manifest whatever they came through; and what is wrong where one does not fit.
import { digestOf } from "../../contract/digest.ts";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { type FolderFiles, isMissing } from "./folder-files.ts";
import type { KeptBytes } from "./kept-bytes.ts";
import type { Meter } from "./meter.ts";

/** A build folder whose manifest was read. */
export interface OpenedFiles {
  readonly files: FolderFiles;
  readonly manifest: Manifest;
  /** manifest.json as it came. */
  readonly text: string;
  readonly kept: KeptBytes;
  readonly meter: Meter;
}

export const manifestName = "manifest.json";
const most = 64 * 1024 * 1024;

/** The text of manifest.json. @throws TwinError where it cannot be had */
export async function manifestBytes(
  files: FolderFiles,
  signal: AbortSignal | null,
  again = false,
): Promise<Uint8Array> {
  const got = await files.read(manifestName, { signal, most, changes: true, again });
  if (isMissing(got)) {
    throw new TwinError(
      `cannot read ${files.place(manifestName)}: ${got.missing}. Bring a folder that \`twin build FILE -o DIR\` wrote; one of an earlier version gets it by \`twin upgrade DIR\``,
    );
  }
  return got;
}

/** Key of a file's bytes where they are kept. */
export const keyOf = (sha256: string): string => `sha256/${sha256}`;

/** A file that the manifest lists, by its SHA-256. @throws TwinError; `folder_changed` where another build is there now */
export async function checkedFile(opened: OpenedFiles, path: string, signal: AbortSignal | null): Promise<Uint8Array> {
  const { files, manifest, kept, meter } = opened;
  if (!Object.hasOwn(manifest.files, path)) {
    throw new TwinError(`${files.place(manifestName)} does not list ${path}`);
  }
  const { bytes, sha256 } = manifest.files[path];
  const right = (got: Uint8Array): boolean => got.length === bytes && digestOf(got) === sha256;
  const before = await kept.get(keyOf(sha256));
  signal?.throwIfAborted();
  if (before !== null && right(before)) {
    meter.cache(bytes);
    return before;
  }
  let what = "";
  for (const again of [false, true]) {
    const got = await files.read(path, { signal, bytes, again });
    if (isMissing(got)) {
      what = got.missing;
    } else if (right(got)) {
      await kept.put(keyOf(sha256), got);
      return got;
    } else {
      what =
        got.length === bytes
          ? "its SHA-256 is not the manifest's"
          : `it has ${got.length} bytes and the manifest says ${bytes}`;
    }
  }
  throw await misfit(opened, path, what, signal);
}

/** What is wrong where a file is not the manifest's: another build took the folder's place, or this one is not whole. */
export async function misfit(
  { files, text }: OpenedFiles,
  path: string,
  what: string,
  signal: AbortSignal | null,
): Promise<TwinError> {
  const now = await manifestBytes(files, signal, true);
  return new TextDecoder().decode(now) === text
    ? new TwinError(
        `${files.place(path)} is not the file of its build: ${what}. Put the whole folder there anew, manifest.json last`,
      )
    : new TwinError(
        `${files.place(path)} is of another build (${what}): the folder was replaced while it was read. Open it again`,
        { code: "folder_changed" },
      );
}
