// Stryker's test runner for these tests: the sources are loaded once, and mutants are switched on inside them. A file of
// tests is evaluated anew for every mutant, so that what it computes outside of its tests is the mutant's too.
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type File,
  type Suite,
  startTests,
  type Test,
  type VitestRunner,
  type VitestRunnerConfig,
} from "@vitest/runner";
import fc from "fast-check";
import { testsThatReach } from "./plain-tests.ts";

/** What the instrumented sources read and write: they keep hold of the object itself. */
interface Switch {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: { static: object; perTest: object };
}

/** As Stryker numbers them; of another value it makes a test that passed. */
const testStatus = { success: 0, failed: 1, skipped: 2 } as const;
type TestStatus = (typeof testStatus)[keyof typeof testStatus];

interface Outcome {
  readonly id: string;
  readonly name: string;
  readonly fileName: string;
  readonly timeSpentMs: number;
  readonly status: TestStatus;
  readonly failureMessage: string;
}

declare global {
  var __stryker__: Switch | undefined;
}

const config: Omit<VitestRunnerConfig, "root"> = {
  setupFiles: [],
  name: undefined,
  passWithNoTests: false,
  testNamePattern: undefined,
  allowOnly: false,
  sequence: { seed: 1, hooks: "stack", setupFiles: "list" },
  chaiConfig: undefined,
  maxConcurrency: 1,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  retry: 0,
  includeTaskLocation: false,
  tags: [],
  tagsFilter: undefined,
  strictTags: false,
};

const idOf = (path: string, test: string) => `${path}#${test}`;

/** What a file computes while it is evaluated and in its hooks: all of its tests may notice. */
const wholeFile = (path: string) => idOf(path, "");

/** @throws Error where it is no test of `idOf`: a file that is not found would pass for a mutant that was noticed */
function fileOf(id: string): string {
  const end = id.indexOf("#");
  if (end < 0) {
    throw new Error(`${id} is no test: begin with a new --incrementalFile`);
  }
  return id.slice(0, end);
}

const nameOf = (task: Test | Suite): string =>
  task.suite === undefined ? task.name : `${nameOf(task.suite)} > ${task.name}`;

const failed = ({ status }: Outcome) => status === testStatus.failed;

/**
 * Stryker asks for tests in the order of this: most mutants end at the first files. What a test reaches is switched on inside
 * of a process, whether a module computes it as well while it loads, or not: Stryker would begin a new process for each.
 */
function quickestFirst(tests: readonly Outcome[], coverage: Switch["mutantCoverage"]): Switch["mutantCoverage"] {
  const took = new Map(
    tests.filter(({ id, fileName }) => id === wholeFile(fileName)).map((file) => [file.fileName, file.timeSpentMs]),
  );
  const order = (id: string) => took.get(fileOf(id)) ?? 0;
  const reached = new Set(Object.values(coverage?.perTest ?? {}).flatMap((mutants) => Object.keys(mutants)));
  return (
    coverage && {
      static: Object.fromEntries(Object.entries(coverage.static).filter(([mutant]) => !reached.has(mutant))),
      perTest: Object.fromEntries(Object.entries(coverage.perTest).sort(([a], [b]) => order(a) - order(b))),
    }
  );
}

class OneProcessRunner {
  readonly #state: Switch = globalThis.__stryker__ ?? {};
  readonly #unhandled: unknown[] = [];
  readonly #evaluated = new Set<string>();
  #evaluations = 0;
  /** Whether a mutant has run in this process. */
  #used = false;

  capabilities() {
    return { reloadEnvironment: false };
  }

  async init() {
    Object.assign(globalThis, { TWIN_VERSION: "0.0.0-test", __stryker__: this.#state });
    process.on("unhandledRejection", (reason) => this.#unhandled.push(reason));
    await import(pathToFileURL(join(process.cwd(), "test/kit/seed.ts")).href);
    // That it fails is enough: the smallest case is sought by many runs more.
    fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
  }

  /** Every test twice: one that fails the second time leaves something behind, which would be taken for a mutant's doing. */
  async dryRun({ files = [], testFiles }: { files?: readonly string[]; testFiles?: readonly string[] }) {
    const paths = testFiles?.map((file) => relative(process.cwd(), file)) ?? testsThatReach(files);
    const first = await this.#run(paths);
    if (first.some(failed)) {
      return { status: "complete", tests: first };
    }
    // The sources keep hold of the object itself.
    Object.assign(this.#state.mutantCoverage?.perTest ?? {}, Object.fromEntries(first.map(({ id }) => [id, {}])));
    const tests = await this.#run(paths);
    return { status: "complete", tests, mutantCoverage: quickestFirst(tests, this.#state.mutantCoverage) };
  }

  async mutantRun(options: { activeMutant: { id: string }; testFilter?: readonly string[]; hitLimit?: number }) {
    const { activeMutant, testFilter = [], hitLimit } = options;
    const paths = [...new Set(testFilter.map(fileOf))];
    // Sources load without a mutant, or what they then compute would stay.
    await this.#run(
      paths.filter((path) => !this.#evaluated.has(path)),
      new Set(),
    );
    Object.assign(this.#state, { activeMutant: activeMutant.id, hitCount: 0, hitLimit });
    const ran = await this.#run(paths, new Set(testFilter));
    const { hitCount = 0 } = this.#state;
    Object.assign(this.#state, { activeMutant: undefined, hitCount: undefined, hitLimit: undefined });
    const killer = ran.find(failed);
    // Without the mutant the same test passes, or an earlier mutant may have left behind what it fails by: Stryker tries
    // this one again in a new process.
    if (killer !== undefined) {
      const again = await this.#run([killer.fileName], new Set([killer.id]));
      if (again.some(failed) && this.#used) {
        process.exit(1);
      }
    }
    this.#used = true;
    if (hitLimit !== undefined && hitCount > hitLimit) {
      return { status: "timeout", reason: `${hitCount} times` };
    }
    const nrOfTests = ran.filter(({ status }) => status !== testStatus.skipped).length;
    return killer === undefined
      ? { status: "survived", nrOfTests }
      : { status: "killed", killedBy: [killer.id], failureMessage: killer.failureMessage, nrOfTests };
  }

  /** All tests of some files; with a filter those tests alone, up to the first that fails. */
  async #run(paths: readonly string[], filter?: ReadonlySet<string>): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const path of paths) {
      outcomes.push(...(await this.#runFile(path, filter)));
      if (filter !== undefined && outcomes.some(failed)) {
        break;
      }
    }
    return outcomes;
  }

  async #runFile(path: string, filter?: ReadonlySet<string>): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const add = (task: Test | File, id: string, errors: readonly unknown[]) => {
      const status = testStatus[errors.length > 0 ? "failed" : task.result?.state === "pass" ? "success" : "skipped"];
      const failureMessage = errors.map((error) => String(Object(error).message ?? error)).join("\n");
      outcomes.push({ id, name: id, fileName: path, timeSpentMs: task.result?.duration ?? 0, status, failureMessage });
    };
    const all = filter === undefined || filter.has(wholeFile(path));
    const of = (id: string | undefined) => {
      this.#state.currentTestId = id;
    };
    const runner: VitestRunner = {
      config: { root: process.cwd(), ...config },
      importFile: async (file) => {
        // What the sources compute while they load is no test's.
        of(this.#evaluated.has(path) ? wholeFile(path) : undefined);
        this.#evaluated.add(path);
        this.#evaluations++;
        await import(`${pathToFileURL(file).href}?evaluation=${this.#evaluations}`);
      },
      onBeforeRunSuite: () => of(wholeFile(path)),
      onBeforeRunTask: (test) => {
        const id = idOf(path, nameOf(test));
        if (!(all || filter?.has(id)) || (filter !== undefined && outcomes.some(failed))) {
          test.mode = "skip";
        }
        of(id);
      },
      onAfterRunTask: (test) => {
        const errors = test.result?.state === "fail" ? (test.result.errors ?? [test.result]) : [];
        add(test, idOf(path, nameOf(test)), errors);
        of(wholeFile(path));
      },
    };
    this.#unhandled.length = 0;
    const [file] = await startTests([join(process.cwd(), path)], runner);
    this.#state.currentTestId = undefined;
    const errors = file.result?.state === "fail" && !outcomes.some(failed) ? (file.result.errors ?? [file.result]) : [];
    add(file, wholeFile(path), [...errors, ...this.#unhandled]);
    return outcomes;
  }
}

export const strykerPlugins = [{ kind: "TestRunner", name: "one-process", injectableClass: OneProcessRunner }];
