// The hashes of a tensor file's MiBs, for the manifest. The hash is WebAssembly: the same bytes on every host.
import { BlockHashing, hashesText } from "../../contract/block-hashes.ts";
import { hasher } from "../../contract/hash.ts";

/** Loaded with this module, so that compiling itself need not wait for anything. */
const hash = await hasher();

export const blockHashing = (): BlockHashing => new BlockHashing(hash);

/** As the manifest writes them: 16 hexadecimal digits a MiB. */
export const blocksText = (hashing: BlockHashing): string => hashesText(hashing.hashes);
