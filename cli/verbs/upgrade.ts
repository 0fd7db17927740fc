// `twin upgrade DIR`: a build of an earlier version in the formats of this one.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { upgradeBuild } from "../../runtime/build-table/index.ts";
import { recovered } from "../../runtime/serve/index.ts";
import { print, printJson, say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";

/** What is no build, by the file that tells it, and what renews it. */
const others: readonly (readonly [mark: string, what: string])[] = [
  [
    "run.yaml",
    "a run, which is read as it is: go on with it by `twin train --resume`, or start a new one from it by `--from`",
  ],
  ["dataset.yaml", "prepared data: make them anew by `twin data prepare DATA --model FILE -o DIR`"],
];

export async function upgrade(dir: string, options: { readonly json?: boolean }): Promise<void> {
  // Where a killed command left the folder put aside, it is put back before it is upgraded.
  const there = recovered(dir, (message) => say(`warning: ${message}`));
  if (!existsSync(join(there, "manifest.yaml"))) {
    const other = others.find(([mark]) => existsSync(join(there, mark)));
    throw new TwinError(
      `${dir} is ${other === undefined ? "no build: it has no manifest.yaml" : other[1]}. upgrade takes the folder of a build`,
    );
  }
  const changed = await stoppable((signal) => upgradeBuild(dir, { signal, onProgress: showProgress() }));
  if (options.json) {
    printJson({ dir, changed });
  } else if (changed.length === 0) {
    print(`${dir}: everything is in the present formats`);
  } else {
    print([...changed.map((file) => `written anew  ${file}`), `${dir}: in the present formats`].join("\n"));
  }
}
