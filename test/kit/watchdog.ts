// Ends a test file that has stood still: a thread that waits for ever hears no time limit of a test, and the run would never
// end. What stood still is said with its test and the processes under it; `npm test` runs the file again alone.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { Reporter, TestModule } from "vitest/node";

/** A file that stood still and was ended. */
export interface Still {
  readonly file: string;
  readonly text: string;
}

/** What a run's watchdog ended. */
export function stoodStill(folder: string): readonly Still[] {
  const path = join(folder, "still.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : [];
}

/** Notes which test this process runs: called before each, and before each file. */
export function noteTest(): void {
  const report = process.env.TWIN_TEST_REPORT;
  const { testPath, currentTestName } = expect.getState();
  if (report !== undefined && testPath !== undefined) {
    writeFileSync(join(dirname(report), `worker ${process.pid}`), JSON.stringify([testPath, currentTestName ?? ""]));
  }
}

/** The process that runs a file, and the test that it runs; undefined where none says so, or is just saying it. */
function workerOf(file: string, folder: string): { pid: number; test: string } | undefined {
  for (const name of readdirSync(folder).filter((one) => one.startsWith("worker "))) {
    try {
      const [path, test] = JSON.parse(readFileSync(join(folder, name), "utf8")) as [string, string];
      if (path === file) {
        return { pid: Number(name.slice("worker ".length)), test };
      }
    } catch {
      // It is being written.
    }
  }
  return undefined;
}

/** Processes under one, the nearest first, with their command lines; none where the system does not list them in /proc. */
function under(pid: number): { pid: number; line: string }[] {
  const all: { pid: number; parent: number; line: string }[] = [];
  try {
    for (const one of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const stat = readFileSync(join("/proc", one, "stat"), "utf8");
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const line = readFileSync(join("/proc", one, "cmdline"), "utf8")
          .replaceAll("\0", " ")
          .slice(0, 300);
        all.push({ pid: Number(one), parent: Number(parent), line: `${one} (${state}) ${line}` });
      } catch {
        // It has ended since it was listed.
      }
    }
  } catch {
    return [];
  }
  const found: { pid: number; line: string }[] = [];
  for (const wanted = [pid]; wanted.length > 0; ) {
    const next = all.filter(({ parent }) => parent === wanted[0]);
    wanted.shift();
    found.push(...next);
    wanted.push(...next.map((one) => one.pid));
  }
  return found;
}

/**
 * @param folder takes what stood still, as `still.json`
 * @param seconds without a word of a file before it is ended
 */
export function watchdog(folder: string, seconds: number): Reporter {
  const running = new Map<string, { module: TestModule; at: number }>();
  const still: Still[] = [];
  const word = (module: TestModule) => void running.set(module.moduleId, { module, at: performance.now() });
  function end({ moduleId, relativeModuleId: file }: TestModule): void {
    const worker = workerOf(moduleId, folder);
    if (worker === undefined) {
      return;
    }
    running.delete(moduleId);
    const below = under(worker.pid);
    const where = worker.test === "" ? "outside of its tests" : `in “${worker.test}”`;
    const lines = below.map(({ line }) => `\n    ${line}`).join("") || "none";
    const text = `${file} stood still for ${seconds} s, ${where}; processes under it: ${lines}`;
    for (const { pid } of [...below, worker]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    still.push({ file, text });
    writeFileSync(join(folder, "still.json"), JSON.stringify(still));
    console.error(`\n${text}\n`);
  }
  const timer = setInterval(() => {
    for (const { module, at } of running.values()) {
      if (performance.now() - at > seconds * 1000) {
        end(module);
      }
    }
  }, 1000);
  timer.unref();
  return {
    onTestModuleQueued: word,
    onTestModuleCollected: word,
    onTestModuleStart: word,
    onTestModuleEnd: (module) => void running.delete(module.moduleId),
    onTestCaseReady: (test) => word(test.module),
    onTestCaseResult: (test) => word(test.module),
    onTestRunEnd: () => clearInterval(timer),
  };
}
