// Items of the tests' model as files that are put in.
import { join } from "node:path";
import type { RawColumn } from "../../runtime/encode/raw.ts";
import { temporary } from "./built-twin.ts";
import { writeFiles } from "./data-files.ts";

/** A file of the items with these keys. @param columns by bare feature name, equally long */
export function itemsFile(
  keys: readonly (number | bigint | string)[],
  columns: Readonly<Record<string, RawColumn>>,
  name = "items.jsonl",
): string {
  const rows = keys.map((key, i) => {
    const values = Object.entries(columns).map(([column, all]) => [column, (all as readonly unknown[])[i]] as const);
    const rest = JSON.stringify(Object.fromEntries(values)).slice(1);
    return `{"video":${typeof key === "string" ? JSON.stringify(key) : String(key)}${rest === "}" ? "" : ","}${rest}`;
  });
  const folder = temporary();
  writeFiles(folder, { [name]: `${rows.join("\n")}\n` });
  return join(folder, name);
}
