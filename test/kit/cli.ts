// Runs the command line as a user does, `node cli/twin.mjs …`, with what it printed and how it ended; or, for the many
// cases that need no process of their own, in this one.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { run } from "../../cli/run.ts";

export const root = join(import.meta.dirname, "../..");
const launcher = join(root, "cli/twin.mjs");

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A shell line run first in the same shell: `ulimit -f 100`. */
  readonly first?: string;
  /** What it reads on standard input; default: nothing. */
  readonly input?: string;
  /** Runs as another user. */
  readonly uid?: number;
  /** Called with the process once it has started. */
  readonly started?: (child: ChildProcess) => void;
}

/** A crash's trace, as Node prints it. */
export const trace = /^ {4}at .*[:(]/m;
/** Colours and cursor movements. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape character is what is looked for.
export const escapes = /\x1b\[/;

export function twin(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { cwd, env = {}, first, input, uid, started } = options;
  const words = [launcher, ...args];
  const settings = {
    cwd: cwd ?? root,
    env: { ...process.env, ...env },
    stdio: [input === undefined ? ("ignore" as const) : ("pipe" as const), "pipe" as const, "pipe" as const],
    ...(uid !== undefined && { uid }),
  };
  const child =
    first === undefined
      ? spawn(process.execPath, words, settings)
      : spawn("bash", ["-c", `${first}; exec "$@"`, "bash", process.execPath, ...words], settings);
  started?.(child);
  child.stdin?.end(input);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** The same command line in this process: the same code, without what the launcher and a new Node take. */
export async function here(args: readonly string[]): Promise<Outcome> {
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((stream) =>
    vi.spyOn(process[stream], "write").mockImplementation((text) => {
      written[stream] += String(text);
      return true;
    }),
  );
  try {
    return { code: await run(args), signal: null, ...written };
  } finally {
    for (const spy of spies) {
      spy.mockRestore();
    }
  }
}

/** In a process of its own where options ask for one. */
const start = (args: readonly string[], options: RunOptions | undefined): Promise<Outcome> =>
  options === undefined ? here(args) : twin(args, options);

/** Runs a command that must succeed, without a word about bugs and without escape codes. */
export async function fine(args: readonly string[], options?: RunOptions): Promise<Outcome> {
  const outcome = await start(args, options);
  expect(outcome.code, `twin ${args.join(" ")}\n${outcome.stderr.slice(0, 2000)}`).toBe(0);
  expect(outcome.stdout + outcome.stderr).not.toMatch(escapes);
  return outcome;
}

/**
 * Runs a command that must be refused: exit code, every pattern in stderr, nothing on stdout that could be taken for a
 * result (or what `stdout` says), no stack trace.
 */
export async function refused(
  code: 1 | 2,
  args: readonly string[],
  patterns: readonly (RegExp | string)[],
  stdout?: RegExp | null,
  options?: RunOptions,
): Promise<Outcome> {
  const outcome = await start(args, options);
  const all = outcome.stdout + outcome.stderr;
  expect(outcome.code, `twin ${args.join(" ")}\n${all.slice(0, 2000)}`).toBe(code);
  for (const pattern of patterns) {
    if (typeof pattern === "string") {
      expect(outcome.stderr).toContain(pattern);
    } else {
      expect(outcome.stderr).toMatch(pattern);
    }
  }
  expect(all).not.toMatch(trace);
  expect(all).not.toMatch(escapes);
  if (stdout) {
    expect(outcome.stdout).toMatch(stdout);
  } else {
    expect(outcome.stdout).toBe("");
  }
  return outcome;
}
