// A model made smaller for a budget: vocabularies that hold fewer entries, tables that are stored narrower. What it means else stays.
import { type BudgetSection, budgetSection } from "../../contract/budget-section.ts";
import { bytesText, countText } from "../diagnostics/number-text.ts";
import { givenName, vocabularyOwner, vocabularyOwners, vocabularyTables } from "../model/embeddings.ts";
import { allFeatures } from "../model/features.ts";
import type { Embedding, Model, Table } from "../model/model.ts";
import type { Choice } from "./plan.ts";

export interface Fit {
  /** Bytes that a page may fetch. */
  readonly budget: number;
  /** Whether entries were counted; else their order stood for how often they occur. */
  readonly counted: boolean;
  /** By the feature that owns the vocabulary. A vocabulary that is not named stays as it is, with the rows of its tables. */
  readonly vocabularies: ReadonlyMap<string, FittedVocabulary>;
  /** By table; one that is not named stays as the model says. */
  readonly precisions: ReadonlyMap<string, Table["precision"]>;
}

export interface FittedVocabulary {
  /** Places of the entries that stay, ascending, counted from 0. Their tables have a row for each, and row 0. */
  readonly keep: Int32Array;
  /** Entries before. */
  readonly of: number;
  /** Share of the occurrences that the entries left out had; null where they were not counted. */
  readonly lost: number | null;
}

type Open<T> = { -readonly [K in keyof T]: T[K] };

/** A table has at least one row behind row 0. */
const rowsOf = (keep: Int32Array): number => Math.max(1, keep.length) + 1;

/** The model with the vocabularies and precisions of a fit: nothing else differs. */
export function fitted(model: Model, { vocabularies, precisions }: Fit): Model {
  // References stay references within the copy: features that shared a table share its copy.
  const copy = structuredClone(model);
  for (const feature of allFeatures(copy)) {
    const owner = vocabularyOwner(copy, feature);
    const kept = owner === null ? undefined : vocabularies.get(owner.qualified);
    if (kept === undefined) {
      continue;
    }
    const { encoder, embedding } = feature;
    const rows = encoder.kind === "tags" ? encoder.of : encoder;
    if (rows.kind === "vocabulary") {
      (rows as Open<typeof rows>).max = rowsOf(kept.keep) - 1;
    }
    if (embedding !== null) {
      (embedding as Open<Embedding>).rows = rowsOf(kept.keep);
    }
  }
  for (const table of copy.tables) {
    (table as Open<Table>).precision = precisions.get(table.name) ?? table.precision;
  }
  return copy;
}

/** By parameter of the whole model: the rows that stay of it, ascending. */
export function keptRows(model: Model, { vocabularies }: Fit): Map<string, Int32Array> {
  const found = new Map<string, Int32Array>();
  for (const [parameter, owner] of vocabularyTables(model)) {
    const kept = vocabularies.get(owner);
    if (kept !== undefined) {
      const rows = new Int32Array(rowsOf(kept.keep));
      rows[1] = 1;
      kept.keep.forEach((place, i) => {
        rows[i + 1] = place + 1;
      });
      found.set(parameter, rows);
    }
  }
  return found;
}

/** The vocabularies as they were given, without the entries that are left out. */
export function keptEntries(
  model: Model,
  given: ReadonlyMap<string, readonly string[]>,
  { vocabularies }: Fit,
): Map<string, readonly string[]> {
  const found = new Map(given);
  for (const owner of vocabularyOwners(model)) {
    const name = givenName(owner, given);
    const entries = given.get(name);
    const kept = vocabularies.get(owner.qualified);
    if (entries !== undefined && kept !== undefined) {
      found.set(
        name,
        Array.from(kept.keep, (place) => entries[place]),
      );
    }
  }
  return found;
}

/** What was given up, for manifest.yaml: as a section, and as choices that a person reads. */
export function fitSaid(
  model: Model,
  { budget, counted, vocabularies, precisions }: Fit,
): { readonly section: ReturnType<typeof budgetSection>; readonly choices: readonly Choice[] } {
  const said: BudgetSection = {
    target: "web",
    bytes: budget,
    counted,
    vocabularies: [...vocabularies]
      .filter(([, { keep, of }]) => keep.length < of)
      .map(([feature, { keep, of, lost }]) => ({ feature, entries: keep.length, of, lost })),
    tables: model.tables.flatMap(({ name, precision: of }) => {
      const precision = precisions.get(name) ?? of;
      return precision === of ? [] : [{ table: name, precision, of }];
    }),
  };
  const because = `a page may fetch ${bytesText(budget)} to rank (--budget)`;
  const choices = [
    ...said.vocabularies.map(({ feature, entries, of, lost }) => ({
      choice: `the vocabulary of ${feature} holds ${countText(entries)} of ${countText(of)} entries; the others, ${lost === null ? "the last of them" : `${lostText(lost)} of what the training part has of them`}, are unknown`,
      because,
    })),
    ...said.tables.map(({ table, precision, of }) => ({
      choice: `table ${table} is stored as ${precision} instead of ${of}`,
      because,
    })),
  ];
  return { section: budgetSection(said), choices };
}

/** `1.25 %`, rounded up: nothing is called free that is not. */
export const lostText = (share: number): string => `${(Math.ceil(share * 1e4 - 1e-9) / 100).toFixed(2)} %`;
