// One model on the data of a draft, trained and asked as a user would: by the command line, one process a step.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What all models of one set are trained with. */
export interface Rule {
  readonly folder: string;
  readonly binding: string;
  readonly threads: string;
  /** At most; null: as the model says. */
  readonly epochs: string | null;
  /** Steps between evaluations; null: as `twin train` decides. */
  readonly every: number | null;
  /** Where negatives are drawn: items that each of a thousand positives is ranked among. */
  readonly candidates: string;
}

/** Of the test part. */
export interface Tested {
  readonly rows: number;
  readonly auc: number;
  /** Hanley & McNeil (Radiology 1982), rows as units. */
  readonly error: number;
  /** NDCG@10 of a thousand positives, where negatives are drawn. */
  readonly ndcg: number | null;
  /** The other's AUC less this one's, and the standard error of that with rows and with users as units; null: none is asked for. */
  readonly beside: { readonly difference: number; readonly byRows: number; readonly byUsers: number } | null;
}

export interface Trained {
  readonly seed: number;
  /** AUC on the validation part of the weights that were kept. */
  readonly validation: number;
  /** Passes over the training part until then. */
  readonly epochs: number;
  /** Builds and evaluates. @param other trained on the same data, and tested */
  test(other?: Trained): Tested;
  /** The file of its test rows and scores. */
  readonly rows: string;
}

/** Of `twin train --json`. */
interface Ended {
  /** Step of the weights that were written. */
  readonly weights: number;
}

/** A line of `metrics.jsonl`. */
interface Measured {
  readonly step: number;
  readonly epoch: number;
  readonly validation?: { readonly auc: number };
}

/** A model under a name of its own. Its prepared data serve all its seeds, until it is done with. */
export class Model {
  private readonly rule: Rule;
  private readonly stem: string;
  private readonly file: string;
  private readonly cache: string;

  constructor(rule: Rule, name: string, text: string) {
    this.rule = rule;
    this.stem = join(rule.folder, name);
    this.file = `${this.stem}.twin`;
    this.cache = `${this.stem}.data`;
    writeFileSync(this.file, text);
  }

  train(seed: number): Trained {
    const { binding, threads, epochs, every } = this.rule;
    const run = `${this.stem}.${seed}.run`;
    const asked = [
      ...["--seed", String(seed)],
      ...(epochs === null ? [] : ["--epochs", epochs]),
      ...(every === null ? [] : ["--evaluate-every", String(every)]),
    ];
    const place = ["--data", binding, "-o", run, "--cache", this.cache, "--threads", threads];
    const end: Ended = JSON.parse(twin("train", this.file, ...place, ...asked, "--json"));
    const kept = readFileSync(join(run, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line): Measured => JSON.parse(line))
      .findLast(({ step, validation }) => step === end.weights && validation !== undefined);
    const rows = `${this.stem}.${seed}.rows.parquet`;
    return {
      seed,
      rows,
      validation: kept?.validation?.auc ?? Number.NaN,
      epochs: kept?.epoch ?? Number.NaN,
      test: (other) => this.test(run, rows, other?.rows ?? null),
    };
  }

  private test(run: string, rows: string, other: string | null): Tested {
    const { binding, threads, candidates } = this.rule;
    const build = `${this.stem}.build`;
    twin("build", this.file, "--weights", join(run, "weights.safetensors"), "-o", build);
    const place = ["--data", binding, "--cache", this.cache, "--part", "test", "--threads", threads];
    const asked = [
      ...(draws(binding) ? ["--candidates", candidates, "--positives", "1000"] : []),
      ...(other === null ? [] : ["--predictions", other]),
    ];
    const report = JSON.parse(twin("evaluate", build, ...place, ...asked, "--rows", rows, "--json"));
    rmSync(build, { recursive: true, force: true });
    const [{ auc, rows: count, positives }] = report.labels;
    const beside = report.comparison?.labels[0] ?? null;
    return {
      rows: count,
      auc,
      error: errorOf(auc, positives, count - positives),
      ndcg: report.ranks?.labels[0].all.top.at(-1).ndcg ?? null,
      beside: beside && {
        difference: -beside.auc.difference,
        byRows: beside.auc.error,
        byUsers: beside.aucByUser.error,
      },
    };
  }

  done(): void {
    rmSync(this.cache, { recursive: true, force: true });
  }
}

/** Standard error of an AUC of so many positives and negatives. */
function errorOf(auc: number, positives: number, negatives: number): number {
  const [q1, q2] = [auc / (2 - auc), (2 * auc * auc) / (1 + auc)];
  const spread = auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc);
  return Math.sqrt(spread / (positives * negatives));
}

function draws(binding: string): boolean {
  return /^negatives:/m.test(readFileSync(binding, "utf8"));
}

export function twin(...args: string[]): string {
  const bin = join(import.meta.dirname, "../../cli/twin.mjs");
  return execFileSync(process.execPath, [bin, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 2 ** 28,
  });
}
