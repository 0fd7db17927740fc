// Nothing outside the pieces that the kernel was given is written or counts: every piece lies between guard values, which are
// NaN, and holds them itself until it is written.
import { afterEach, describe, expect, it, vi } from "vitest";
import { Kernel, NoRoom } from "../../../runtime/kernel/index.ts";
import { KernelMemory } from "../../../runtime/kernel/memory.ts";
import { type Draw, drawn, kinds, literalLists, pooledBy, runCase } from "../../kit/kernel-case.ts";

const guard = 256;
const pattern = 0x7fc0_beef;

interface Piece {
  readonly memory: KernelMemory;
  readonly bytes: number;
}

const given = new Map<number, Piece>();

function whole(at: number, { memory, bytes }: Piece): void {
  const after = at + 4 * Math.ceil(bytes / 4);
  for (const from of [at - guard, after]) {
    expect(memory.u32.subarray(from / 4, (from + guard) / 4).every((word) => word === pattern)).toBe(true);
  }
}

function guarded(): void {
  const { take, give } = KernelMemory.prototype;
  vi.spyOn(KernelMemory.prototype, "take").mockImplementation(function (this: KernelMemory, bytes: number) {
    const at = take.call(this, bytes + 2 * guard + 4);
    if (at === null) {
      return null;
    }
    this.u32.fill(pattern, at / 4, (at + bytes + 2 * guard + 4) / 4);
    given.set(at + guard, { memory: this, bytes });
    return at + guard;
  });
  vi.spyOn(KernelMemory.prototype, "give").mockImplementation(function (this: KernelMemory, at: number) {
    whole(at, given.get(at)!);
    given.delete(at);
    give.call(this, at - guard);
  });
}

afterEach(() => {
  vi.restoreAllMocks();
  given.clear();
});

describe("the kernel's memory", () => {
  const sizes = [
    [1, 1, 1, 1],
    [5, 3, 5, 3],
    [33, 2, 7, 5],
    [100, 16, 100, 7],
    [257, 4, 16, 9],
    [1030, 5, 40, 18],
    [24_010, 2, 30, 5],
  ] as const;

  it.each(
    sizes.flatMap((size) => (["round_robin", "per_head", "max"] as const).map((rule) => [...size, rule] as const)),
  )("%i behaviours, %i heads, %i kept, %i wide, %s", async (length, heads, keep, width, rule) => {
    guarded();
    for (const [i, kind] of kinds.entries()) {
      if (length > 5000 && i % 4 !== 0) {
        continue;
      }
      const draw: Draw = {
        ...{ kind, seed: i, length, heads, width, keep, rule, candidates: length > 5000 ? 2 : 6 },
        ...{ masked: i % 2 === 0 ? 0 : 0.3, values: 23 - width, searched: i % 3 !== 0, table: i % 2 === 1 },
      };
      const one = drawn(draw);
      const { kept, pooled } = await runCase(one);
      expect(kept).toEqual(literalLists(one));
      // Whatever was read outside would be NaN.
      for (const [at, numbers] of pooled.entries()) {
        const wanted = pooledBy(one, kept, at);
        expect(numbers.filter((x, j) => Number.isNaN(x) && !Number.isNaN(wanted[j])).length).toBe(0);
      }
      expect(given.size).toBeGreaterThan(5);
      for (const [at, piece] of given) {
        whole(at, piece);
      }
    }
  });

  it("that is tight: staged in slabs, and run a few candidates at a time", async () => {
    guarded();
    const one = drawn({
      ...{ kind: "normal", seed: 3, length: 3001, heads: 4, keep: 40, width: 16, values: 16, candidates: 37 },
      ...{ rule: "round_robin", masked: 0.1, searched: false, table: true },
    });
    const wanted = literalLists(one);
    let ran = 0;
    for (let pages = 100; ; pages--) {
      const kernel = await Kernel.open(one.shape, { lanes: 1, startLane: null, maxBytes: pages * 2 ** 16 });
      try {
        const user = kernel.pack(one.user);
        pages = Math.min(pages, Math.ceil(user.bytes / 2 ** 16) + 6);
        expect((await kernel.run(user, one.queries, one.candidates)).kept).toEqual(wanted);
        ran++;
      } catch (error) {
        expect(error).toBeInstanceOf(NoRoom);
        break;
      } finally {
        for (const [at, piece] of given) {
          whole(at, piece);
        }
        given.clear();
        await kernel.close();
      }
    }
    expect(ran).toBeGreaterThan(3);
  });

  it("is seen to be touched where it is", () => {
    guarded();
    const memory = new KernelMemory(2 ** 20, false);
    const at = memory.take(20)!;
    memory.u32[at / 4 + 4] = 1;
    whole(at, given.get(at)!);
    memory.u32[at / 4 + 5] = 1;
    expect(() => whole(at, given.get(at)!)).toThrow();
  });
});
