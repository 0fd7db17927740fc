// `twin train --ensemble N`: runs of the model that differ by their seeds, one after the other, each in a folder of its own.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../contract/error.ts";
import type { TrainReport } from "../runtime/learn/index.ts";
import {
  defaultThreads,
  type Ensemble,
  ensembleFile,
  expectAlike,
  isEnsemble,
  membersOf,
  readEnsemble,
  readMetrics,
  writeEnsemble,
} from "../runtime/train/index.ts";
import { say } from "./output.ts";
import type { TrainOptions } from "./verbs/train.ts";

export interface MemberReport extends TrainReport {
  readonly folder: string;
  readonly seed: number;
}

type TrainMember = (options: TrainOptions, first: string | null) => Promise<TrainReport>;

/**
 * Trains what is not trained yet. A member that came to its end has nothing left to do.
 * @param model its name and seed; @param member trains one; `first`: the member whose vocabularies and scales it takes
 */
export async function trainEnsemble(
  model: { readonly name: string; readonly seed: number },
  options: TrainOptions,
  member: TrainMember,
): Promise<MemberReport[]> {
  const { output } = options;
  const ensemble = begun(model, options);
  const { members, threads, epochs, steps, evaluate_every: evaluateEvery, from } = ensemble;
  writeEnsemble(output, ensemble);
  const reports: MemberReport[] = [];
  for (const [i, { folder, seed }] of members.entries()) {
    const dir = join(output, folder);
    say(`member ${folder} of ${members.length}: seed ${seed}`);
    const report = await member(
      {
        ...options,
        output: dir,
        cache: options.cache ?? join(output, "data"),
        resume: existsSync(join(dir, "run.yaml")),
        seed,
        threads,
        ...(epochs !== null && { epochs }),
        ...(steps !== null && { steps }),
        ...(evaluateEvery !== null && { evaluateEvery }),
        ...(from !== null && { from }),
      },
      i === 0 ? null : join(output, members[0].folder),
    );
    reports.push({ folder, seed, ...report });
  }
  expectAlike(output, ensemble);
  return reports;
}

/** A new ensemble, or the one in the folder. @throws TwinError saying what is in the way, and the way out */
function begun(model: { readonly name: string; readonly seed: number }, options: TrainOptions): Ensemble {
  const { output, resume = false, ensemble: count, seed, threads, epochs, steps, evaluateEvery, from } = options;
  // One of which no member could begin, for a mistake in the command, is none yet.
  const isEmpty = isEnsemble(output) && readdirSync(output).every((name) => name === ensembleFile);
  if (!isEnsemble(output) || (isEmpty && !resume)) {
    if (existsSync(join(output, "run.yaml"))) {
      throw new TwinError(`${output} holds a single run: name another folder for the ensemble with -o`);
    }
    if (resume || (existsSync(output) && !isEmpty && readdirSync(output).length > 0)) {
      throw new TwinError(
        resume
          ? `there is no ensemble in ${output} to go on with: leave out --resume to start one`
          : `${output} holds files that are no ensemble; name a new or empty folder with -o`,
      );
    }
    const own = seed ?? model.seed;
    return {
      format: 2,
      model: model.name,
      seed: own,
      threads: threads ?? defaultThreads(),
      epochs: epochs ?? null,
      steps: steps ?? null,
      evaluate_every: evaluateEvery ?? null,
      from: from ?? null,
      members: membersOf(own, count ?? 2),
    };
  }
  if (!resume) {
    throw new TwinError(
      `${output} holds an ensemble already (${ensembleFile}): go on with it by --resume, or name another folder with -o`,
    );
  }
  const known = readEnsemble(output);
  if (seed !== undefined && seed !== known.seed) {
    throw new TwinError(`the ensemble in ${output} has the seed ${known.seed}: leave out --seed, or start a new one`);
  }
  if (count !== undefined && count < known.members.length) {
    throw new TwinError(
      `the ensemble in ${output} has ${known.members.length} members: leave out --ensemble, or name a larger number to add some`,
    );
  }
  return {
    ...known,
    threads: threads ?? known.threads,
    epochs: epochs ?? known.epochs,
    steps: steps ?? known.steps,
    evaluate_every: evaluateEvery ?? known.evaluate_every,
    members: count === undefined ? known.members : membersOf(known.seed, count),
  };
}

/** What came out, and what to do next. */
export function ensembleText(reports: readonly MemberReport[], run: string, file: string, data: string): string {
  const lines = reports.map(({ folder, seed, step, weights }) => {
    const of = readMetrics(join(run, folder)).findLast(
      (line) => line.step === weights && line.validation !== undefined,
    );
    const { label, ...figures } = of?.validation ?? {};
    const told = Object.entries(figures).flatMap(([name, value]) =>
      name === "rows" || name === "drawn" || typeof value !== "number" ? [] : [`${name} ${value.toFixed(4)}`],
    );
    const validation = told.length === 0 ? "" : `; validation ${label} ${told.join(", ")}`;
    return `${join(run, folder)}: seed ${seed}, ${step} steps, the weights of step ${weights}${validation}`;
  });
  return [
    ...lines,
    `next: twin evaluate ${run} --data ${data} judges each member and the mean of their logits`,
    `to serve one: twin build ${file} --weights ${join(run, reports[0].folder, "weights.safetensors")} -o DIR`,
  ].join("\n");
}
