// The committed bytes of the kernel are what its sources compile to, and ask for SIMD that every engine has.
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { assertCompiled } from "../../../kernel/build.mjs";
import { modules } from "../../../runtime/kernel/bytes.ts";

it("are what kernel/ compiles to", async () => {
  await expect(assertCompiled("runtime/kernel/bytes.ts")).resolves.toBeUndefined();
  // It sees other ones.
  await expect(assertCompiled("package.json")).rejects.toThrow(/run `node kernel\/build.mjs`/);
});

it.each(["own", "shared"] as const)("for %s memory: as the sum says, small, without data", async (kind) => {
  const bytes = Buffer.from(modules[kind].base64, "base64");
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(modules[kind].sha256);
  expect(bytes.length).toBeLessThan(20_000);
  // Sections by their numbers; 11 would be data, which two lanes would write over each other's.
  const sections: number[] = [];
  for (let at = 8; at < bytes.length; ) {
    sections.push(bytes[at++]);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      size |= (byte & 127) << shift;
      if (byte < 128) {
        break;
      }
    }
    at += size;
  }
  expect(sections).not.toContain(11);
});
