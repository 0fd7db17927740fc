// `twin verify DIR`: reads everything in a folder of Twin's and holds it against its checksums.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import { TwinError } from "../../contract/error.ts";
import { verifyBuild } from "../../runtime/build-table/index.ts";
import { verifyClusters, verifyDataset } from "../../runtime/data/index.ts";
import type { VerifyFolder } from "../../runtime/host/verify-folder.ts";
import { recovered } from "../../runtime/serve/index.ts";
import { isEnsemble, readEnsemble, verifyRun } from "../../runtime/train/index.ts";
import { Failed } from "../failure.ts";
import { print, printJson, say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";

/** Which file tells what a folder is. */
const kinds: readonly (readonly [mark: string, verify: VerifyFolder])[] = [
  ["manifest.yaml", verifyBuild],
  ["run.yaml", verifyRun],
  ["dataset.yaml", verifyDataset],
  ["clusters.yaml", verifyClusters],
];

export async function verify(wanted: string, options: { readonly json?: boolean }): Promise<void> {
  const dir = recovered(wanted, (message) => say(`warning: ${message}`));
  if (isEnsemble(dir)) {
    await verifyMembers(dir, options);
    return;
  }
  const kind = kinds.find(([mark]) => existsSync(join(dir, mark)));
  if (kind === undefined) {
    throw new TwinError(
      `${dir} is no folder that can be verified: it has none of ${kinds.map(([mark]) => mark).join(", ")}. Name the folder of a build, of a run, of prepared data or of clusters`,
    );
  }
  const bad = await verifyAs(kind[1], dir, options);
  if (bad !== null) {
    throw new Failed(bad);
  }
}

/** Each run of an ensemble, all of them whatever is found in one. */
async function verifyMembers(dir: string, options: { readonly json?: boolean }): Promise<void> {
  const failed: string[] = [];
  for (const { folder } of readEnsemble(dir).members) {
    const bad = await verifyAs(verifyRun, join(dir, folder), options);
    failed.push(...(bad === null ? [] : [bad]));
  }
  if (failed.length > 0) {
    throw new Failed(failed.join("\n"));
  }
}

/** @returns what is wrong with the folder; null: nothing */
async function verifyAs(
  verifyFolder: VerifyFolder,
  dir: string,
  options: { readonly json?: boolean },
): Promise<string | null> {
  const report = await stoppable((signal) => verifyFolder(dir, { signal, onProgress: showProgress() }));
  if (options.json) {
    printJson({ dir, ...report });
  } else {
    print(report.lines.join("\n"));
    const rate = report.bytes / Math.max(report.seconds, 1e-3);
    print(
      `${dir}: ${report.files} files of a ${report.kind}, ${bytesText(report.bytes)} in ${report.seconds.toFixed(1)} s (${bytesText(Math.round(rate))} a second)`,
    );
  }
  const bad = report.lines.filter((line) => /^(damaged|refused) /.test(line)).length;
  return report.sound ? null : `${dir} is not sound: ${bad} of ${report.lines.length} checks failed`;
}
