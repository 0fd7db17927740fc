// An ensemble: runs of one model that differ by their seeds alone, each whole in a folder of its own; their logits are averaged.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { stringify } from "yaml";
import { TwinError } from "../../contract/error.ts";
import { strict } from "../../contract/named-schema.ts";
import { streams } from "../../contract/random.ts";
import { parseYaml } from "../../contract/yaml-text.ts";
import { readSigned, writeSigned } from "../host/signed-text.ts";
import { readRun } from "./run-folder.ts";

export const ensembleFile = "ensemble.yaml";

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));

/** ensemble.yaml: what every member is started with, so that those to come are as those that have been. */
export const EnsembleSchema = strict({
  format: v.literal(2),
  model: v.string(),
  /** That of the first member, of which the others' are drawn. */
  seed: natural,
  threads: natural,
  epochs: v.nullable(v.number()),
  steps: v.nullable(natural),
  evaluate_every: v.nullable(natural),
  from: v.nullable(v.string()),
  /** Runs, in their order. */
  members: v.pipe(v.array(strict({ folder: v.pipe(v.string(), v.regex(/^\d+$/)), seed: natural })), v.minLength(2)),
});

export type Ensemble = v.InferOutput<typeof EnsembleSchema>;

/** The first member's seed is the model's: it is the run without an ensemble. */
export const membersOf = (seed: number, count: number): Ensemble["members"] =>
  Array.from({ length: count }, (_, i) => ({ folder: String(i + 1), seed: streams.ensemble(seed, i + 1) }));

export const isEnsemble = (dir: string): boolean => existsSync(join(dir, ensembleFile));

const cure = "Restore it from a copy, or train the ensemble anew in another folder";

/** @throws TwinError where the folder is none, or its description is not as it was written */
export function readEnsemble(dir: string): Ensemble {
  const path = join(dir, ensembleFile);
  const { text } = readSigned(path, 1 << 20, cure);
  return parseYaml(text, path, EnsembleSchema, { what: "an ensemble of Twin", cure, formats: [2] });
}

export function writeEnsemble(dir: string, ensemble: Ensemble): void {
  mkdirSync(dir, { recursive: true });
  writeSigned(join(dir, ensembleFile), stringify(ensemble, { lineWidth: 0 }));
}

/** @throws TwinError naming a member that was trained on other data, or as another model, than the first */
export function expectAlike(dir: string, { members }: Ensemble): void {
  const all = members.map(({ folder }) => readRun(join(dir, folder)).fingerprints);
  const other = all.findIndex(({ data, spec }) => data !== all[0].data || spec !== all[0].spec);
  if (other >= 0) {
    const what = all[other].data === all[0].data ? "another model" : "other data";
    throw new TwinError(
      `${join(dir, members[other].folder)} was trained with ${what} than ${join(dir, members[0].folder)}, so that they are no ensemble. Restore what was there, remove the folder and go on with --resume, or train the ensemble anew in another folder`,
    );
  }
}
