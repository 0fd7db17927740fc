// Labels of published rows: what they hold says what is learned of them.
import { TwinError } from "../../../contract/error.ts";
import { quoted } from "../database/source.ts";
import type { Look } from "./look.ts";
import type { PublishedLabel } from "./published.ts";

export interface FoundLabels {
  readonly labels: readonly PublishedLabel[];
  readonly drawn: boolean;
}

/** 0 and 1 are learned as a probability, other numbers by regression; what is always 1 needs drawn negatives. */
export async function labelsOf(
  look: Look,
  file: string,
  columns: readonly { readonly name: string; readonly column: string }[],
): Promise<FoundLabels> {
  const labels: PublishedLabel[] = [];
  let ones = 0;
  for (const { name, column } of columns) {
    const { family, range, type } = await look.profile(file, column);
    if (range === null && family !== "boolean") {
      throw new TwinError(`the label \`${name}\` holds ${type}; 0 and 1, or numbers, are due`);
    }
    const binary = range === null || (await isBinary(look, file, column));
    ones += Number(binary && range !== null && range.min === 1);
    labels.push({ name, sql: column, task: binary ? "binary" : "regression" });
  }
  return { labels, drawn: labels.length > 0 && ones === labels.length };
}

async function isBinary(look: Look, file: string, column: string): Promise<boolean> {
  const relation = await look.relation(file);
  const value = quoted(column);
  const [row] = await look.source.all(
    `SELECT coalesce(bool_and(${value} IN (0, 1)), true) AS binary FROM ${relation.sql()} WHERE ${value} IS NOT NULL`,
  );
  return row?.binary === true;
}
