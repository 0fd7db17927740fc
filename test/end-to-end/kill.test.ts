// `build` and `table build` killed at random moments, and stopped by signals: the earlier result stays whole and ranks the
// same, the next run succeeds, nothing is left over.
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, here, twin } from "../kit/cli.ts";
import { times } from "../kit/effort.ts";
import { type ExampleBuild, exampleBuild } from "../kit/example-build.ts";

const kills = times("TWIN_KILLS", 2);

let example: ExampleBuild;
let scores: unknown;

beforeAll(async () => {
  example = await exampleBuild();
  scores = await ranked();
});
afterAll(cleanUp);

async function ranked(): Promise<unknown> {
  const { stdout } = await fine(["rank", example.dir, "--request", example.request, "--json"]);
  return JSON.parse(stdout).scores;
}

const buildArgs = () => ["build", example.model, "-o", example.dir, "--data", example.data];
const tableArgs = () => ["table", "build", example.dir, "--data", example.data];

/** Names that only an unfinished run has. */
const leftovers = (folder: string): string[] =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => /(^|\/)\.|\.partial|\.next-|\.previous/.test(name));

/** Milliseconds that a whole run takes here and now. */
async function lasts(args: readonly string[]): Promise<number> {
  const start = performance.now();
  await fine(args, {});
  return performance.now() - start;
}

const after = (wait: number, signal: NodeJS.Signals) => (child: ChildProcess) => {
  setTimeout(() => child.kill(signal), wait);
};

/** Kills a command `kills` times at moments spread over its run, each random within its share; counts the runs that were really cut short. */
async function killed(args: readonly string[]): Promise<number> {
  const whole = await lasts(args);
  let cut = 0;
  for (let i = 0; i < kills; i++) {
    const wait = ((i + Math.random()) / kills) * whole;
    const { signal } = await twin(args, { started: after(wait, "SIGKILL") });
    if (signal === "SIGKILL") {
      cut++;
    }
    expect(await ranked(), `after a kill at ${Math.round(wait)} of ${Math.round(whole)} ms`).toEqual(scores);
  }
  return cut;
}

describe(`killed ${kills} times each`, () => {
  const timeout = 60_000 + kills * 20_000;

  it("`build` leaves the build before it, and the next one cleans up", { timeout }, async () => {
    const cut = await killed(buildArgs());
    expect(cut).toBeGreaterThan(0);
    await fine(buildArgs());
    expect(leftovers(dirname(example.dir))).toEqual([]);
    expect(await ranked()).toEqual(scores);
  });

  it("`table build` leaves the generation before it, and the next one cleans up", { timeout }, async () => {
    const cut = await killed(tableArgs());
    expect(cut).toBeGreaterThan(0);
    await fine(tableArgs());
    expect(leftovers(dirname(example.dir))).toEqual([]);
    expect(readdirSync(join(example.dir, "tables/generations")).length).toBeLessThanOrEqual(2);
    expect((await fine(["table", "verify", example.dir])).stdout).not.toMatch(/damaged|refused|unfinished/);
    expect(await ranked()).toEqual(scores);
  });
});

describe("a build that was killed between its two renames", () => {
  it("is read from what it had put aside, and put right by the next build", async () => {
    const aside = join(dirname(example.dir), ".build.previous");
    renameSync(example.dir, aside);
    const { stderr, stdout } = await here(["rank", example.dir, "--request", example.request, "--json"]);
    expect(JSON.parse(stdout).scores).toEqual(scores);
    expect(stderr).toContain("a build was stopped in its last step");
    await fine(tableArgs());
    expect(existsSync(aside)).toBe(false);
    expect(await ranked()).toEqual(scores);
  });
});

describe("a preparation of data that was killed", () => {
  it("has left the database's temporary folder, which the next run removes; that of a living one stays", async () => {
    const folder = temporary();
    const temporaries = join(folder, "tmp");
    mkdirSync(temporaries);
    const env = { TMPDIR: temporaries };
    const prepare = (name: string) => [
      ...["data", "prepare", example.data, "--model", example.model, "-o", join(folder, name)],
    ];
    const found = () => new Set(readdirSync(temporaries));
    /** Runs until a new temporary folder is there, and sends the signal. */
    const until = (signal: NodeJS.Signals, name: string) => {
      const before = found();
      return new Promise<[ChildProcess, string]>((resolve) => {
        const outcome = twin(prepare(name), {
          env,
          started(child) {
            const timer = setInterval(() => {
              const made = [...found()].find((one) => !before.has(one));
              if (made === undefined) {
                return;
              }
              clearInterval(timer);
              child.kill(signal);
              if (signal === "SIGKILL") {
                void outcome.then(() => resolve([child, made]));
              } else {
                resolve([child, made]);
              }
            }, 2);
          },
        });
      });
    };
    const [, left] = await until("SIGKILL", "killed");
    expect([...found()]).toEqual([left]);
    const [waiting, its] = await until("SIGSTOP", "waiting");
    try {
      await fine(prepare("whole"), { env });
      expect([...found()]).toEqual([its]);
    } finally {
      waiting.kill("SIGKILL");
    }
  });
});

describe("stopped by a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends a table build in order, with exit code %i", async (signal, code) => {
    const { code: found, stderr } = await stopWhen(
      ["table", "build", example.dir, "--data", example.data],
      () => leftovers(join(example.dir, "tables")).length > 0,
      signal,
    );
    expect(found).toBe(code);
    expect(stderr).toMatch(/stopped: .*the tables built before stay in use/);
    expect(leftovers(dirname(example.dir))).toEqual([]);
    expect(await ranked()).toEqual(scores);
  });

  it("SIGINT ends a build that writes, and removes what it had begun", async () => {
    const { code, stderr } = await stopWhen(
      buildArgs(),
      () => leftovers(dirname(example.dir)).some((name) => name.includes(".next-")),
      "SIGINT",
    );
    expect(code).toBe(130);
    expect(stderr).toMatch(/stopped: the build was stopped; what was in its folder before is unchanged/);
    expect(leftovers(dirname(example.dir))).toEqual([]);
    expect(await ranked()).toEqual(scores);
  });

  it("SIGINT ends the making of example data, and leaves no half of a file", async () => {
    const folder = join(temporary(), "data");
    const { code, stderr } = await stopWhen(
      ["example", folder, "--users", "100000", "--items", "500", "--behaviours", "100"],
      () => existsSync(join(folder, "users.parquet")),
      "SIGINT",
    );
    expect(code).toBe(130);
    expect(stderr).toContain("events.parquet was not written");
    expect(leftovers(folder)).toEqual([]);
    expect(existsSync(join(folder, "events.parquet"))).toBe(false);
  });

  /** Sends the signal as soon as a run is where it should be stopped. */
  async function stopWhen(args: readonly string[], ready: () => boolean, signal: NodeJS.Signals) {
    let timer: NodeJS.Timeout | undefined;
    const outcome = await twin(args, {
      started(child) {
        timer = setInterval(() => {
          if (!ready()) {
            return;
          }
          clearInterval(timer);
          child.kill(signal);
        }, 2);
      },
    });
    clearInterval(timer);
    return outcome;
  }
});
