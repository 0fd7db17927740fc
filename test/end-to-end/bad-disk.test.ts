// Folders that cannot be written and a disk that is full: exit code 1, the cause, and what was there before is unchanged.
import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused, root } from "../kit/cli.ts";
import { contents, copyOf, type ExampleBuild, exampleBuild } from "../kit/example-build.ts";
import { needs, onSmallDisk, ordinaryUser } from "../kit/needs.ts";

let example: ExampleBuild;
beforeAll(async () => {
  example = await exampleBuild();
});
afterAll(cleanUp);

/** No file may become larger than this many KiB: writes then fail as they do on a full disk, at any depth of the code. */
const small = (kibibytes: number) => ({ first: `ulimit -f ${kibibytes}` });

describe("no room", () => {
  it("keeps the earlier build whole where the new one does not fit", async () => {
    const before = contents(dirname(example.dir));
    const args = ["build", example.model, "-o", example.dir, "--seed", "2"];
    for (const limit of [0, 8, 300]) {
      await refused(1, args, [/cannot write .*: the file would be larger than this system allows/], null, small(limit));
    }
    expect(contents(dirname(example.dir))).toEqual(before);
    await fine(["rank", example.dir, "--request", example.request]);
  });

  it("keeps the earlier generation where the new one does not fit", async () => {
    const before = contents(example.dir);
    const args = ["table", "build", example.dir, "--data", example.data];
    for (const limit of [0, 4, 16]) {
      await refused(1, args, [/larger than this system allows/], null, small(limit));
    }
    expect(contents(example.dir)).toEqual(before);
    await fine(["rank", example.dir, "--request", example.request]);
  });

  it("leaves no half of a scores file, nor of example data", async () => {
    const folder = temporary();
    const scores = ["score", example.dir, "--data", example.data, "-o", join(folder, "scores.parquet")];
    await refused(1, scores, [/scores\.parquet|larger/], null, small(1));
    await refused(
      1,
      ["example", join(folder, "data"), "--users", "5"],
      [/data.*File too large|larger/],
      null,
      small(1),
    );
    const left = readdirSync(folder, { recursive: true }).map(String);
    expect(left.filter((name) => name !== "data")).toEqual([]);
  });

  it("says that a disk is full", needs("mount"), () => {
    const folder = temporary();
    const build = `node ${join(root, "cli/twin.mjs")} build ${example.model} -o ${folder}/out; echo "exit $?"; ls -A ${folder}`;
    const { stdout, stderr } = onSmallDisk(folder, build);
    expect(stderr).toMatch(/cannot write .*: the disk is full/);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(stdout).toBe("exit 1\n");
    // The database's file lies in the output: it is not the temporary folder that is full.
    const prepare = `node ${join(root, "cli/twin.mjs")} data prepare ${example.data} --model ${example.model} -o ${folder}/out; echo "exit $?"`;
    const prepared = onSmallDisk(folder, prepare);
    expect(prepared.stderr).toContain(`the disk of ${folder}/out`);
    expect(prepared.stderr).not.toContain("TMPDIR");
    expect(prepared.stdout).toBe("exit 1\n");
  });
});

describe("a folder that may not be written", needs("ordinary user"), () => {
  const readOnly = (path: string) => {
    chmodSync(path, 0o555);
    return path;
  };

  it("builds nothing into it and says so", async () => {
    const folder = temporary();
    // The model itself must be readable by whoever runs.
    chmodSync(example.folder, 0o755);
    readOnly(folder);
    const out = join(folder, "out");
    await refused(1, ["build", example.model, "-o", out], [folder, /permission denied/], null, ordinaryUser());
    await refused(1, ["example", out], [folder, /permission denied/], null, ordinaryUser());
    await refused(1, ["quickstart", out], [folder, /permission denied/], /example data/, ordinaryUser());
    expect(readdirSync(folder)).toEqual([]);
    chmodSync(folder, 0o755);
  });

  it("ranks from a build that it may only read, also where a killed build left its stage", async () => {
    const dir = copyOf(example.dir);
    mkdirSync(join(dirname(dir), ".build.next-999999999"));
    readOnly(dir);
    readOnly(join(dir, "tables"));
    readOnly(dirname(dir));
    await fine(["rank", dir, "--request", example.request], ordinaryUser());
    await fine(["table", "verify", dir], ordinaryUser());
    await refused(1, ["table", "build", dir, "--data", example.data], [/permission denied/], null, ordinaryUser());
    for (const path of [dirname(dir), dir, join(dir, "tables")]) {
      chmodSync(path, 0o755);
    }
    rmSync(dirname(dir), { recursive: true });
  });
});
