// `twin verify` of a run: what it was made with, its log, checkpoints and weights, and the prepared data that lie in it.

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import { datasetFile, verifyDataset } from "../data/prepared.ts";
import { expectSound } from "../host/sound-tensors.ts";
import { openTensors } from "../host/tensor-file.ts";
import { FolderCheck, type FolderReport, type VerifyFolder } from "../host/verify-folder.ts";
import { checkpointFile, previousFile } from "./checkpoint.ts";
import type { ListedFile } from "./listed-file.ts";
import { metricsFile, readMetrics } from "./metrics-log.ts";
import { listedFiles } from "./run-files.ts";
import { readRun, runFile } from "./run-folder.ts";

const cure = "Restore it from a copy, or start a new run from what this one learned: twin train --from";

/** Files that a run writes while it learns; each has a checksum in itself. */
const learned = [checkpointFile, previousFile, weightsFile];

export const verifyRun: VerifyFolder = async (dir, options) => {
  const { files, said } = described(dir);
  const there = learned.filter((name) => existsSync(join(dir, name)));
  const bytes = [...files.map((file) => file.bytes), ...there.map((name) => statSync(join(dir, name)).size)];
  const check = await FolderCheck.begin(
    options,
    bytes.reduce((sum, size) => sum + size, 0),
  );
  await check.check(runFile, () => {
    if (said instanceof TwinError) {
      throw said;
    }
    return said;
  });
  for (const { path, ...known } of files) {
    await check.check(path, () => check.whole(join(dir, path), known, cure));
  }
  if (existsSync(join(dir, metricsFile))) {
    await check.check(metricsFile, () => `${readMetrics(dir).length} lines, each as it was written`);
  }
  for (const name of there) {
    await check.check(name, () => verifyTensors(check, join(dir, name)));
  }
  const own = check.report("run");
  return existsSync(join(dir, "data", datasetFile))
    ? together(own, await verifyDataset(join(dir, "data"), options))
    : own;
};

/** What a run says that it was made with, and what can be said of where it says so. */
function described(dir: string): { readonly files: readonly ListedFile[]; readonly said: string | TwinError } {
  try {
    if (readRun(dir).files !== null) {
      return { files: listedFiles(dir), said: "its text has its checksum" };
    }
    // What a run of 0.1 has is its manifest's list, where the weights are those that it started from.
    const files = listedFiles(dir).filter(({ path }) => path !== weightsFile && existsSync(join(dir, path)));
    return { files, said: "of Twin 0.1, which kept no checksum of it" };
  } catch (error) {
    if (error instanceof TwinError) {
      return { files: [], said: error };
    }
    throw error;
  }
}

async function verifyTensors(check: FolderCheck, path: string): Promise<string> {
  const file = openTensors(path);
  try {
    expectSound(file, await hasher(), cure);
    check.files++;
    const bytes = [...file.entries.values()].reduce((end, entry) => Math.max(end, entry.end), 0);
    await check.count(bytes);
    return `${bytes} bytes, as its checksum says`;
  } finally {
    file.close();
  }
}

/** The run's report with that of the data in it. */
const together = (run: FolderReport, data: FolderReport): FolderReport => ({
  kind: "run",
  sound: run.sound && data.sound,
  lines: [...run.lines, ...data.lines.map((line) => line.replace(/^(\w+ +)/, "$1data/"))],
  files: run.files + data.files,
  bytes: run.bytes + data.bytes,
  seconds: run.seconds + data.seconds,
});
