// Operands that are too large to stand in the kernel's memory beside what is made of them come in slabs: the same to the bit.
import { expect, it } from "vitest";
import { TwinError } from "../../../contract/error.ts";
import { Kernel } from "../../../runtime/kernel/index.ts";
import { type Draw, drawn, runCase } from "../../kit/kernel-case.ts";

const sizes: readonly Pick<Draw, "length" | "heads" | "width" | "values" | "table">[] = [
  { length: 3001, heads: 4, width: 16, values: 16, table: true },
  { length: 3001, heads: 3, width: 5, values: 7, table: true },
  { length: 2500, heads: 2, width: 9, values: 33, table: false },
];

it.each(sizes)("%o", async (size) => {
  const one = drawn({
    ...{ kind: "normal", seed: 7, keep: 40, candidates: 9, rule: "round_robin", masked: 0.1, searched: false },
    ...size,
  });
  const wanted = await runCase(one);
  const lengths = one.user.attends.flatMap(({ values }) => values.map(({ data }) => data.byteLength));
  // Of ever less, down to where what is made of the operands has no room itself.
  let ran = 0;
  for (let maxBytes = 16 * Math.max(...lengths); ; maxBytes *= 0.8) {
    const kernel = await Kernel.open(one.shape, { lanes: 1, startLane: null, maxBytes });
    try {
      const found = await runCase(one, kernel);
      expect(found.kept).toEqual(wanted.kept);
      expect(found.pooled).toEqual(wanted.pooled);
      ran++;
    } catch (error) {
      expect(error).toBeInstanceOf(TwinError);
      break;
    } finally {
      await kernel.close();
    }
  }
  expect(ran).toBeGreaterThan(2);
});
