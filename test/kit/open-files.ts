// Files of a folder that this process has open. What is about them says `needs("proc")`; elsewhere nothing is asked.
import { readdirSync, readlinkSync } from "node:fs";
import { expect } from "vitest";
import { lacking } from "./needs.ts";

const descriptors = "/proc/self/fd";

/** Their paths, one for each descriptor, of deleted files too. On a system with /proc. */
export function openFiles(dir: string): string[] {
  return readdirSync(descriptors).flatMap((name) => {
    try {
      const path = readlinkSync(`${descriptors}/${name}`);
      return path.startsWith(dir) ? [path] : [];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

/**
 * At the end of a test of other things, in a file that also has some which need /proc: there the run says what is not tried.
 * @param within milliseconds until the last one must be closed
 */
export async function expectNoneOpen(dir: string, within = 0): Promise<void> {
  if (lacking("proc") !== null) {
    return;
  }
  const until = performance.now() + within;
  while (openFiles(dir).length > 0 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(openFiles(dir)).toEqual([]);
}
