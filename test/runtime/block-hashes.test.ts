// A hash for each MiB: the same however the bytes come in pieces, the same as text, and held against every range read.
import { describe, expect, it } from "vitest";
import {
  BlockHashing,
  blockBytes,
  CheckedBlocks,
  hashesPattern,
  hashesText,
  parseHashes,
} from "../../contract/block-hashes.ts";
import { hasher } from "../../contract/hash.ts";

const hash = await hasher();

function bytesOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = 1; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function hashesOf(bytes: Uint8Array, ...pieces: number[]): BigUint64Array {
  const hashing = new BlockHashing(hash);
  let at = 0;
  for (const piece of [...pieces, bytes.length]) {
    hashing.update(bytes.subarray(at, at + piece));
    at += piece;
  }
  return hashing.hashes;
}

describe("hashes of blocks", () => {
  it("are xxHash64 of each MiB, of the last one as short as it is", () => {
    const bytes = bytesOf(2 * blockBytes + 5);
    const due = [0, 1, 2].map((block) => hash.bytes(bytes.slice(block * blockBytes, (block + 1) * blockBytes)));
    expect([...hashesOf(bytes)]).toEqual(due);
    expect(hashesOf(new Uint8Array(0))).toHaveLength(0);
    expect(hashesOf(bytes.subarray(0, blockBytes))).toHaveLength(1);
  });

  it("do not depend on the pieces", () => {
    const bytes = bytesOf(3 * blockBytes + 77);
    const due = hashesText(hashesOf(bytes));
    for (const pieces of [
      [1],
      [blockBytes - 1, 2],
      [blockBytes, blockBytes],
      [blockBytes + 1, blockBytes - 1, 7],
      [77, 0, 2 * blockBytes, 0],
    ]) {
      expect(hashesText(hashesOf(bytes, ...pieces)), pieces.join()).toBe(due);
    }
  });

  it("go on from those of whole blocks that came before", () => {
    const bytes = bytesOf(2 * blockBytes + 9);
    const first = new BlockHashing(hash);
    first.update(bytes.subarray(0, blockBytes));
    const later = new BlockHashing(hash, [...first.hashes]);
    expect(later.bytes).toBe(blockBytes);
    later.update(bytes.subarray(blockBytes));
    expect(later.bytes).toBe(bytes.length);
    expect(later.hashes).toEqual(hashesOf(bytes));
  });

  it("are written as 16 digits a block, and read back only where they are as many as the bytes need", () => {
    const hashes = BigUint64Array.of(0n, 0xffff_ffff_ffff_ffffn, 0x0123_4567_89ab_cdefn);
    const text = "0000000000000000ffffffffffffffff0123456789abcdef";
    expect(hashesText(hashes)).toBe(text);
    expect(hashesPattern.test(text)).toBe(true);
    expect(parseHashes(text, 2 * blockBytes + 1)).toEqual(hashes);
    expect(parseHashes(text, 3 * blockBytes)).toEqual(hashes);
    expect(parseHashes(text, 3 * blockBytes + 1)).toBeNull();
    expect(parseHashes(text, 2 * blockBytes)).toBeNull();
    expect(parseHashes(text.replace("f", "F"), 3 * blockBytes)).toBeNull();
    expect(parseHashes("", 0)).toEqual(new BigUint64Array(0));
  });
});

describe("ranges held against hashes", () => {
  const good = bytesOf(3 * blockBytes + 100);
  const hashes = hashesOf(good);

  function opened(bytes: Uint8Array) {
    const read: number[] = [];
    const blocks = new CheckedBlocks(
      {
        bytes: good.length,
        hashes,
        fill(into, offset) {
          read.push(offset);
          into.set(bytes.subarray(offset, offset + into.length));
        },
        damaged: (block, from, to) => new Error(`block ${block}: ${from}-${to}`),
      },
      hash,
    );
    return { blocks, read };
  }

  it("give the bytes, whatever the range", () => {
    const { blocks } = opened(good);
    for (const [from, length] of [
      [5, 10],
      [blockBytes - 1, 2],
      [0, good.length],
      [blockBytes, blockBytes],
      [blockBytes - 3, 2 * blockBytes + 6],
      [3 * blockBytes, 100],
      [good.length, 0],
    ]) {
      const into = new Uint8Array(length);
      blocks.read(from, into);
      expect(Buffer.compare(into, good.subarray(from, from + length)), `${from} + ${length}`).toBe(0);
    }
  });

  it("read each block that is touched once, those inside the range where they are asked for, and no other", () => {
    const [one, two, three] = [blockBytes, 2 * blockBytes, 3 * blockBytes];
    for (const [from, length, due] of [
      [0, good.length, [0, one, two, three]],
      [one, one, [one]],
      [0, one, [0]],
      [5, 0, []],
      // A block of which a part is asked for is checked apart, and then that part is read.
      [5, 10, [0, 5]],
      [one - 3, one + 3, [0, one, one - 3]],
      [two, one + 50, [two, three, two]],
    ] as const) {
      const { blocks, read } = opened(good);
      const into = new Uint8Array(length);
      blocks.read(from, into);
      expect(read, `${from} + ${length}`).toEqual(due);
      expect(Buffer.compare(into, good.subarray(from, from + length))).toBe(0);
      blocks.read(from, into);
      expect(read.slice(due.length), "again").toEqual(length === 0 ? [] : [from]);
    }
  });

  it("refuse a flipped bit wherever it lies in a block that is touched, and only there", () => {
    for (const at of [0, blockBytes - 1, blockBytes, 2 * blockBytes + 17, good.length - 1]) {
      const bytes = good.slice();
      bytes[at] ^= 16;
      const block = Math.floor(at / blockBytes);
      const from = block * blockBytes;
      const said = `block ${block}: ${from}-${Math.min(from + blockBytes, good.length) - 1}`;
      for (let touched = 0; touched < 4; touched++) {
        const { blocks } = opened(bytes);
        const read = () => blocks.read(touched * blockBytes + 50, new Uint8Array(8));
        if (touched === block) {
          expect(read).toThrow(said);
        } else {
          expect(read).not.toThrow();
        }
      }
      expect(() => opened(bytes).blocks.check()).toThrow(said);
      expect(() => opened(bytes).blocks.read(0, new Uint8Array(good.length))).toThrow(said);
    }
  });

  it("check a block once, unless asked to verify anew", () => {
    const { blocks, read } = opened(good);
    blocks.check(blockBytes + 5, blockBytes + 6);
    blocks.check(blockBytes, 2 * blockBytes);
    expect(read).toEqual([blockBytes]);
    blocks.check();
    expect(read).toEqual([blockBytes, 0, 2 * blockBytes, 3 * blockBytes]);
    blocks.verify(0, 1);
    expect(read.slice(4)).toEqual([0]);
    blocks.verify(blockBytes, 2 * blockBytes);
    expect(read.slice(5)).toEqual([blockBytes]);
    blocks.verify();
    expect(read.slice(6)).toEqual([0, 1, 2, 3].map((block) => block * blockBytes));
  });
});
