// The PyTorch peer as a child process that answers line by line.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Exchanged } from "./exchange.ts";

/** `plain`: as a good engineer writes it first. `same`: by the algorithm of Twin's own graphs. */
export type Form = "plain" | "same";

export interface Versions {
  readonly torch: string;
  readonly python: string;
  readonly threads: number;
}

export interface PeerTrained {
  /** Before each step. */
  readonly losses: readonly number[];
  /** Of each step, without the reading of its file. */
  readonly seconds: readonly number[];
  /** Seconds of processor time, all threads. */
  readonly processor: readonly number[];
  /** Of each given selection: how many behaviours PyTorch's own search does not keep. */
  readonly missed: readonly number[];
}

const python = process.env.TWIN_PYTHON ?? "python3";

/** Ends the process with instructions where PyTorch is not there: a comparison without an opponent shows nothing. */
export function requirePyTorch(): void {
  const { status, stderr, error } = spawnSync(python, ["-c", "import torch"], { encoding: "utf8" });
  if (status === 0) {
    return;
  }
  const reason = error?.message ?? stderr.trim().split("\n").at(-1);
  console.error(`PyTorch is the opponent of this benchmark, and ${python} has none: ${reason}
Install it apart from this project, and name its Python:
  python3 -m venv peer && peer/bin/pip install torch --index-url https://download.pytorch.org/whl/cpu
  TWIN_PYTHON=peer/bin/python npx tsx bench/peers/${process.argv[1].split("/").at(-1)}`);
  process.exit(1);
}

export class Peer {
  readonly versions: Versions;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: ChildProcess, answers: AsyncIterator<string>, versions: Versions) {
    this.#child = child;
    this.#answers = answers;
    this.versions = versions;
  }

  /** @param exactTies equal scores by position, as Twin has it: slower in PyTorch, so off where speed is compared */
  static async open(
    form: Form,
    files: Exchanged,
    { threads, exactTies }: { readonly threads: number; readonly exactTies: boolean },
  ): Promise<Peer> {
    const script = join(import.meta.dirname, "torch/twin_torch.py");
    const child = spawn(python, [script], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    });
    const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const versions = (await ask(child, answers, { op: "open", form, ...files, threads, exactTies })) as Versions;
    return new Peer(child, answers, versions);
  }

  /** Trains on the batches in turn. `keep`: they stay in memory. */
  async train(batches: readonly string[], keep = false): Promise<PeerTrained> {
    return (await this.#ask({ op: "step", batches, keep })) as PeerTrained;
  }

  /** Logits of each batch, by label. */
  async score(batches: readonly string[]): Promise<readonly Readonly<Record<string, readonly number[]>>[]> {
    return ((await this.#ask({ op: "score", batches })) as { logits: Record<string, number[]>[] }).logits;
  }

  /** Where a step's time goes, by operator. */
  async profile(batches: readonly string[], steps: number): Promise<string> {
    return ((await this.#ask({ op: "profile", batches, steps })) as { table: string }).table;
  }

  /** Peak resident memory in bytes. */
  async memory(): Promise<number> {
    return ((await this.#ask({ op: "memory" })) as { peak: number }).peak;
  }

  async close(): Promise<void> {
    this.#child.stdin!.end();
    if (this.#child.exitCode === null) {
      await new Promise((done) => this.#child.once("exit", done));
    }
  }

  #ask(order: object): Promise<unknown> {
    return ask(this.#child, this.#answers, order);
  }
}

async function ask(child: ChildProcess, answers: AsyncIterator<string>, order: object): Promise<unknown> {
  child.stdin!.write(`${JSON.stringify(order)}\n`);
  const { value, done } = await answers.next();
  if (done) {
    throw new Error("the PyTorch process ended before it answered: out of memory, or see its message above");
  }
  const answer = JSON.parse(value) as { error?: string };
  if (answer.error !== undefined) {
    throw new Error(`PyTorch: ${answer.error}`);
  }
  return answer;
}
