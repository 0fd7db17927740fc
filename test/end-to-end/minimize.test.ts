// `twin minimize` as a user runs it: a failing model in, the smallest that fails alike out.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused, twin } from "../kit/cli.ts";
import { smallSource } from "../kit/small-model.ts";

afterAll(cleanUp);

function written(text: string, features?: string): { file: string; out: string; folder: string } {
  const folder = temporary();
  const file = join(folder, "it's mine.twin");
  writeFileSync(file, text);
  if (features !== undefined) {
    writeFileSync(join(folder, "features.twin"), features);
  }
  return { folder, file, out: join(folder, "small.twin") };
}

describe("minimize", () => {
  it("leaves what an error needs, and says what it is", async () => {
    const { file, out } = written(smallSource.replace("keep: 6", "keep: 0"));
    const { stdout } = await fine(["minimize", file, "-o", out]);
    expect(stdout).toContain(`${out}: `);
    expect(stdout).toContain("it fails with: error[out-of-range]");
    expect(readFileSync(out, "utf8")).toContain("keep: 0");
    expect(readFileSync(out, "utf8").length).toBeLessThan(300);
    expect((await twin(["check", out])).stderr).toContain("error[out-of-range]");
  });

  it("takes in what is imported", async () => {
    const [item, rest] = [
      smallSource.slice(smallSource.indexOf("item {"), smallSource.indexOf("user {")),
      smallSource.slice(smallSource.indexOf("user {")),
    ];
    const { file, out } = written(
      `model small\n\nimport "./features.twin"\n\n${rest}`,
      item.replace("dim: 4, key", "dim: 0, key"),
    );
    await fine(["minimize", file, "-o", out]);
    expect(readFileSync(out, "utf8")).not.toContain("import");
    expect(readFileSync(out, "utf8")).toContain("dim: 0");
  });

  it("runs a command with the model and a new folder, and keeps to what it has to say", async () => {
    const { file, out, folder } = written(smallSource);
    const run = "grep -q 'tower' {} && mkdir {out} && echo 'error: a tower of 12' >&2 && exit 3 || exit 0";
    const { stdout } = await fine(["minimize", file, "-o", out, "--run", run]);
    expect(readFileSync(out, "utf8")).toBe("model small\n\ntower ranking {}\n");
    expect(stdout).toContain("it fails with: error: a tower of #");
    const other = "grep -q keep {} && { echo 'error: one' >&2; exit 1; }; echo 'error: two' >&2; exit 1";
    await fine(["minimize", file, "-o", out, "--run", other, "--match", "one"]);
    expect(readFileSync(out, "utf8")).toContain("keep");
    expect(readdirSync(folder).sort()).toEqual(["it's mine.twin", "small.twin"]);
  });

  it("refuses a model that does not fail, and one that does not parse", async () => {
    const { file, out } = written(smallSource);
    for (const check of ["build", "passes"]) {
      expect((await refused(1, ["minimize", file, "-o", out, "--check", check], [])).stderr).toContain("nothing fails");
    }
    writeFileSync(file, "model small\nitem {");
    expect((await refused(1, ["minimize", file, "-o", out], [])).stderr).toContain("syntax errors leave none");
    expect(existsSync(out)).toBe(false);
  });

  it("stopped by Ctrl-C, has written the smallest so far", async () => {
    const { file, out, folder } = written(smallSource);
    const turns = join(folder, "turns");
    const run = `echo >> '${turns.replaceAll("'", "'\\''")}'; sleep 1; grep -q uint8 {} && { echo 'error: slow' >&2; exit 1; }`;
    const stopped = await twin(["minimize", file, "-o", out, "--run", run], {
      started: (child) => {
        const timer = setInterval(() => {
          // The model as it is, and two that are smaller or fail otherwise.
          if (child.exitCode !== null || (existsSync(turns) && readFileSync(turns).length >= 3)) {
            clearInterval(timer);
            child.kill("SIGINT");
          }
        }, 20);
      },
    });
    expect(stopped.code).toBe(130);
    expect(readFileSync(out, "utf8")).toContain("uint8");
  });
});
