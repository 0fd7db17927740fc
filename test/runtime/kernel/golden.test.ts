// The bits of the kernel's results, as the page of test/web/kernel.test.ts has them too.
import { expect, it } from "vitest";
import { golden, kernelSum } from "../../kit/kernel-golden.ts";

it("are those of every engine", async () => {
  expect(await kernelSum()).toBe(golden);
});
