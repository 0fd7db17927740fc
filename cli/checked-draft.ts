// A drafted model and binding: checked against the data before either is written, so that a fault leaves nothing behind.
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { check, load } from "../compiler/index.ts";
import { TwinError } from "../contract/error.ts";
import { format } from "../grammar/index.ts";
import { checkData, type DataReport, parseBinding } from "../runtime/data/index.ts";
import { attempt, writeFileAtomic } from "../runtime/host/files.ts";
import { dataModel } from "./data-model.ts";
import { hasErrors, sayDiagnostics } from "./output.ts";
import { showProgress, stoppable } from "./progress.ts";

export interface DraftTexts {
  /** Where the model will stand, for messages. */
  readonly modelFile: string;
  readonly model: string;
  readonly dataFile: string;
  readonly data: string;
}

/**
 * Checks the texts as `twin check` and `twin data check` would from files.
 * @returns the model laid out, and what the data say
 * @throws TwinError with what is wrong with the data, saying that nothing was written
 */
export async function checkedDraft({ modelFile, model: text, dataFile, data }: DraftTexts): Promise<{
  readonly model: string;
  readonly report: DataReport;
}> {
  const laid = format({ path: modelFile, text });
  if ("diagnostics" in laid) {
    throw new Error(`the drafted model is no text of the language: ${laid.diagnostics[0]?.title}`);
  }
  const { model, diagnostics } = check(load(modelFile, () => laid.text));
  sayDiagnostics(diagnostics);
  if (model === null || hasErrors(diagnostics)) {
    throw new Error(`the drafted model has errors: ${diagnostics[0]?.title}`);
  }
  const onProgress = showProgress();
  try {
    const report = await stoppable((signal) =>
      checkData(parseBinding(data, dataFile), dataModel(model), { onProgress, signal }),
    );
    return { model: laid.text, report };
  } catch (error) {
    throw error instanceof TwinError
      ? new TwinError(`${error.message}. Nothing was written: mend the data, and draft again`, { cause: error })
      : error;
  }
}

/** Writes all files of a new folder at once; into a folder that is there, all or none. @param files by name */
export function writeTogether(dir: string, files: Readonly<Record<string, string>>): void {
  const whole = resolve(dir);
  const entries = Object.entries(files);
  if (!existsSync(whole)) {
    const partial = join(dirname(whole), `.${basename(whole)}.${process.pid}.partial`);
    attempt("write", dir, () => mkdirSync(partial, { recursive: true }));
    try {
      for (const [name, text] of entries) {
        writeFileAtomic(join(partial, name), text);
      }
      attempt("write", dir, () => renameSync(partial, whole));
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
    return;
  }
  const written: string[] = [];
  try {
    for (const [name, text] of entries) {
      writeFileAtomic(join(dir, name), text);
      written.push(join(dir, name));
    }
  } catch (error) {
    for (const path of written) {
      rmSync(path, { force: true });
    }
    throw error;
  }
}
