// docs/migration.md: each of its models checks, and trains by the binding beside it on small files as those projects publish them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine } from "../kit/cli.ts";
import { writeFiles } from "../kit/data-files.ts";
import { easyTaobao, fuxiLong, fuxiRaw } from "../kit/published-files.ts";

afterAll(cleanUp);

const page = readFileSync(join(import.meta.dirname, "../../docs/migration.md"), "utf8");
const fences = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, body]) => body);
const [models, bindings] = [fences("twin"), fences("yaml")];

/** Lists without times are compared, and a present model's scores beside them, as the page ends. */
async function besidePresent(dir: string, model: string, data: string): Promise<void> {
  const all = join(dir, "all.csv");
  await fine(["build", model, "--weights", join(dir, "run/weights.safetensors"), "-o", join(dir, "build")]);
  await fine(["score", join(dir, "build"), "--data", data, "-o", all]);
  const options = ["--data", data, "--predictions", all, "--trials", "1", "--seeds", "1", "-o", join(dir, "report")];
  const { stdout } = await fine(["compare", model, ...options]);
  expect(stdout).toMatch(/^all.csv +[\d.]+/m);
}

describe("the migration guide", () => {
  it("has a binding for each model", () => {
    expect([models.length, bindings.length]).toEqual([3, 3]);
  });

  it.each<[string, number, (dir: string) => unknown]>([
    [
      "TWIN of FuxiCTR, over the log that is written from its lists by user",
      0,
      async (dir) => {
        await fuxiLong(dir);
        await fine(["data", "convert", "--from", "fuxictr", dir]);
      },
    ],
    ["DIN of FuxiCTR, over CSV with ^ in its lists", 1, fuxiRaw],
    ["DIN of EasyRec, over CSV without headings", 2, easyTaobao],
  ])("checks, formats and trains: %s", async (_, i, make) => {
    const dir = temporary();
    await make(dir);
    writeFiles(dir, { "guide.twin": models[i], "guide.yaml": bindings[i] });
    const [model, data] = [join(dir, "guide.twin"), join(dir, "guide.yaml")];
    expect((await fine(["check", model])).stdout).toContain("no errors");
    await fine(["format", "--check", model]);
    await fine(["data", "check", data, "--model", model]);
    const trained = await fine(["train", model, "--data", data, "-o", join(dir, "run"), "--steps", "2"]);
    expect(trained.stdout).toMatch(/the weights of step [12]\b/);
    if (i === 1) {
      await besidePresent(dir, model, data);
    }
  });
});
