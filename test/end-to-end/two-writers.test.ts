// Two commands that write one build folder at a time: the second is refused before it has changed anything, the first
// loses nothing, and one that was killed is in nobody's way.
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cleanUp } from "../kit/built-twin.ts";
import { fine, type Outcome, refused, twin } from "../kit/cli.ts";
import { contents, type ExampleBuild, exampleBuild } from "../kit/example-build.ts";

let example: ExampleBuild;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  example = await exampleBuild();
}, 120_000);
afterAll(() => {
  for (const child of children) {
    child.kill("SIGKILL");
  }
  cleanUp();
});

const build = () => ["build", example.model, "-o", example.dir, "--data", example.data];
const table = () => ["table", "build", example.dir, "--data", example.data];
const current = () => Number(readFileSync(join(example.dir, "tables/current"), "utf8"));
const hidden = (folder: string) => readdirSync(folder).filter((name) => name.startsWith("."));

/** In the middle of writing its generation. */
const writesTables = () => hidden(join(example.dir, "tables/generations")).some((name) => name.endsWith(".partial"));
/** In the middle of writing the new folder. */
const writesBuild = () => hidden(dirname(example.dir)).some((name) => name.includes(".next-"));

/** Starts a command and stops it, as the system stops a process, as soon as it is where the test wants it. */
function paused(
  args: readonly string[],
  ready: () => boolean,
): Promise<{ child: ChildProcess; end: Promise<Outcome> }> {
  return new Promise((resolve, reject) => {
    const end = twin(args, {
      started(child) {
        children.add(child);
        const timer = setInterval(() => {
          if (child.exitCode !== null) {
            reject(new Error(`it had ended before it could be stopped: ${args.join(" ")}`));
          } else if (!ready()) {
            return;
          } else {
            child.kill("SIGSTOP");
          }
          clearInterval(timer);
          if (child.exitCode === null) {
            resolve({ child, end });
          }
        }, 1);
      },
    });
  });
}

it("a build during a table build is refused, and the generation is not lost", { timeout: 120_000 }, async () => {
  const before = current();
  const { child, end } = await paused(table(), writesTables);
  const found = contents(example.dir);
  await refused(1, build(), [`process ${child.pid} writes ${example.dir}`, "wait for it"]);
  await refused(1, table(), [`process ${child.pid} writes ${example.dir}`]);
  expect(contents(example.dir)).toEqual(found);
  child.kill("SIGCONT");
  const { code, stderr } = await end;
  expect(code, stderr).toBe(0);
  expect(current()).toBe(before + 1);
  await fine(build());
  expect(current()).toBe(before + 1);
  expect((await fine(["table", "verify", example.dir])).stdout).not.toMatch(/damaged|unfinished/);
  expect(hidden(dirname(example.dir))).toEqual([]);
});

it("a table build during a build is refused, and the build carries the tables", { timeout: 120_000 }, async () => {
  const before = current();
  const { child, end } = await paused(build(), writesBuild);
  await refused(1, table(), [`process ${child.pid} writes ${example.dir}`]);
  await refused(1, build(), [`process ${child.pid} writes ${example.dir}`]);
  child.kill("SIGCONT");
  const { code, stderr } = await end;
  expect(code, stderr).toBe(0);
  expect(current()).toBe(before);
  await fine(table());
  expect(current()).toBe(before + 1);
  expect(hidden(dirname(example.dir))).toEqual([]);
});

it("a killed writer is in nobody's way", { timeout: 120_000 }, async () => {
  const rounds = [
    { killed: table(), ready: writesTables, next: build() },
    { killed: build(), ready: writesBuild, next: table() },
  ];
  for (const { killed, ready, next } of rounds) {
    const { child, end } = await paused(killed, ready);
    child.kill("SIGKILL");
    await end;
    expect(hidden(dirname(example.dir)).some((name) => name.includes(".writer-"))).toBe(true);
    await fine(next);
    expect(hidden(dirname(example.dir))).toEqual([]);
  }
});
