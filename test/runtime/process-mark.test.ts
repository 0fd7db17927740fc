// Marks of processes: running, ended, another one of the same number, elsewhere; and temporary folders named by them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { newMark, ownerOf } from "../../runtime/host/process-mark.ts";
import { temporaryFolder } from "../../runtime/host/temporary-folder.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { needs } from "../kit/needs.ts";

const before = process.env.TMPDIR;
afterEach(() => {
  if (before === undefined) {
    delete process.env.TMPDIR;
  } else {
    process.env.TMPDIR = before;
  }
});
afterAll(cleanUp);

/** This process's mark with parts replaced: place, number, start. */
function altered(change: { place?: string; pid?: number; start?: string }): string {
  const [place, pid, start, random] = newMark().split("-");
  return [change.place ?? place, change.pid ?? pid, change.start ?? start, random].join("-");
}

/** The number of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid!;
}

it("tells a running process from one that ended", async () => {
  expect(ownerOf(newMark())).toEqual({ pid: process.pid, state: "running" });
  expect(newMark()).not.toBe(newMark());
  const ended = await endedProcess();
  expect(ownerOf(altered({ pid: ended }))).toEqual({ pid: ended, state: "ended" });
  expect(ownerOf(altered({ place: "00000000", pid: ended }))?.state).toBe("elsewhere");
  expect(ownerOf("mine")).toBeNull();
});

// Only Linux says when a process began.
it("tells a process from a later one of the same number", needs("proc"), () => {
  expect(ownerOf(altered({ start: "1" }))?.state).toBe("ended");
});

it("removes temporary folders of processes that ended, and nothing else", async () => {
  process.env.TMPDIR = temporary();
  const ended = await endedProcess();
  const folders = {
    abandoned: `twin-test-${altered({ pid: ended })}`,
    elsewhere: `twin-test-${altered({ place: "00000000", pid: ended })}`,
    living: `twin-test-${altered({ pid: process.ppid, start: "0" })}`,
    unmarked: "twin-test-notes",
    foreign: `twin-other-${altered({ pid: ended })}`,
  };
  for (const name of Object.values(folders)) {
    mkdirSync(join(process.env.TMPDIR, name));
    writeFileSync(join(process.env.TMPDIR, name, "spilled"), "rows");
  }
  const made = temporaryFolder("test");
  const { abandoned, ...rest } = folders;
  const left = readdirSync(process.env.TMPDIR).map((name) => join(process.env.TMPDIR!, name));
  expect(left.sort()).toEqual([made, ...Object.values(rest).map((name) => join(process.env.TMPDIR!, name))].sort());
  expect(existsSync(join(process.env.TMPDIR, abandoned))).toBe(false);
});
