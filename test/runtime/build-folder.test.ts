// Who may write a build folder: announcements of living, ended and unreachable processes, and ways to one folder.
import { mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";
import { expectNoOther, holdBuild } from "../../runtime/host/build-folder.ts";
import { newMark } from "../../runtime/host/process-mark.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";

afterAll(cleanUp);

let parent: string;
let dir: string;
beforeEach(() => {
  parent = temporary();
  dir = join(parent, "build");
  mkdirSync(dir);
});

const hidden = () => readdirSync(parent).filter((name) => name.startsWith("."));

/** An announcement of another process, touched so many minutes ago. */
function announced(change: { place?: string; pid?: number; start?: string }, minutes = 0): string {
  const [place, pid, start, random] = newMark().split("-");
  const mark = [change.place ?? place, change.pid ?? pid, change.start ?? start, random].join("-");
  const path = join(parent, `.build.writer-${mark}`);
  writeFileSync(path, "");
  const time = Date.now() / 1000 - 60 * minutes;
  utimesSync(path, time, time);
  return path;
}

it("is one at a time, and free again afterwards", () => {
  const release = holdBuild(dir);
  expect(hidden().length).toBe(1);
  expect(() => holdBuild(dir)).toThrow(
    new RegExp(`process ${process.pid} writes ${dir} .*wait for it.*Nothing was changed`),
  );
  expect(() => expectNoOther(dir)).toThrow(/wait for it/);
  holdBuild(join(parent, "another"))();
  release();
  expect(hidden()).toEqual([]);
  holdBuild(dir)();
});

it("is one at a time by whichever link", () => {
  const link = join(temporary(), "link");
  symlinkSync(dir, link);
  const release = holdBuild(link);
  expect(() => holdBuild(dir)).toThrow(/wait for it/);
  release();
});

it("is refused while a process runs, however long it has been silent, and not for one that ended", () => {
  announced({ pid: process.ppid, start: "0" }, 600);
  expect(() => holdBuild(dir)).toThrow(new RegExp(`process ${process.ppid} writes`));
  expect(hidden().length).toBe(1);
});

it("is free where the announcing process has ended, and what it left is put right", () => {
  announced({ pid: 999_999_999 });
  mkdirSync(join(parent, ".build.next-999999999"));
  holdBuild(dir)();
  expect(hidden()).toEqual([]);
});

it("is refused for a process that nobody here can see, until it has been silent for ten minutes", () => {
  const path = announced({ place: "00000000", pid: 7 }, 9);
  expect(() => holdBuild(dir)).toThrow(
    `in another container or on another machine writes ${dir} (its number there is 7)`,
  );
  expect(() => holdBuild(dir)).toThrow(`if it was killed, remove ${path}`);
  announced({ place: "00000000", pid: 8 }, 11);
  expect(() => holdBuild(dir)).toThrow("number there is 7");
  const time = Date.now() / 1000 - 660;
  utimesSync(path, time, time);
  holdBuild(dir)();
  expect(hidden()).toEqual([]);
});

it("has nothing to hold where there is no such place", () => {
  holdBuild(join(parent, "nowhere/build"))();
  expect(readdirSync(parent)).toEqual(["build"]);
});
