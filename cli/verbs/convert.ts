// `twin data convert --from PROJECT DIR`: a binding and a draft model for files as another project publishes them.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { convert, logName, type Project } from "../../runtime/data/index.ts";
import { attempt } from "../../runtime/host/files.ts";
import { checkedDraft, writeTogether } from "../checked-draft.ts";
import { reportText } from "../data-report.ts";
import { print, say } from "../output.ts";
import { stoppable } from "../progress.ts";

interface SaidOptions {
  readonly from: Project;
  readonly user?: string | undefined;
  readonly item?: string | undefined;
}

interface ConvertVerbOptions extends SaidOptions {
  readonly output?: string;
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
  const fresh = !existsSync(folder);
  attempt("write", shown, () => mkdirSync(folder, { recursive: true }));
  try {
    await convertInto(dir, { from, user, item, folder, modelFile, dataFile });
  } catch (error) {
    // The log may be written already.
    rmSync(fresh ? folder : logFile, { recursive: true, force: true });
    throw error;
  }
}

interface Into extends SaidOptions {
  readonly folder: string;
  readonly modelFile: string;
  readonly dataFile: string;
}

async function convertInto(dir: string, { from, user, item, folder, modelFile, dataFile }: Into): Promise<void> {
  const { model, data, labels, histories, notes, written } = await stoppable(() =>
    convert({ from, dir, folder, user, item }),
  );
  const { model: laid, report } = await checkedDraft({ modelFile, model, dataFile, data });
  for (const note of notes) {
    say(`note: ${note}`);
  }
  print(`labels: ${labels.join(", ")}; histories: ${histories.length === 0 ? "none" : histories.join(", ")}`);
  for (const warning of report.warnings) {
    say(`warning: ${warning}`);
  }
  print(reportText(report));
  writeTogether(folder, { [basename(modelFile)]: laid, [basename(dataFile)]: data });
  print(
    `${modelFile} and ${dataFile}: a first draft without errors${written === null ? "" : `, over ${written}`}; read both, and change what you know better`,
  );
}
