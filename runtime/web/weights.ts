// The weights of a build as far as they were needed: blocks of one file, fetched once and held against their hashes.
import { blockBytes, blocksOf, hashText, parseHashes } from "../../contract/block-hashes.ts";
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import { misfit, type OpenedFiles } from "./checked-files.ts";
import { isMissing } from "./folder-files.ts";

/** Blocks of one request. */
const mostRun = 16;
/** Requests at a time. */
const atOnce = 4;

export type ByteRange = readonly [from: number, to: number];

export class Weights {
  readonly bytes: number;
  readonly #opened: OpenedFiles;
  readonly #hasher: Hasher;
  readonly #hashes: BigUint64Array;
  /** 1 for each block that is there. */
  readonly #there: Uint8Array;
  #memory: Uint8Array | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(opened: OpenedFiles, hasher: Hasher) {
    const { bytes, blocks } = opened.manifest.files[weightsFile] ?? { bytes: 0, blocks: "" };
    this.bytes = bytes;
    this.#opened = opened;
    this.#hasher = hasher;
    // A manifest without as many is refused when it is read.
    this.#hashes = parseHashes(blocks ?? "", bytes) ?? new BigUint64Array(0);
    this.#there = new Uint8Array(blocksOf(bytes));
  }

  /** The file, zeros where nothing was needed yet. Not a copy. */
  get data(): Uint8Array {
    try {
      this.#memory ??= new Uint8Array(this.bytes);
    } catch (error) {
      throw new TwinError(`${this.#place} has ${this.bytes} bytes, which is more than this page can hold`, {
        cause: error,
      });
    }
    return this.#memory;
  }

  /** Keys of all blocks where they are kept. */
  keys(): string[] {
    return Array.from(this.#there, (_, block) => this.#key(block));
  }

  /**
   * Brings some ranges to hand. One call after the other: each fetches what those before left.
   * @throws TwinError where a block cannot be had or is not the build's; the signal's reason
   */
  need(ranges: readonly ByteRange[], signal: AbortSignal | null): Promise<void> {
    const turn = this.#last.then(() => this.#need(ranges, signal));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #need(ranges: readonly ByteRange[], signal: AbortSignal | null): Promise<void> {
    signal?.throwIfAborted();
    const wanted = new Set<number>();
    for (const [from, to] of ranges) {
      if (to > this.bytes) {
        throw new TwinError(`${this.#place} has ${this.bytes} bytes, and a graph reads it up to ${to}`);
      }
      for (let block = Math.floor(from / blockBytes); block * blockBytes < to; block++) {
        if (this.#there[block] === 0) {
          wanted.add(block);
        }
      }
    }
    await this.#fromKept([...wanted]);
    const due = [...wanted].filter((block) => this.#there[block] === 0).sort((a, b) => a - b);
    if (due.length > 0 && !(due.length < this.#there.length && (await this.#byRanges(runsOf(due), signal)))) {
      await this.#whole(signal);
    }
  }

  async #fromKept(blocks: readonly number[]): Promise<void> {
    await Promise.all(
      blocks.map(async (block) => {
        const found = await this.#opened.kept.get(this.#key(block));
        if (found !== null && this.#put(block, found)) {
          this.#opened.meter.cache(found.length);
        }
      }),
    );
  }

  /** False where only the whole file can be had. */
  async #byRanges(
    runs: readonly (readonly [first: number, end: number])[],
    signal: AbortSignal | null,
  ): Promise<boolean> {
    for (let at = 0; at < runs.length; at += atOnce) {
      const part = runs.slice(at, at + atOnce);
      const results = await Promise.allSettled(part.map(([first, end]) => this.#run(first, end, signal)));
      for (const result of results) {
        if (result.status === "rejected") {
          throw result.reason;
        }
      }
      if (results.some((result) => result.status === "fulfilled" && !result.value)) {
        return false;
      }
    }
    return true;
  }

  async #run(first: number, end: number, signal: AbortSignal | null): Promise<boolean> {
    const from = first * blockBytes;
    const to = Math.min(end * blockBytes, this.bytes);
    let bad: string | null = null;
    for (const again of [false, true]) {
      const got = await this.#opened.files.range(weightsFile, from, to, { signal, bytes: this.bytes, again });
      if (got === null) {
        return false;
      }
      bad = await this.#take(got, first);
      if (bad === null) {
        return true;
      }
    }
    throw await misfit(this.#opened, weightsFile, bad ?? "", signal);
  }

  async #whole(signal: AbortSignal | null): Promise<void> {
    let bad: string | null = null;
    for (const again of [false, true]) {
      const got = await this.#opened.files.read(weightsFile, { signal, bytes: this.bytes, again });
      if (isMissing(got)) {
        bad = got.missing;
      } else if (got.length !== this.bytes) {
        bad = `it has ${got.length} bytes and the manifest says ${this.bytes}`;
      } else {
        bad = await this.#take(got, 0);
      }
      if (bad === null) {
        return;
      }
    }
    throw await misfit(this.#opened, weightsFile, bad ?? "", signal);
  }

  /** Takes the blocks of a piece that starts with block `first`; says which is not the build's. */
  async #take(piece: Uint8Array, first: number): Promise<string | null> {
    let bad: string | null = null;
    for (let at = 0; at < piece.length; at += blockBytes) {
      const block = first + at / blockBytes;
      const bytes = piece.subarray(at, at + blockBytes);
      if (this.#there[block] === 1) {
        continue;
      }
      if (this.#put(block, bytes)) {
        await this.#opened.kept.put(this.#key(block), bytes);
      } else {
        bad ??= `block ${block} does not match its hash in the manifest`;
      }
    }
    return bad;
  }

  #put(block: number, bytes: Uint8Array): boolean {
    const size = Math.min(blockBytes, this.bytes - block * blockBytes);
    if (bytes.length !== size || this.#hasher.bytes(bytes) !== this.#hashes[block]) {
      return false;
    }
    this.data.set(bytes, block * blockBytes);
    this.#there[block] = 1;
    return true;
  }

  #key(block: number): string {
    const size = Math.min(blockBytes, this.bytes - block * blockBytes);
    return `xxh64/${hashText(this.#hashes[block])}-${size}`;
  }

  get #place(): string {
    return this.#opened.files.place(weightsFile);
  }
}

/** Neighbours together, so many at most. */
function runsOf(blocks: readonly number[]): (readonly [first: number, end: number])[] {
  const runs: [number, number][] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === block && block - last[0] < mostRun) {
      last[1]++;
    } else {
      runs.push([block, block + 1]);
    }
  }
  return runs;
}
