// `twin capacity` as a user runs it: of a model and of a build, as text and JSON, and what it refuses.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CapacityReport } from "../../runtime/capacity/index.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, here, root } from "../kit/cli.ts";

afterAll(cleanUp);

const model = join(root, "models/twin.twin");
const asked = ["--items", "8G", "--candidates-per-second", "30M", "--history", "10k"];

describe("twin capacity", () => {
  let dir: string;
  beforeAll(async () => {
    dir = join(temporary(), "build");
    await fine(["build", model, "-o", dir]);
  });

  it("says of a model and of its build what docs/command-line.md shows", async () => {
    const { stdout } = await fine(["capacity", model, ...asked, "--no-measure"]);
    expect(readFileSync(join(root, "docs/command-line.md"), "utf8")).toContain(stdout.trim());
    expect((await fine(["capacity", dir, ...asked, "--no-measure"])).stdout).toBe(stdout);
  });

  it("measures the graphs that rank, and counts cores by that or by what is given", async () => {
    const small = ["--items", "10k", "--candidates-per-second", "1M", "--candidates", "20", "--history", "50"];
    const of = async (...more: string[]): Promise<CapacityReport> =>
      JSON.parse((await fine(["capacity", dir, ...small, "--json", ...more])).stdout);
    const { cores, requestsPerSecond, question, refresh } = await of();
    expect(requestsPerSecond).toBe(50_000);
    expect(cores).toBeCloseTo((50_000 * question.timed!.requestMilliseconds) / 1000, 6);
    expect(refresh!.cores).toBeCloseTo(10_000 / 900 / question.timed!.itemsPerSecond!, 9);
    expect((await of("--request-ms", "2", "--no-measure")).cores).toBe(100);
  });

  it("refuses numbers, durations and files that are none", async () => {
    for (const [words, text] of [
      [[model, "--items", "8X", "--candidates-per-second", "1"], "such as 8G, 30M, 10k or 500"],
      [[model, "--items", "0", "--candidates-per-second", "1"], "a number from 1 on is due"],
      [
        [model, "--items", "9", "--candidates-per-second", "1", "--refresh", "soon"],
        '--refresh: "soon" is no duration',
      ],
      [[join(root, "models/compare/base.twin"), "--items", "9", "--candidates-per-second", "1"], "is a library"],
      [[temporary(), "--items", "9", "--candidates-per-second", "1"], "is no build"],
    ] as const) {
      const { code, stderr } = await here(["capacity", ...words]);
      expect(code).not.toBe(0);
      expect(stderr).toContain(text);
    }
  });
});
