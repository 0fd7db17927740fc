// `twin verify DIR`: reads everything in a folder of Twin's and holds it against its checksums.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import { TwinError } from "../../contract/error.ts";
import { verifyBuild } from "../../runtime/build-table/index.ts";
import { verifyDataset } from "../../runtime/data/index.ts";
import type { VerifyFolder } from "../../runtime/host/verify-folder.ts";
import { recovered } from "../../runtime/serve/index.ts";
import { verifyRun } from "../../runtime/train/index.ts";
import { Failed } from "../failure.ts";
import { print, printJson, say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";

/** Which file tells what a folder is. */
const kinds: readonly (readonly [mark: string, verify: VerifyFolder])[] = [
  ["manifest.yaml", verifyBuild],
  ["run.yaml", verifyRun],
  ["dataset.yaml", verifyDataset],
];

export async function verify(wanted: string, options: { readonly json?: boolean }): Promise<void> {
  const dir = recovered(wanted, (message) => say(`warning: ${message}`));
  const kind = kinds.find(([mark]) => existsSync(join(dir, mark)));
  if (kind === undefined) {
    throw new TwinError(
      `${dir} is no folder that can be verified: it has none of ${kinds.map(([mark]) => mark).join(", ")}. Name the folder of a build, of a run or of prepared data`,
    );
  }
  const report = await stoppable((signal) => kind[1](dir, { signal, onProgress: showProgress() }));
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
  if (!report.sound) {
    throw new Failed(`${dir} is not sound: ${bad} of ${report.lines.length} checks failed`);
  }
}
