// `twin minimize FILE -o OUT`: the smallest model that still fails as this one does.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { compile, joined, load, lowerGraphs, type Program, rewrite, trainGraphs } from "../../compiler/index.ts";
import { format, minimize, render } from "../../grammar/index.ts";
import { writeFileAtomic } from "../../runtime/host/files.ts";
import { selfTest } from "../../runtime/index.ts";
import { Failed } from "../failure.ts";
import { print, sayDiagnostics } from "../output.ts";
import { launcher } from "../package-home.ts";
import { showLine, stoppable } from "../progress.ts";
import { reader } from "../sources.ts";
import { version } from "../version.ts";
import { writeArtefacts } from "../write-artefacts.ts";

interface Options {
  readonly output: string;
  readonly run?: string;
  readonly check: "build" | "passes" | "self-test";
  readonly match?: string;
  readonly timeout: number;
}

export async function minimizeModel(file: string, options: Options): Promise<void> {
  const program = load(file, reader(file));
  const wrong = format(program.entry.source);
  if ("diagnostics" in wrong) {
    sayDiagnostics(wrong.diagnostics);
    throw new Failed(`${file}: it is made smaller by its tree, and syntax errors leave none; each names its place`);
  }
  const folder = mkdtempSync(join(tmpdir(), "twin-minimize-"));
  try {
    await search(file, program, folder, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function search(file: string, program: Program, folder: string, options: Options): Promise<void> {
  const candidate = join(folder, basename(file));
  for (const { source } of program.files.slice(1)) {
    const copy = join(folder, relative(dirname(resolve(file)), resolve(source.path)));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(source.path, copy);
  }
  let kept = "nothing was written";
  await stoppable(async (signal) => {
    const symptomOf = async (text: string): Promise<string | null> => {
      if (signal.aborted) {
        throw new Error(`${options.output}: ${kept}`);
      }
      writeFileSync(candidate, text);
      const said = await (options.run === undefined
        ? checked(candidate, folder, options, signal)
        : command(options, candidate, folder, signal));
      return said === null || (options.match !== undefined && !said.includes(options.match))
        ? null
        : symptom(said, options);
    };
    const whole = program.entry.source.text;
    const wanted = await symptomOf(whole);
    if (wanted === null) {
      throw new Failed(
        `${file}: nothing fails${options.match === undefined ? "" : ` with “${options.match}”`}, so there is nothing to keep`,
      );
    }
    const alone = joined(program, false);
    const text = (await symptomOf(alone)) === wanted ? alone : whole;
    const show = showLine();
    let best = text;
    kept = "the smallest so far was written";
    try {
      best = await minimize(
        { path: file, text },
        async (next) => (await symptomOf(next)) === wanted,
        (step) => {
          best = step.text;
          show(`${step.tries} tried, ${lines(best)} lines left of ${lines(laidOut(text))}`, false);
        },
      );
    } finally {
      writeFileAtomic(options.output, best);
    }
    print(
      `${options.output}: ${lines(best)} lines of ${lines(laidOut(text))}; it fails with: ${wanted.split("\n")[0]}`,
    );
  });
}

/** The canonical layout, so that what is counted is what there is. */
function laidOut(text: string): string {
  const formatted = format({ path: "", text });
  return "text" in formatted ? formatted.text : text;
}

const lines = (text: string): number => text.split("\n").filter((line) => line !== "").length;

/** What is the same of two failures: without the names, numbers and paths that grow smaller with the model. */
function symptom(said: string, { match }: Options): string {
  if (match !== undefined) {
    return match;
  }
  const ended = /\(exit code \d+\)$/.exec(said)?.[0] ?? "";
  const line = said.split("\n").find((one) => /error|bug|fail/i.test(one)) ?? said.split("\n")[0];
  const kind = line
    .replaceAll(/`[^`]*`|“[^”]*”|"[^"]*"/g, "…")
    .replaceAll(/(?:[\w.-]*\/)+[\w.-]+/g, "…")
    .replaceAll(/\b\d[\d,.]*\w*/g, "#")
    .replaceAll(/\b[a-z]\w*(?:[._]\w+)+/g, "…");
  return [kind, ended].filter((one) => one !== "").join("\n");
}

/** What a built-in check says of a model that fails; null: it does not. */
async function checked(
  file: string,
  folder: string,
  { check: which }: Options,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const { diagnostics, model, files } = compile(file, { resolve: reader(file), version });
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    if (errors.length > 0 || model === null) {
      return render(errors.slice(0, 1), { color: false });
    }
    if (which === "build") {
      return null;
    }
    if (which === "passes") {
      for (const graph of lowerGraphs(model, { layout: "request", outside: new Set() }).values()) {
        rewrite(graph, { verify: true });
      }
      trainGraphs(model, { verify: true });
      return null;
    }
    const out = mkdtempSync(join(folder, "build-"));
    await writeArtefacts(out, files, signal);
    const { passed } = await selfTest(out, { requests: 5, seed: 1 });
    rmSync(out, { recursive: true, force: true });
    return passed ? null : "error: the self-test failed";
  } catch (failure) {
    return `error: ${failure instanceof Error ? failure.message : String(failure)}`;
  }
}

/**
 * Runs the command in a shell with `{}` for the model and `{out}` for a new folder; `twin` is this one. What it said on
 * standard error (or, where that is empty, on standard output) and how it ended; null: it ended well.
 */
async function command(
  { run = "", timeout }: Options,
  file: string,
  folder: string,
  signal: AbortSignal,
): Promise<string | null> {
  const out = mkdtempSync(join(folder, "out-"));
  const line = run.replaceAll("{out}", quoted(join(out, "out"))).replaceAll("{}", quoted(file));
  const shell = `twin() { ${quoted(process.execPath)} ${quoted(launcher)} "$@"; }\n${line}`;
  const child = spawn("sh", ["-c", shell], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] = (said[name] + text).slice(0, mostSaid);
    });
  }
  let late = false;
  const end = () => child.pid !== undefined && process.kill(-child.pid, "SIGKILL");
  const clock = setTimeout(() => {
    late = true;
    end();
  }, timeout * 1000);
  signal.addEventListener("abort", end, { once: true });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    if (late) {
      return "error: it takes too long";
    }
    return code === 0
      ? null
      : `${said.stderr.trim() || said.stdout.trim() || "error: it fails and says nothing"}\n(exit code ${code})`;
  } finally {
    clearTimeout(clock);
    signal.removeEventListener("abort", end);
    rmSync(out, { recursive: true, force: true });
  }
}

/** What a command says beyond this many characters tells no more of how it fails. */
const mostSaid = 100_000;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
