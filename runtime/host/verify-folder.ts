// What `twin verify` finds in a folder, whatever it holds: every file read in full and held against what was written of it.
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { blockBytes, CheckedBlocks, parseHashes } from "../../contract/block-hashes.ts";
import { TwinError } from "../../contract/error.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import { attempt, expectFile, readFully } from "./files.ts";
import { meter, type OnProgress } from "./progress.ts";

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Each kind of folder has one. @throws TwinError where there is nothing to verify, or `signal` stopped it */
export type VerifyFolder = (dir: string, options: VerifyOptions) => Promise<FolderReport>;

export interface FolderReport {
  readonly kind: "build" | "run" | "cache" | "clustering";
  /** False where anything is damaged. */
  readonly sound: boolean;
  /** What was checked, one line each; the bad ones begin with `damaged` or `refused`. */
  readonly lines: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** What is known of a file: its length, and one or both of its hashes. */
export interface KnownFile {
  readonly bytes: number;
  readonly sha256?: string | undefined;
  /** 16 hexadecimal digits for each MiB. */
  readonly blocks?: string | undefined;
}

/** Collects what is found. */
export class FolderCheck {
  readonly lines: string[] = [];
  sound = true;
  files = 0;
  bytes = 0;
  readonly #begun = performance.now();
  readonly #options: VerifyOptions;
  readonly #hasher: Hasher;
  readonly #progress: ReturnType<typeof meter>;

  private constructor(options: VerifyOptions, hash: Hasher, total: number) {
    this.#options = options;
    this.#hasher = hash;
    this.#progress = meter("MiB", Math.ceil(total / blockBytes), options.onProgress);
  }

  /** @param total bytes that there are to read, for the progress */
  static async begin(options: VerifyOptions, total: number): Promise<FolderCheck> {
    return new FolderCheck(options, await hasher(), total);
  }

  /** Runs one check; what it throws as a TwinError is a line. */
  async check(what: string, run: () => string | Promise<string>): Promise<void> {
    try {
      this.lines.push(`sound    ${what}: ${await run()}`);
    } catch (error) {
      if (!(error instanceof TwinError) || this.#options.signal?.aborted) {
        throw error;
      }
      this.sound = false;
      this.lines.push(`damaged  ${what}: ${error.message}`);
    }
  }

  /** Reads a whole file. @throws TwinError naming the file, the block where it can be known, and the way out */
  async whole(path: string, { bytes, sha256, blocks }: KnownFile, cure: string): Promise<string> {
    expectFile(path, cure);
    const file = attempt("read", path, () => openSync(path, "r"));
    const hash = createHash("sha256");
    const checked = blocks === undefined ? null : this.#blocks(path, file, { bytes, blocks }, cure);
    try {
      const piece = new Uint8Array(blockBytes);
      for (let at = 0; at <= bytes; at += blockBytes) {
        const part = piece.subarray(0, Math.min(blockBytes, bytes - at + 1));
        const got = attempt("read", path, () => readFully(file, part, at));
        const due = Math.min(blockBytes, bytes - at);
        if (got < due) {
          throw new TwinError(`${path} ends after ${at + got} of ${bytes} bytes: it is truncated. ${cure}`);
        }
        if (got > due) {
          throw new TwinError(`${path} is longer than ${bytes} bytes: it is another file. ${cure}`);
        }
        // One piece is read twice, from memory then: first for its block, whose place can be named.
        if (got > 0) {
          checked?.check(at, at + got);
        }
        hash.update(part.subarray(0, got));
        await this.count(got);
      }
    } finally {
      closeSync(file);
    }
    if (sha256 !== undefined && hash.digest("hex") !== sha256) {
      throw new TwinError(
        `${path} is damaged, or another file: its SHA-256 is not the one that was written down. ${cure}`,
      );
    }
    this.files++;
    return `${bytes} bytes, ${blocks === undefined ? "the file that its SHA-256 names" : "every block as its checksum says"}`;
  }

  /** Counts bytes that were read, lets a signal be heard, and stops where one came. */
  async count(bytes: number): Promise<void> {
    this.bytes += bytes;
    this.#progress.add(bytes / blockBytes);
    await new Promise(setImmediate);
    if (this.#options.signal?.aborted) {
      throw new TwinError("verifying was stopped; nothing is known of the rest");
    }
  }

  report(kind: FolderReport["kind"]): FolderReport {
    this.#progress.done();
    const { sound, lines, files, bytes } = this;
    return { kind, sound, lines, files, bytes, seconds: (performance.now() - this.#begun) / 1000 };
  }

  #blocks(
    path: string,
    file: number,
    { bytes, blocks }: { bytes: number; blocks: string },
    cure: string,
  ): CheckedBlocks {
    const hashes = parseHashes(blocks, bytes);
    if (hashes === null) {
      throw new TwinError(`${path}: there is not one hash for each of its MiBs. ${cure}`);
    }
    return new CheckedBlocks(
      {
        bytes,
        hashes,
        fill: (into, offset) => void attempt("read", path, () => readFully(file, into, offset)),
        damaged: (block, from, to) =>
          new TwinError(
            `${path} is damaged: bytes ${from} to ${to} (block ${block}) do not match their checksum. ${cure}`,
          ),
      },
      this.#hasher,
    );
  }
}
