// The projector of a build folder, opened.

import { join } from "node:path";
import { hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import { openTensors } from "../host/tensor-file.ts";
import { Projection, type ProjectionPlan } from "../projection/index.ts";
import { openFile } from "../session/session-node.ts";
import { tensorRows } from "../store/index.ts";

/** Which projector, and where it lies: can be posted to a worker. */
export interface ProjectorFiles {
  readonly dir: string;
  readonly plan: ProjectionPlan;
  /** What the manifest says of the weights; blocks that are read of outside embeddings are held against it. */
  readonly weights: { readonly bytes: number; readonly blocks?: string | undefined } | null;
  /** Threads of one session. */
  readonly threads: number;
  /** Execution providers in order of preference. */
  readonly providers: readonly string[];
}

export function projectorFiles(
  dir: string,
  { files }: Manifest,
  plan: ProjectionPlan,
  threads: number,
  providers: readonly string[] = ["cpu"],
): ProjectorFiles {
  return { dir, plan, weights: files[weightsFile] ?? null, threads, providers };
}

/** @param warn told of each provider that could not be had */
export async function openProjection(
  { dir, plan, weights, threads, providers }: ProjectorFiles,
  warn: (message: string) => void = () => undefined,
): Promise<Projection> {
  const session = await openFile(join(dir, plan.graph), { providers, threads, warn });
  if (plan.outside.length === 0) {
    return new Projection(plan, session, null);
  }
  const { bytes, blocks } = weights ?? { bytes: 0 };
  const checks = blocks === undefined ? undefined : { bytes, blocks, hasher: await hasher() };
  const file = openTensors(join(dir, weightsFile), checks);
  return new Projection(plan, session, { rows: tensorRows(file), close: () => file.close() });
}
