// `twin data convert --from PROJECT DIR`: a binding and a draft model for files as another project publishes them.
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { format } from "../../grammar/index.ts";
import { checkData, convert, logName, type Project, readBinding } from "../../runtime/data/index.ts";
import { attempt, writeFileAtomic } from "../../runtime/host/files.ts";
import { dataModel } from "../data-model.ts";
import { reportText } from "../data-report.ts";
import { print, say } from "../output.ts";
import { stoppable } from "../progress.ts";
import { checked } from "./show.ts";

interface ConvertVerbOptions {
  readonly from: Project;
  readonly output?: string;
  readonly user?: string;
  readonly item?: string;
}

export async function convertData(dir: string, { from, output, user, item }: ConvertVerbOptions): Promise<void> {
  const folder = resolve(output ?? (dir.endsWith(".config") ? dirname(dir) : dir));
  const shown = output ?? (dir.endsWith(".config") ? dirname(dir) : dir);
  const [modelFile, dataFile, logFile] = ["model.twin", "data.yaml", logName].map((name) => join(shown, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [modelFile, dataFile, logFile]) {
    if (existsSync(path)) {
      throw new TwinError(
        `${path} is there already, and \`twin data convert\` overwrites nothing; name a new folder: -o OUT`,
      );
    }
  }
  if (output !== undefined) {
    attempt("write", output, () => mkdirSync(output, { recursive: true }));
  }
  const { model, data, labels, histories, notes, written } = await stoppable(() =>
    convert({ from, dir, folder, user, item }),
  );
  const laid = format({ path: modelFile, text: model });
  if ("diagnostics" in laid) {
    throw new Error(`the drafted model is no text of the language: ${laid.diagnostics[0]?.title}`);
  }
  writeFileAtomic(modelFile, laid.text);
  writeFileAtomic(dataFile, data);
  for (const note of notes) {
    say(`note: ${note}`);
  }
  print(`labels: ${labels.join(", ")}; histories: ${histories.length === 0 ? "none" : histories.join(", ")}`);
  const report = await stoppable((signal) =>
    checkData(readBinding(dataFile), dataModel(checked(modelFile)), { signal }),
  );
  for (const warning of report.warnings) {
    say(`warning: ${warning}`);
  }
  print(reportText(report));
  print(
    `${modelFile} and ${dataFile}: a first draft without errors${written === null ? "" : `, over ${written}`}; read both, and change what you know better`,
  );
}
