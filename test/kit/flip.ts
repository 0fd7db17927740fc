// One flipped bit at sampled places of a folder's files, for tests that damage must be told and never give other numbers.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { times } from "./effort.ts";

export interface Flip {
  /** Relative, with `/`. */
  readonly file: string;
  readonly bit: number;
}

/** Bits spread over every file of a folder that has any bytes; the same in every run. */
export function flipsOf(
  folder: string,
  chosen: (file: string) => boolean = () => true,
  each = times("TWIN_FLIPS", 2),
): Flip[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  return names.sort().flatMap((file, f) => {
    const path = join(folder, file);
    if (!statSync(path).isFile() || !chosen(file)) {
      return [];
    }
    const bits = 8 * statSync(path).size;
    if (bits === 0) {
      return [];
    }
    // The golden ratio's steps spread over the file, however many are taken.
    return Array.from({ length: each }, (_, i) => ({
      file,
      bit: Math.floor(((0.37 + (f * 31 + i) * 0.6180339887498949) % 1) * bits),
    }));
  });
}

/** Runs with the bit flipped, and puts the file back if its folder is still there. */
export async function withFlip<T>(folder: string, { file, bit }: Flip, run: () => Promise<T>): Promise<T> {
  const path = join(folder, file);
  const before = readFileSync(path);
  const damaged = Buffer.from(before);
  damaged[bit >> 3] ^= 1 << (bit & 7);
  writeFileSync(path, damaged);
  try {
    return await run();
  } finally {
    if (existsSync(dirname(path))) {
      writeFileSync(path, before);
    }
  }
}
