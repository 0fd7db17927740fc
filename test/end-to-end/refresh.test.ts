// `twin table refresh` as a user runs it: three cycles under load, one with a broken checkpoint; stopped, killed,
// published, refused.
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load, parseRequest, type Twin } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { fine, here, root } from "../kit/cli.ts";
import { Database } from "../kit/database.ts";
import { times } from "../kit/effort.ts";
import { type ExampleBuild, exampleBuild } from "../kit/example-build.ts";
import { startRedis } from "../kit/redis.ts";

let example: ExampleBuild;
/** A run of 20 steps, and the same run later. */
let run: string;
let later: string;

beforeAll(async () => {
  example = await exampleBuild({ tables: false });
  const text = readFileSync(example.model, "utf8");
  writeFileSync(example.model, text.replace(/batch: +\d+/, "batch: 32\n  stop:  none"));
  run = join(example.folder, "run");
  later = join(example.folder, "later");
  const train = (output: string, ...more: string[]) =>
    fine(["train", example.model, "--data", example.data, "-o", output, "--threads", "1", ...more]);
  await train(run, "--steps", "10");
  cpSync(run, later, { recursive: true });
  await train(later, "--steps", "15", "--resume");
  await fine(["build", example.model, "-o", example.dir, "--weights", join(run, "weights.safetensors")]);
}, 120_000);
afterAll(cleanUp);

/** The command in a process of its own, with the ends of its cycles as they come. */
function driven(...more: string[]) {
  const words = ["table", "refresh", example.dir, "--data", example.data, "--weights-from", run, "--json", ...more];
  const child: ChildProcess = spawn(process.execPath, [join(root, "cli/twin.mjs"), ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text) => {
      said[stream] += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => void child.on("close", resolve));
  const cycles = (): Record<string, unknown>[] =>
    said.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const until = async (
    what: (cycle: Record<string, unknown>, i: number) => boolean,
  ): Promise<Record<string, unknown>> => {
    for (let i = 0; i < 2400 && child.exitCode === null; i++) {
      const found = cycles().find(what);
      if (found) {
        return found;
      }
      await wait(25);
    }
    throw new Error(`no such cycle: ${said.stdout}\n${said.stderr}`);
  };
  return { child, ended, until, said };
}

const scoresOf = async (served: Twin): Promise<string> => {
  const { prepare, rank } = parseRequest(readFileSync(example.request, "utf8"), "request");
  const { logits } = await (await served.prepare(prepare)).rank(rank);
  return [...logits.click].join();
};

/** What a release answers, opened by itself. */
async function answerOf(number: number): Promise<string> {
  const served = await load(join(example.dir, "releases", String(number)), { threads: 1 });
  const answer = await scoresOf(served);
  await served.close();
  return answer;
}

/** Puts a file in the place of another in one step, as a trainer does. */
function put(from: string, to: string): void {
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

/** Leaves out every so manieth item. */
async function fewerItems(share: number): Promise<void> {
  const database = await Database.open();
  const items = join(example.folder, "data/items.parquet");
  await database.all(
    `COPY (SELECT * FROM '${items}' WHERE hash(video_id) % ${share} <> 0) TO '${items}.new' (FORMAT parquet)`,
  );
  database.close();
  renameSync(`${items}.new`, items);
}

const status = async () => JSON.parse((await fine(["table", "refresh", example.dir, "--status", "--json"])).stdout);

describe("a folder that is refreshed under load", () => {
  it("answers every request by one release, keeps the old one over a broken checkpoint, and then has the newest", async () => {
    const { dir } = example;
    // The process is there before the first release.
    const served = await load(dir, { threads: 1 });
    const { child, ended, until } = driven("--every", "2s");
    await until(({ outcome, release }) => outcome === "released" && release === 1);
    while (served.status().release?.number !== 1) {
      await wait(25);
    }
    const answers: string[] = [];
    let going = true;
    const loads = [1, 2].map(async () => {
      while (going) {
        answers.push(await scoresOf(served));
        await wait(1);
      }
    });
    // A trainer whose disk went wrong: neither checkpoint is whole.
    const [newest, before] = ["checkpoint", "checkpoint.previous"].map((name) => join(run, `${name}.safetensors`));
    const broken = readFileSync(newest);
    broken[broken.length - 7] ^= 1;
    for (const path of [newest, before]) {
      writeFileSync(`${path}.broken`, broken);
      renameSync(`${path}.broken`, path);
    }
    expect(await until(({ outcome }) => outcome === "failed")).toMatchObject({
      failures: 1,
      because: expect.stringMatching(/checkpoint\.safetensors is damaged/),
    });
    while (served.status().refresh?.last?.outcome !== "failed") {
      await wait(25);
    }
    expect(served.status()).toMatchObject({
      release: { number: 1, next: null, because: "" },
      refresh: { owner: { pid: child.pid, state: "running" }, every: 2, next: expect.stringMatching(/Z$/) },
    });
    expect(await status()).toMatchObject({
      last: { outcome: "failed", because: expect.stringMatching(/damaged/) },
      failures: expect.any(Number),
    });
    // It is mended, and there are other items as well.
    await fewerItems(5);
    put(join(later, "checkpoint.safetensors"), newest);
    const made = await until(({ outcome, release }) => outcome === "released" && release !== 1);
    expect(made).toMatchObject({
      release: 2,
      failures: 0,
      because: expect.stringMatching(/^weights of step 15, \d+ items$/),
    });
    while (served.status().release?.number !== 2) {
      await wait(25);
    }
    await wait(200);
    going = false;
    await Promise.all(loads);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    const [first, second] = [await answerOf(1), await answerOf(2)];
    expect(first).not.toBe(second);
    expect(new Set(answers)).toEqual(new Set([first, second]));
    // It is read a few times a second.
    while (served.status().refresh?.next !== null) {
      await wait(25);
    }
    expect(served.status().refresh).toMatchObject({ owner: { state: "ended" }, failures: 0 });
    await served.close();
    expect(readdirSync(join(dir, "releases")).filter((name) => name.startsWith(".") && name !== ".readers")).toEqual(
      [],
    );
  }, 120_000);

  it("builds nothing again where nothing is new, and is driven by one process at a time", async () => {
    const { dir } = example;
    const idle = driven("--every", "1h");
    expect(await idle.until(() => true)).toMatchObject({ outcome: "nothing new", release: 2 });
    const refused = driven("--every", "1h");
    expect([await refused.ended, refused.said.stderr]).toEqual([
      1,
      expect.stringMatching(new RegExp(`process ${idle.child.pid} refreshes .* already`)),
    ]);
    idle.child.kill("SIGKILL");
    await idle.ended;
    expect(await status()).toMatchObject({ owner: { state: "ended" } });
    expect((await fine(["table", "refresh", dir, "--status"])).stdout).toMatch(
      /^nobody refreshes it now\nlast {2}nothing new/,
    );
  }, 60_000);

  it("is whole after a kill at any moment, and goes on where it was", async () => {
    const { dir, folder } = example;
    const kills = times("TWIN_KILLS", 2);
    for (let i = 0; i < kills; i++) {
      await fewerItems(7 + i);
      const killed = driven("--every", "1h");
      await wait(500 + ((i + Math.random()) / kills) * 3000);
      killed.child.kill("SIGKILL");
      await killed.ended;
      const served = await load(dir, { threads: 1 });
      expect(await scoresOf(served)).not.toBe("");
      await served.close();
    }
    await fewerItems(11);
    const last = driven("--every", "1h", "--keep", "1", "--grace", "0s");
    expect(await last.until(() => true)).toMatchObject({
      outcome: "released",
      because: expect.stringMatching(/items$/),
    });
    last.child.kill("SIGTERM");
    expect(await last.ended).toBe(143);
    expect(readdirSync(folder).filter((name) => /^\.build\./.test(name))).toEqual([".build.refresh.json"]);
    expect(readdirSync(join(dir, "releases")).filter((name) => name !== ".readers")).toEqual([
      expect.stringMatching(/^\d+$/),
      "current.json",
    ]);
  }, 120_000);

  it("publishes each new generation where the folder does, and keeps what went wrong there from those who are served", async () => {
    const { dir } = example;
    const redis = await startRedis();
    await fine(["table", "publish", dir, "--to", redis.address, "--buckets", "16"]);
    const first = Number(redis.cli("dbsize"));
    await fewerItems(13);
    const made = driven("--every", "2s", "--keep", "1", "--grace", "0s");
    expect(await made.until(() => true)).toMatchObject({
      outcome: "released",
      because: expect.stringMatching(/^\d+ items, published to redis:\/\/127\.0\.0\.1:\d+$/),
    });
    const published = JSON.parse(readFileSync(join(dir, "tables/published.json"), "utf8"));
    expect(published).toMatchObject({ address: redis.address, items: { buckets: 16, generation: 2 } });
    expect(Number(redis.cli("dbsize"))).toBeLessThan(2 * first);
    await redis.kill();
    await fewerItems(17);
    expect(await made.until(({ outcome }) => outcome === "failed")).toMatchObject({
      because: expect.stringContaining(redis.address),
    });
    await redis.restart();
    // It is empty now: the publication goes there anew.
    expect(
      await made.until(({ outcome, failures }, i) => i > 0 && outcome === "released" && failures === 0),
    ).toMatchObject({
      because: expect.stringContaining("published"),
    });
    made.child.kill("SIGINT");
    await made.ended;
    await redis.close();
  }, 120_000);

  it.each([
    [["DIR"], 2, /say where the items come from: --data/],
    [["DIR", "--data", "DATA", "--every", "soon"], 2, /--every: "soon" is no duration/],
    [["DIR", "--data", "DATA", "--every", "0s"], 2, /--every: 0s is less than a second/],
    [["DIR", "--data", "NOWHERE"], 1, /NOWHERE/],
    [["NOWHERE", "--data", "DATA"], 1, /NOWHERE/],
    [
      ["DIR", "--data", "DATA", "--weights-from", "DIR", "--every", "1h"],
      1,
      /is no training run|has no run|run\.yaml|manifest/,
    ],
  ] as const)("is refused: %s", async (words, code, message) => {
    const named = (word: string) => ({ DIR: example.dir, DATA: example.data })[word] ?? word;
    const outcome = await here(["table", "refresh", ...words.map(named)]);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.code).toBe(code);
  });
});
