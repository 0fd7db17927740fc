// Whether a compressed file is all there: the database reads one that was cut off as a shorter one, without a word.
import { closeSync, createReadStream, fstatSync, openSync } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { TwinError } from "../../../contract/error.ts";
import { attempt, codeOf, readFully } from "../../host/files.ts";
import { isGzip, isZstd } from "./file-head.ts";

/** @throws TwinError where the file is cut off, or (gzip) its checksum says that it is damaged */
export async function expectWhole(file: string, head: Uint8Array, shown: string): Promise<void> {
  if (isGzip(head)) {
    await expectWholeGzip(file, shown);
  } else if (isZstd(head) && !attempt("read", file, () => wholeZstd(file))) {
    throw new TwinError(`${shown} is cut off or damaged: copy or compress it anew (\`zstd -t\` tests it)`);
  }
}

async function expectWholeGzip(file: string, shown: string): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(file), createGunzip(), nowhere);
  } catch (cause) {
    if (!codeOf(cause).startsWith("Z_")) {
      attempt("read", file, () => {
        throw cause;
      });
    }
    const how = codeOf(cause) === "Z_BUF_ERROR" ? "cut off" : "damaged";
    throw new TwinError(`${shown} is ${how}: copy or compress it anew (\`gzip -t\` tests it)`, { cause });
  }
}

/** Follows the lengths of frames and blocks to the file's end. */
function wholeZstd(file: string): boolean {
  const opened = openSync(file, "r");
  try {
    const { size } = fstatSync(opened);
    const bytes = new Uint8Array(18);
    const view = new DataView(bytes.buffer);
    const read = (at: number, count: number): boolean => readFully(opened, bytes.subarray(0, count), at) === count;
    let at = 0;
    while (at < size) {
      if (!read(at, 8)) {
        return false;
      }
      const magic = view.getUint32(0, true);
      if (magic >>> 4 === 0x184d2a5) {
        at += 8 + view.getUint32(4, true);
        continue;
      }
      if (magic !== 0xfd2fb528) {
        return false;
      }
      const form = bytes[4];
      const single = (form & 0x20) !== 0;
      at += 5 + (single ? 0 : 1) + [0, 1, 2, 4][form & 3] + (form >>> 6 === 0 ? Number(single) : 1 << (form >>> 6));
      for (let last = false; !last; ) {
        if (!read(at, 3)) {
          return false;
        }
        const block = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
        last = (block & 1) === 1;
        const kind = (block >>> 1) & 3;
        if (kind === 3) {
          return false;
        }
        at += 3 + (kind === 1 ? 1 : block >>> 3);
      }
      at += (form & 4) === 0 ? 0 : 4;
    }
    return at === size;
  } finally {
    closeSync(opened);
  }
}
