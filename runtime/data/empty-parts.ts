// Parts of a data set that hold nothing to train on, to stop by, or to be judged by.
import type { Binding } from "./binding.ts";
import { counted } from "./counted.ts";
import { rowsKey } from "./listed-binding.ts";
import type { DataReport } from "./report-schema.ts";
import { partsAsked, type Split } from "./split.ts";

/** @param span where the events lie, in brackets */
export function emptyParts(
  parts: DataReport["parts"],
  binding: Binding,
  span: string,
): { readonly errors: string[]; readonly warnings: string[] } {
  const { split, place } = binding;
  const key = rowsKey(binding);
  const [training, validation, test] = parts;
  const errors: string[] = [];
  const warnings: string[] = [];
  const at = (part: "train" | "validation" | "test"): string =>
    split === null ? place("columns") : split.kind === "files" ? place(key, "file", part) : place("split", part);
  if (training !== undefined && training.samples === 0) {
    const move = cut(split) ? "; move its end, or give labels there" : rowsOf(training.events);
    errors.push(`${at("train")}: the training part has no samples${span}${move}`);
  }
  if (split === null) {
    return { errors, warnings };
  }
  const asked = partsAsked(split);
  if (asked.validation && validation?.samples === 0) {
    const move = cut(split) ? "; move the ends of the split" : rowsOf(validation.events);
    errors.push(`${at("validation")}: the validation part has no samples${span}${move}`);
  }
  if (asked.test && test?.samples === 0) {
    if (cut(split)) {
      warnings.push("the test part has no samples: everything lies before the end of the validation part");
    } else if (test.events === 0 && split.kind !== "last") {
      errors.push(`${at("test")}: the test part has no rows; leave it out where there is none`);
    } else {
      warnings.push(`${at("test")}: the test part has no samples${rowsOf(test.events)}`);
    }
  }
  return { errors, warnings };
}

/** Whether parts are cut at ends that can be moved. */
const cut = (split: Split | null): boolean => split === null || ["time", "share", "users"].includes(split.kind);

const rowsOf = (rows: number): string =>
  rows === 0 ? ": there is no row of it" : `: it has ${counted(rows)} rows, and none of them a label`;
