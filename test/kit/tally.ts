// A reporter that writes down what `npm test` says at its end: the counts, what was left out and why, what took longest.
import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { notesOfRun } from "./run-notes.ts";
import { stoodStill } from "./watchdog.ts";

export interface Tally {
  passed: number;
  /** Tests, files that do not load, hooks that fail, and errors outside of any test. */
  failed: number;
  /** Names of what failed, a file's for errors outside its tests. */
  broken: string[];
  /** What the machine lacks, by file. */
  lacking: { file: string; tests: number; lacks: string }[];
  /** Tests that were not run for another reason: a filter, or a hook before them that failed. */
  notRun: number;
  /** What tests have to say at the end of a run, such as which browser they started. */
  notes: { readonly name: string; readonly text: string }[];
  slowTests: { milliseconds: number; name: string }[];
  slowFiles: { milliseconds: number; name: string }[];
}

const named = (test: TestCase): string => `${test.module.relativeModuleId}: ${test.fullName}`;

export function tallyOf(modules: readonly TestModule[], outside: number): Tally {
  const tests = modules.flatMap((one) => [...one.children.allTests()]);
  const state = (wanted: string) => tests.filter((test) => test.result().state === wanted);
  const damaged = modules.flatMap((one) =>
    [one, ...one.children.allSuites()].flatMap((suite) => (suite.errors().length > 0 ? [one.relativeModuleId] : [])),
  );
  const left = state("skipped").filter((test) => test.meta().lacks !== undefined);
  const lacking = new Map<string, Tally["lacking"][number]>();
  for (const test of left) {
    const lacks = test.meta().lacks!;
    const file = test.module.relativeModuleId;
    const known = lacking.get(`${file} ${lacks}`) ?? { file, tests: 0, lacks };
    lacking.set(`${file} ${lacks}`, { ...known, tests: known.tests + 1 });
  }
  const slowest = (all: { milliseconds: number; name: string }[]) =>
    all.sort((a, b) => b.milliseconds - a.milliseconds).slice(0, 20);
  return {
    passed: state("passed").length,
    failed: state("failed").length + damaged.length + outside,
    broken: [
      ...state("failed").map(named),
      ...damaged,
      ...(outside > 0 ? [`${outside} errors outside of any test`] : []),
    ],
    lacking: [...lacking.values()],
    notRun: tests.length - state("passed").length - state("failed").length - left.length,
    notes: notesOfRun(),
    slowTests: slowest(tests.map((test) => ({ milliseconds: test.diagnostic()?.duration ?? 0, name: named(test) }))),
    slowFiles: slowest(
      modules.map((one) => {
        const { collectDuration, setupDuration, duration } = one.diagnostic();
        return { milliseconds: collectDuration + setupDuration + duration, name: one.relativeModuleId };
      }),
    ),
  };
}

/** Writes the tally of a run into a file. What the watchdog ended is not in it, nor the error by which its process ended. */
export const tally = (path: string): Reporter => ({
  onTestRunEnd(modules, errors) {
    const still = stoodStill(dirname(path)).map(({ file }) => file);
    const whole = modules.filter((one) => !still.includes(one.relativeModuleId));
    writeFileSync(path, JSON.stringify(tallyOf(whole, Math.max(0, errors.length - still.length))));
  },
});
