// Runs whose every bit is known: of sums and products alone, so that each engine draws the same numbers.
import { Kernel, type KernelShape, type UserOperands } from "../../runtime/kernel/index.ts";
import { numbers } from "./kernel-case.ts";

/** SHA-256 of all that a few runs kept and pooled, in every engine. */
export const golden = "349bdd2f2f506ef993f29c36ce9d3da45f5f10e45ef4cd5d1d7b0eac33f89c78";

const rules = ["round_robin", "per_head", "max"] as const;

export async function kernelSum(): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const [i, [length, heads, width, keep]] of [
    [40, 1, 1, 5],
    [500, 4, 16, 100],
    [1200, 3, 7, 50],
    [30_000, 2, 8, 60],
  ].entries()) {
    const next = numbers(i + 1);
    const floats = (count: number) => Float32Array.from({ length: count }, () => next() + next() + next() - 1.5);
    const rows = () => ({
      ...{ data: floats(length * heads * width), rows: null, offset: 0 },
      rowStride: heads * width,
    });
    const shape: KernelShape = {
      histories: 1,
      products: [{ history: 0, heads, width, match: [] }],
      searches: [{ product: 0, rule: rules[i % 3], keep }],
      attends: [{ product: 0, over: { search: 0 }, searched: true, width, strength: false }],
    };
    const user: UserOperands = {
      lengths: [length],
      products: [{ keys: rows(), bias: floats(heads * length), match: [] }],
      searches: [{ mask: Float32Array.from({ length }, () => Number(next() < 0.9)) }],
      attends: [{ mask: Float32Array.from({ length }, () => Number(next() < 0.8)), values: [rows()] }],
    };
    const kernel = await Kernel.open(shape, { lanes: 1, startLane: null, maxBytes: 2 ** 28 });
    const { kept, pooled } = await kernel.run(kernel.pack(user), [floats(heads * 9 * width)], 9);
    for (const { buffer } of [...kept, ...pooled]) {
      parts.push(new Uint8Array(buffer as ArrayBuffer));
    }
    await kernel.close();
  }
  const all = new Uint8Array(await new Blob(parts).arrayBuffer());
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  return Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
