// How a draft's CSV files are separated: as the caller says, or as their lines tell.
import { TwinError } from "../../../contract/error.ts";
import { cell } from "../../../contract/width.ts";
import { type FileForm, formatOf, saysTabs, separatorOf, writtenSeparator } from "../files/file-form.ts";
import { shownPath } from "../files/shown-path.ts";
import type { Relation } from "../relation.ts";

/** @param option its name, for errors @throws TwinError for what separates nothing, and beside what is no CSV */
export function formBy(separator: string | undefined, file: string, option: string): FileForm {
  if (separator === undefined) {
    return {};
  }
  const format = formatOf(file);
  if (format !== null && format !== "csv") {
    throw new TwinError(`${option}: a separator is for CSV, and ${shownPath(file)} is ${format}`);
  }
  return { separator: separatorOf(separator, option), ...(format === null && { format: "csv" as const }) };
}

/** What data.yaml says beside `file`: commas, and the tabs of names that say so, are told by the file. */
export function formText({ separator, files }: Relation, { format }: FileForm): string {
  const said =
    separator === undefined || separator === "," || (separator === "\t" && files.every(saysTabs))
      ? ""
      : `, separator: ${writtenSeparator(separator)}`;
  return format === undefined ? said : `, format: ${format}${said}`;
}

/** @throws TwinError where a log has one column: its fields are separated by something else */
export function requireFields({ format, name, columns }: Relation): void {
  const [only = "", ...more] = columns.keys();
  if (format === "csv" && more.length === 0) {
    throw new TwinError(
      `--from: ${name} has one column only, ${JSON.stringify(cell(only))}; if fields are separated otherwise, say by what: --separator SIGN`,
    );
  }
}
