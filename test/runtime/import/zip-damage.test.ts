// A flipped bit in an archive of weights: the right numbers or an error that names file and entry, never other numbers.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TwinError } from "../../../contract/error.ts";
import { openForeign } from "../../../runtime/import/open-foreign.ts";
import { everyBit, patience } from "../../kit/effort.ts";
import { npzOf, type TorchPart, torchOf } from "../../kit/foreign-files.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-test-"));
const path = join(folder, "weights");
const numbers = (count: number, from: number) => Float32Array.from({ length: count }, (_, i) => from + i / 7);

const arrays = { a: { shape: [5, 3], data: numbers(15, 1) }, b: { shape: [40], data: numbers(40, -3) } };
const tensors: Record<string, TorchPart> = {
  whole: { shape: [5, 4], data: numbers(20, 1) },
  part: { shape: [2, 2], strides: [4, 1], offset: 9, data: numbers(20, 1), sharing: "whole" },
};

async function readAll(bytes: Uint8Array): Promise<string> {
  writeFileSync(path, bytes);
  const file = await openForeign(path);
  try {
    const all: [string, number[], number[]][] = [];
    for (const { name, shape } of file.arrays.values()) {
      all.push([name, [...shape], [...(await file.read(name))]]);
    }
    return JSON.stringify(all.sort());
  } finally {
    file.close();
  }
}

const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.with(bit >> 3, bytes[bit >> 3] ^ (1 << (bit & 7)));

describe("one flipped bit anywhere", () => {
  it.each([
    ["a stored NumPy archive", npzOf(arrays)],
    ["a packed NumPy archive", npzOf(arrays, true)],
    ["a PyTorch file", torchOf(tensors)],
  ])(
    "in %s",
    async (_, whole) => {
      const right = await readAll(whole);
      let refused = 0;
      const step = everyBit(7);
      for (let bit = 0; bit < 8 * whole.length; bit += step) {
        try {
          expect(await readAll(flipped(whole, bit)), `bit ${bit}`).toBe(right);
        } catch (error) {
          if (!(error instanceof TwinError)) {
            throw error;
          }
          expect(error.message).toContain(path);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan((8 * whole.length) / step / 2);
    },
    patience(60_000),
  );

  it("in the numbers names the entry, also where only a part of it is read", async () => {
    const whole = torchOf(tensors);
    // The last number of the storage, which `part` does not reach.
    const at = Buffer.from(whole).indexOf(Buffer.from(numbers(20, 1).buffer)) + 19 * 4;
    writeFileSync(path, flipped(whole, 8 * at));
    const file = await openForeign(path);
    await expect(file.read("part")).rejects.toThrow(/`archive\/data\/0` in its archive is damaged.*CRC-32/);
    file.close();
  });
});

describe("an archive without checksums", () => {
  it("is read: torch.save writes zeros where it is told to leave them out", async () => {
    const whole = torchOf(tensors);
    const bare = Buffer.from(whole);
    for (const [mark, offset] of [
      ["PK\x03\x04", 14],
      ["PK\x01\x02", 16],
    ] as const) {
      for (let at = bare.indexOf(mark, 0, "latin1"); at >= 0; at = bare.indexOf(mark, at + 1, "latin1")) {
        bare.writeUInt32LE(0, at + offset);
      }
    }
    expect(await readAll(bare)).toBe(await readAll(whole));
  });
});
