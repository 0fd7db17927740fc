// RecBole's atomic files: which there are in a folder, and what their headings say: `item_id:token`.
import { join } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { separatorOf } from "../files/file-form.ts";
import { isPlain, readYamlMap, textOf } from "./broken-text.ts";
import { namesIn } from "./find-files.ts";
import type { PartFiles } from "./published.ts";

export interface RecBoleFiles {
  readonly files: PartFiles;
  readonly items: string | null;
  readonly users: string | null;
  readonly words: RecBoleWords;
}

/** Names that a configuration may change. */
export interface RecBoleWords {
  readonly user: string;
  readonly item: string;
  readonly time: string;
  readonly rating: string;
  readonly label: string;
  readonly listed: string;
  readonly by: string;
  /** Between the fields, where a configuration says it. */
  readonly separator: string | null;
  readonly threshold: { readonly column: string; readonly least: number } | null;
}

export type AtomicType = "token" | "token_seq" | "float" | "float_seq";

export interface AtomicColumn {
  /** `item_id` */
  readonly name: string;
  readonly type: AtomicType;
  /** `item_id:token`, as the file has it. */
  readonly column: string;
}

const parts = { train: /^train(ing)?$/, validation: /^(valid|validation|val|dev)$/, test: /^test$/ };

/** @throws TwinError naming what is missing, and the way out */
export function recboleFiles(dir: string): RecBoleFiles {
  const names = namesIn(dir);
  const logs = names.filter((name) => name.endsWith(".inter"));
  if (logs.length === 0) {
    throw new TwinError(
      `${dir} is no folder of RecBole: no file ends in .inter; name the folder of one data set, such as dataset/ml-100k`,
    );
  }
  const words = wordsOf(dir, names);
  const sets = new Map<string, Map<string, string>>();
  for (const log of logs) {
    const stem = log.slice(0, -".inter".length);
    const dot = stem.lastIndexOf(".");
    const part = Object.entries(parts).find(([, pattern]) => dot > 0 && pattern.test(stem.slice(dot + 1)))?.[0];
    const name = part === undefined ? stem : stem.slice(0, dot);
    const found = sets.get(name) ?? new Map<string, string>();
    found.set(part ?? "all", join(dir, log));
    sets.set(name, found);
  }
  const [first, second] = [...sets];
  if (first === undefined || second !== undefined) {
    throw new TwinError(
      `${dir} holds ${sets.size} data sets (${[...sets.keys()].join(", ")}); put the files of the one into a folder of its own`,
    );
  }
  const [name, found] = first;
  const [train, validation, test] = [found.get("train"), found.get("validation"), found.get("test")];
  const whole = found.get("all");
  const side = (ending: string): string | null => (names.includes(name + ending) ? join(dir, name + ending) : null);
  const [items, users] = [side(".item"), side(".user")];
  if (train === undefined) {
    if (whole === undefined) {
      throw new TwinError(`${dir} has ${logs.join(" and ")}, and ${name}.train.inter is missing`);
    }
    return { files: { train: whole }, items, users, words };
  }
  return {
    files: { train, ...(validation !== undefined && { validation }), ...(test !== undefined && { test }) },
    items,
    users,
    words,
  };
}

/** The names of RecBole, or those of a configuration in the folder. */
function wordsOf(dir: string, names: readonly string[]): RecBoleWords {
  const config = Object.assign(
    {},
    ...names.filter((name) => /\.ya?ml$/.test(name)).map((name) => readYamlMap(join(dir, name))),
  ) as Readonly<Record<string, unknown>>;
  const word = (key: string, usual: string): string => textOf(config[key]) ?? usual;
  const fieldSeparator = textOf(config.field_separator);
  const [threshold] = isPlain(config.threshold) ? Object.entries(config.threshold) : [];
  return {
    user: word("USER_ID_FIELD", "user_id"),
    item: word("ITEM_ID_FIELD", "item_id"),
    time: word("TIME_FIELD", "timestamp"),
    rating: word("RATING_FIELD", "rating"),
    label: word("LABEL_FIELD", "label"),
    listed: word("LIST_SUFFIX", "_list"),
    by: word("seq_separator", " "),
    separator: fieldSeparator === null ? null : separatorOf(fieldSeparator, `${dir}: field_separator`),
    threshold:
      threshold !== undefined && typeof threshold[1] === "number"
        ? { column: threshold[0], least: threshold[1] }
        : null,
  };
}

const types: readonly string[] = ["token", "token_seq", "float", "float_seq"] satisfies AtomicType[];
const isType = (type: string): type is AtomicType => types.includes(type);

/**
 * The columns of an atomic file, from its headings.
 * @param notes columns of types that nobody knows are left out, with a note
 * @throws TwinError for headings without types
 */
export function atomicColumns(file: string, headings: Iterable<string>, notes: string[]): AtomicColumn[] {
  return [...headings].flatMap((column): AtomicColumn[] => {
    const colon = column.lastIndexOf(":");
    const [name, type] = [column.slice(0, colon), column.slice(colon + 1).trim()];
    if (colon <= 0) {
      throw new TwinError(
        `${file}, line 1: the heading \`${column}\` has no type; in an atomic file it is written as \`${column}:token\``,
      );
    }
    if (isType(type)) {
      return [{ name: name.trim(), type, column }];
    }
    notes.push(`\`${name}\` of ${file} is left out: \`${type}\` is no type of an atomic file`);
    return [];
  });
}
