// `twin verify` of a run: what it was made with, its log, checkpoints and weights, and the prepared data that lie in it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expectSound } from "../checked-tensors.ts";
import { datasetFile } from "../data/prepare/dataset-file.ts";
import { verifyDataset } from "../data/prepare/verify-dataset.ts";
import { hasher } from "../hash.ts";
import { openTensors } from "../tensor-file.ts";
import { FolderCheck, type FolderReport, type VerifyFolder } from "../verify-folder.ts";
import { checkpointFile, previousFile, weightsFile } from "./checkpoint.ts";
import type { ListedFile } from "./listed-file.ts";
import { metricsFile, readMetrics } from "./metrics-log.ts";
import { listedFiles } from "./run-files.ts";
import { readRun, runFile } from "./run-folder.ts";

const cure = "Restore it from a copy, or start a new run from what this one learned: twin train --from";

export const verifyRun: VerifyFolder = async (dir, options) => {
  const check = await FolderCheck.begin(options, 0);
  let files: readonly ListedFile[] = [];
  await check.check(runFile, () => {
    const { files: list } = readRun(dir);
    files = listedFiles(dir).filter(({ path }) => list !== null || existsSync(join(dir, path)));
    return list === null ? "of Twin 0.1, which kept no checksum of it" : "its text has its checksum";
  });
  for (const { path, ...known } of files) await check.check(path, () => check.whole(join(dir, path), known, cure));
  if (existsSync(join(dir, metricsFile)))
    await check.check(metricsFile, () => `${readMetrics(dir).length} lines, each as it was written`);
  for (const name of [checkpointFile, previousFile, weightsFile]) {
    if (existsSync(join(dir, name))) await check.check(name, () => verifyTensors(check, join(dir, name)));
  }
  const own = check.report("run");
  return existsSync(join(dir, "data", datasetFile))
    ? together(own, await verifyDataset(join(dir, "data"), options))
    : own;
};

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
