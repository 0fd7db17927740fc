// EasyRec's pipeline.config and the files that it names.
import { basename, join } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { readText } from "../../host/files.ts";
import { separatorOf } from "../files/file-form.ts";
import { isFolder, namesIn, resolved } from "./find-files.ts";
import { type ProtoMessage, parseProtoText } from "./proto-text.ts";
import type { PartFiles } from "./published.ts";

export interface EasyFiles {
  readonly path: string;
  readonly config: ProtoMessage;
  readonly data: ProtoMessage;
  readonly files: PartFiles;
  /** The inputs in the order of the columns of a file without headings; null where the file names its columns. */
  readonly order: readonly string[] | null;
  /** Between the fields of CSV; null: a comma. */
  readonly separator: string | null;
  readonly inputs: readonly string[];
}

const mostBytes = 64 * 1024 * 1024;

/** @param given the folder, or the configuration itself @throws TwinError naming what is missing, and the way out */
export function easyrecFiles(given: string, notes: string[]): EasyFiles {
  const { path, dir } = configOf(given);
  const config = parseProtoText(readText(path, mostBytes), path);
  const [data] = config.messages("data_config");
  if (data === undefined) {
    throw new TwinError(`${path}: there is no \`data_config\`, which names the columns; is this a pipeline.config?`);
  }
  const type = data.text("input_type") ?? "CSVInput";
  const csv = /^CSVInput/.test(type);
  if (!csv && !/^ParquetInput/.test(type)) {
    throw new TwinError(
      `${data.place("input_type")}: ${type} is read from elsewhere or in a format of its own; write the rows as CSV or Parquet, and name them: input_type: CSVInput`,
    );
  }
  const inputs = data.messages("input_fields").map((field) => {
    const name = field.text("input_name");
    if (name === null) {
      throw new TwinError(`${field.place()}: this field has no \`input_name\``);
    }
    return name;
  });
  if (inputs.length === 0) {
    throw new TwinError(`${data.place()}: \`data_config\` has no \`input_fields\`, which name the columns`);
  }
  const named = (kind: "train" | "eval"): string | null => {
    const key = config.has(`parquet_${kind}_input`) ? `parquet_${kind}_input` : `${kind}_input_path`;
    const written = config.text(key);
    return written === null ? null : fileOf(dir, written, config.place(key));
  };
  const written = data.text("separator") ?? ",";
  const separator = csv && written !== "," ? separatorOf(written, data.place("separator")) : null;
  const [train, evaluated] = [named("train"), named("eval")];
  if (train === null) {
    throw new TwinError(`${path}: \`train_input_path\` is missing`);
  }
  if (evaluated === train) {
    notes.push("the file to evaluate by is the one to train by, so there is no validation part: add a `split`");
  }
  return {
    path,
    config,
    data,
    files: { train, ...(evaluated !== null && evaluated !== train && { validation: evaluated }) },
    separator,
    order: csv && !data.flag("with_header") ? inputs : null,
    inputs,
  };
}

function configOf(given: string): { readonly path: string; readonly dir: string } {
  if (/\.config$/.test(given) && !isFolder(given)) {
    return { path: given, dir: join(given, "..") };
  }
  const found = namesIn(given).filter((name) => name.endsWith(".config"));
  const [first, second] = found;
  if (first === undefined) {
    throw new TwinError(
      `${given} is no folder of EasyRec: there is no pipeline.config, nor another file that ends in .config`,
    );
  }
  if (second !== undefined && !found.includes("pipeline.config")) {
    throw new TwinError(`${given} has several configurations; name the one: ${join(given, first)}`);
  }
  return { path: join(given, second === undefined ? first : "pipeline.config"), dir: given };
}

const ended = /\.(csv|tsv|tab|txt|parquet|pq)(\.(gz|zst))?$/i;

/** Of a file without an ending, the one beside it that has one. */
function fileOf(dir: string, written: string, where: string): string {
  if (written.includes(",")) {
    throw new TwinError(
      `${where}: several files are named; put them into a folder of their own, and name them by a pattern such as train/*.csv`,
    );
  }
  if (/[*?[]/.test(written)) {
    return resolved(dir, written) ?? join(dir, written);
  }
  const named = resolved(dir, written);
  const path = named !== null && !ended.test(named) && !isFolder(named) ? resolved(dir, `${written}.csv`) : named;
  if (named !== null && path === null) {
    throw new TwinError(
      `${where}: ${named} has no ending that says its format; give it one by a link: ln -s ${basename(written)} ${named}.csv`,
    );
  }
  if (path === null) {
    throw new TwinError(
      `${where}: there is no file ${written}; it is looked for from ${dir}, from the folders above it, and by its last name in it`,
    );
  }
  return isFolder(path) ? join(path, "*") : path;
}
