// `twin release`, `twin rollback` and `twin releases` as a user runs them; killed, stopped and refused.
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load, parseRequest, type Twin } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { fine, twin } from "../kit/cli.ts";
import { times } from "../kit/effort.ts";
import { type ExampleBuild, exampleBuild } from "../kit/example-build.ts";

let example: ExampleBuild;
beforeAll(async () => {
  example = await exampleBuild();
});
afterAll(cleanUp);

const releases = async () => JSON.parse((await fine(["releases", example.dir, "--json"])).stdout);
const scoresOf = async (served: Twin): Promise<string> => {
  const { prepare, rank } = parseRequest(readFileSync(example.request, "utf8"), "request");
  const { logits } = await (await served.prepare(prepare)).rank(rank);
  return [...logits.click].join();
};

describe("a folder's releases", () => {
  it("are made, listed and gone back to, and commands look at the folder itself", async () => {
    const { dir } = example;
    expect((await fine(["releases", dir])).stdout).toBe(
      `${dir} has no releases: it is served as it lies. Make one: twin release ${dir}\n`,
    );
    expect((await fine(["release", dir])).stdout).toMatch(
      /^release 1 serves .*: the weights, tables of generation 1\n$/,
    );
    await fine(["table", "build", dir, "--data", example.data]);
    expect((await fine(["release", dir, "--keep", "2", "--grace", "0s"])).stdout).toMatch(
      /^release 2 serves .*, tables of generation 2; before it release 1, to which `twin rollback .*` goes back\n$/,
    );
    expect(await releases()).toMatchObject([
      { number: 2, serves: true, generation: 2, readers: 0 },
      { number: 1, serves: false, generation: 1, readers: 0 },
    ]);
    const served = await load(dir, { threads: 1 });
    const answer = await scoresOf(served);
    expect(served.status()).toMatchObject({ generation: 2, release: { number: 2 } });
    // What is built beside it serves nobody.
    await fine(["build", example.model, "-o", dir, "--data", example.data]);
    expect((await releases())[0]).toMatchObject({ number: 2, serves: true, readers: 1 });
    expect(await served.refresh()).toBe(false);
    expect(await scoresOf(served)).toBe(answer);
    expect((await fine(["rollback", dir])).stdout).toBe(`release 1 serves ${dir}, as before release 2\n`);
    // It may have been taken up by itself meanwhile.
    await served.refresh();
    expect(served.status()).toMatchObject({ generation: 1, release: { number: 1 } });
    expect((await fine(["rollback", dir, "--to", "2", "--json"])).stdout).toBe(
      '{\n  "release": 2,\n  "before": 1\n}\n',
    );
    await served.close();
    const list = (await fine(["releases", dir])).stdout.split("\n");
    expect(list[0]).toMatch(/^release +made at +weights +tables +readers$/);
    expect(list[1]).toMatch(/^2 +serves +\S+Z +generation 2 +0$/);
    expect(list[2]).toMatch(/^1 +until \S+Z +\S+Z +generation 1 +0$/);
    // A release is a build folder of its own.
    await fine(["rank", join(dir, "releases/1"), "--request", example.request]);
    await fine(["verify", join(dir, "releases/2")]);
    await fine(["table", "build", dir, "--data", example.data]);
  });

  it.each([
    [["release", "DIR", "--keep", "0"], 2, "a whole number from 1 on is due"],
    [["release", "DIR", "--grace", "soon"], 2, '--grace: "soon" is no duration'],
    [["rollback", "DIR", "--to", "77"], 1, /has no release 77; it has 1, 2 \(twin releases/],
    [["release", "NOWHERE"], 1, /NOWHERE.*(no such file|no manifest)/],
    [["rollback", "NOWHERE"], 1, /no release served NOWHERE before/],
  ] as const)("are refused: %s", async (words, code, message) => {
    const { code: exit, stderr } = await twin(words.map((word) => (word === "DIR" ? example.dir : word)));
    expect(stderr).toMatch(message);
    expect(exit).toBe(code);
    expect(existsSync("NOWHERE")).toBe(false);
  });

  it("leave one that is whole in service when a command is killed at any moment", async () => {
    const { dir } = example;
    const started = performance.now();
    await fine(["release", dir]);
    const whole = performance.now() - started;
    const kills = times("TWIN_KILLS", 3);
    for (let i = 0; i < kills; i++) {
      const wait = ((i + Math.random()) / kills) * whole;
      const command = i % 2 === 0 ? ["release", dir] : ["rollback", dir];
      await twin(command, { started: (child: ChildProcess) => void setTimeout(() => child.kill("SIGKILL"), wait) });
      const served = await load(dir, { threads: 1 });
      expect(await scoresOf(served)).not.toBe("");
      await served.close();
    }
    await fine(["release", dir, "--keep", "1", "--grace", "0s"]);
    expect(readdirSync(join(dir, "releases")).filter((name) => /partial|removed/.test(name))).toEqual([]);
    expect(await releases()).toHaveLength(1);
  });
});
