// Whether weights.safetensors is what its build wrote: every block that graphs read, before an answer leaves.

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import { attempt } from "../host/files.ts";
import { startThread } from "../host/start-thread.ts";
import { openTensors } from "../host/tensor-file.ts";
import { Thread } from "../threads/thread.ts";
import type { WeightsStatus } from "../twin/index.ts";

const again = "Build the artefacts again: twin build FILE -o DIR";

/** `blocks`: what graphs read is checked before the first answer. `sizes`: only that every file has its length. */
export type Verify = "blocks" | "sizes";

/** Part of a file that one thread checks. `ranges`: first byte and the byte after the last. */
export interface CheckJob {
  readonly path: string;
  readonly listed: Manifest["files"][string];
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

export interface WeightsCheck {
  /** Settles when all is checked; rejects with a TwinError that names file and block. */
  readonly sound: Promise<void>;
  /** Which file it is, for other threads; null: any. */
  readonly identity: string | null;
  /** @throws TwinError where the folder holds another file now: a graph that was opened since may have read that */
  expectSame(): unknown;
  status(): WeightsStatus;
}

/** Fewer bytes are hashed in this thread: one of its own takes longer to start. */
const inThread = 32 * 1024 * 1024;
/** What one thread hashes at least. */
const ofThread = 512 * 1024 * 1024;

/** Begins to check, unless that is done elsewhere; large files in threads, so that sessions are opened meanwhile. */
export async function checkWeights(
  dir: string,
  manifest: Manifest,
  file: TensorFile,
  verify: Verify,
  elsewhere?: string | null,
): Promise<WeightsCheck> {
  const path = join(dir, weightsFile);
  const listed = manifest.files[weightsFile];
  const identity = identityOf(path);
  const by = verify === "sizes" ? "sizes" : listed.blocks === undefined ? "sha256" : "blocks";
  if (elsewhere !== undefined) {
    return checkedElsewhere(path, elsewhere);
  }
  let state: WeightsStatus["state"] = by === "sizes" ? "unchecked" : "checking";
  let because = "";
  const checked =
    by === "sizes" ? Promise.resolve() : check(jobsOf({ path, listed, ranges: readRanges(manifest, file) }));
  const sound = checked.then(
    () => {
      if (state === "checking") {
        state = "sound";
      }
    },
    (error: unknown) => {
      state = "damaged";
      because = error instanceof Error ? error.message : String(error);
      throw error;
    },
  );
  // Whoever waits for an answer is told; nobody need wait.
  sound.catch(() => undefined);
  return {
    sound,
    identity: by === "sizes" ? null : identity,
    expectSame: () => by === "sizes" || expectSame(path, identity),
    status: () => ({ by, state, because }),
  };
}

/** Another thread checks, and lets no answer of this one leave before. */
const checkedElsewhere = (path: string, identity: string | null): WeightsCheck => ({
  sound: Promise.resolve(),
  identity,
  expectSame: () => identity === null || expectSame(path, identity),
  status: () => ({ by: "blocks", state: "sound", because: "" }),
});

function expectSame(path: string, identity: string): void {
  if (identityOf(path) !== identity) {
    throw new TwinError(`${path} was replaced since it was loaded: load the folder again`);
  }
}

/** Does a job, here and now. @throws TwinError naming file and block */
export async function checkNow({ path, listed, ranges }: CheckJob): Promise<void> {
  const { bytes, sha256, blocks } = listed;
  const file = openTensors(path, blocks === undefined ? undefined : { bytes, blocks, hasher: await hasher() });
  try {
    if (blocks !== undefined) {
      for (const [from, to] of ranges) {
        file.check(from, to);
      }
    } else {
      const hash = createHash("sha256");
      for (const piece of file.whole()) {
        hash.update(piece);
      }
      if (hash.digest("hex") !== sha256) {
        throw new TwinError(
          `${path} is damaged, or not the file of its build: its SHA-256 is not the manifest's. ${again}`,
        );
      }
    }
  } finally {
    file.close();
  }
}

/** All but the rows of outside embeddings: those are held against their hashes when they are fetched. */
function readRanges({ embeddings, files }: Manifest, file: TensorFile): [number, number][] {
  const apart = embeddings
    .filter(({ placement }) => placement.kind === "outside")
    .flatMap(({ parameter }) => file.entries.get(parameter) ?? [])
    .sort((a, b) => a.start - b.start);
  const starts = [0, ...apart.map(({ end }) => end)];
  const ends = [...apart.map(({ start }) => start), files[weightsFile].bytes];
  return starts.map((from, i): [number, number] => [from, ends[i]]).filter(([from, end]) => from < end);
}

/** One job in this thread, or several for threads of their own, `most` at most. */
export function jobsOf(
  whole: CheckJob,
  most = availableParallelism(),
): { readonly jobs: readonly CheckJob[]; readonly threads: boolean } {
  const isWhole = whole.listed.blocks === undefined;
  const bytes = isWhole ? whole.listed.bytes : whole.ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  if (bytes <= inThread) {
    return { jobs: [whole], threads: false };
  }
  if (isWhole) {
    return { jobs: [whole], threads: true };
  }
  const threads = Math.min(4, most, Math.ceil(bytes / ofThread));
  const share = Math.ceil(bytes / threads);
  const jobs = Array.from({ length: threads }, (_, i) => ({
    ...whole,
    ranges: part(whole.ranges, i * share, (i + 1) * share),
  }));
  return { jobs, threads: true };
}

/** The ranges' bytes number `from` to `to`, counted through all of them. */
function part(ranges: CheckJob["ranges"], from: number, to: number): [number, number][] {
  let before = 0;
  const parts = ranges.map(([start, end]): [number, number] => {
    const first = Math.max(start, start + from - before);
    const last = Math.min(end, start + to - before);
    before += end - start;
    return [first, last];
  });
  return parts.filter(([first, last]) => first < last);
}

async function check({ jobs, threads }: ReturnType<typeof jobsOf>): Promise<void> {
  if (!threads) {
    return checkNow(jobs[0]);
  }
  await Promise.all(jobs.map(inOwnThread));
}

async function inOwnThread(job: CheckJob): Promise<void> {
  const line = startThread<null, CheckJob, void, null>(import.meta.url, "./check-worker.ts", "check-worker.js");
  const thread = await Thread.open(line, null, { name: `thread that checks ${job.path}` });
  try {
    await thread.ask(job);
  } finally {
    await thread.end();
  }
}

/** Device, number, length and time of the file that has the name now. */
function identityOf(path: string): string {
  const { dev, ino, size, mtimeMs } = attempt("read", path, () => statSync(path));
  return [dev, ino, size, mtimeMs].join();
}
