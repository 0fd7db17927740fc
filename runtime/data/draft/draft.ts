// A first model and binding from the columns of a user's own files: `twin init --from`.
import { relative } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { clockFactors } from "../clock.ts";
import { localFile } from "../database/local-file.ts";
import { quoted, Source } from "../database/source.ts";
import type { FileForm } from "../files/file-form.ts";
import { readError } from "../files/read-error.ts";
import { openRelation, type Relation } from "../relation.ts";
import { belongingTo, shareOfNewcomers, shareOfRepeats } from "./belonging.ts";
import { bindingText, draftedModel } from "./documents.ts";
import { type DraftFeature, draftFeature, type Skipped, userFeature } from "./kinds.ts";
import { namesOf } from "./names.ts";
import { type Past, pastOf } from "./past.ts";
import { oftenIn, type Profile, profile } from "./profile.ts";
import { type Named, type Roles, rolesOf } from "./roles.ts";
import { formBy, formText, requireFields } from "./separators.ts";

export interface DraftOptions extends Named {
  /** The events' file or glob. */
  readonly events: string;
  readonly items?: string;
  /** What separates fields of CSV, where the lines do not tell. */
  readonly separator?: string;
  readonly itemsSeparator?: string;
  /** Folder that the texts are for: paths in data.yaml are relative to it. */
  readonly folder: string;
}

export interface Draft {
  readonly model: string;
  readonly data: string;
  readonly roles: Roles;
  /** Share of the events whose item the same user had met before; 0 where labels are found. */
  readonly repeats: number;
  /** Columns that no feature was made of, and why. */
  readonly skipped: readonly Skipped[];
}

export interface Drafted {
  /** Of the log. */
  readonly events: number;
  readonly roles: Roles;
  readonly steps: boolean;
  readonly item: readonly DraftFeature[];
  /** The user's own column first, unless most users to come are new. */
  readonly user: readonly DraftFeature[];
  readonly cross: readonly DraftFeature[];
  /** Share of the events whose item the same user had met at an earlier time. */
  readonly repeats: number;
  readonly past: Past;
  /** Null: by shares of each user's events. */
  readonly split: Split | null;
  readonly files: { readonly events: string; readonly items: string | null };
  /** What stands beside the files' names in data.yaml: how they are written. */
  readonly forms: { readonly events: string; readonly items: string };
}

interface Split {
  readonly train: string;
  readonly validation: string;
  /** End of the training part, in seconds or steps. */
  readonly end: number;
}

/** Share of the later events that are of new users from which on a row of each user's own teaches the model to lean on what it will not have. */
const mostlyNew = 0.5;

/** @throws TwinError where a file cannot be read, or no column can be the user, the item or the clock */
export async function draft(options: DraftOptions): Promise<Draft> {
  const log = localFile(options.events, "--from");
  const catalogue = options.items === undefined ? null : localFile(options.items, "--items");
  const form = formBy(options.separator, log, "--separator");
  const itemsForm = catalogue === null ? {} : formBy(options.itemsSeparator, catalogue, "--items-separator");
  const source = await Source.open({ reads: catalogue === null ? [log] : [log, catalogue] });
  try {
    const look = async (
      file: string,
      role: string,
      form: FileForm,
      expected: readonly string[] = [],
    ): Promise<{ relation: Relation; columns: Profile[] }> => {
      const relation = await openRelation(source, file, role, expected, form);
      const columns = await profile(source, relation);
      if ((columns[0]?.rows ?? 0) === 0) {
        throw new TwinError(`${role}: ${relation.name} has no rows`);
      }
      return { relation, columns };
    };
    const asked = [options.user, options.item, options.time].filter((one) => one !== undefined);
    const { relation, columns: events } = await look(log, "--from", form, asked);
    requireFields(relation);
    const looked = catalogue === null ? null : await look(catalogue, "--items", itemsForm);
    const items = looked?.columns ?? null;
    const roles = rolesOf(events, items, options);
    const skipped: Skipped[] = [];
    const named = { events: namesIn(events), items: namesIn(items ?? events) };
    const features = (columns: readonly Profile[], names: Names, key: string | null = null): DraftFeature[] =>
      columns.flatMap((column) => {
        const made = draftFeature(column, names(column.name), column.name === key);
        if ("because" in made) {
          skipped.push(made);
          return [];
        }
        return [made];
      });
    const of = (name: string): Profile => {
      const found = events.find((column) => column.name === name);
      if (found === undefined) {
        throw new TwinError(`the events have no column \`${name}\``);
      }
      return found;
    };
    const [user, item] = await Promise.all([
      overall(source, relation, of(roles.user)),
      overall(source, relation, of(roles.item)),
    ]);
    const past = await pastOf(source, relation, roles);
    const labels = roles.labels.map(({ column }) => column);
    const seen = events.filter(({ name }) => ![roles.user, roles.item, roles.clock.column].includes(name));
    const others = seen.filter(({ name }) => !labels.includes(name));
    // An items file says what an item is; without one the events do.
    const ofItem = items === null ? await belongingTo(source, relation, item, others) : [];
    const itemFeatures =
      items === null || roles.key === null
        ? features([item, ...ofItem], named.items, roles.item)
        : features(keyFirst(items, roles.key, item), named.items, roles.key);
    const ofUser = await belongingTo(
      source,
      relation,
      user,
      others.filter((column) => !ofItem.includes(column)),
    );
    const crossed = seen.filter((column) => ![...ofItem, ...ofUser].includes(column));
    const split = past.anew ? null : splitOf(of(roles.clock.column), roles);
    const fresh = split === null ? 0 : await shareOfNewcomers(source, relation, roles, split.end);
    const isKnown = fresh < mostlyNew;
    if (!isKnown) {
      skipped.push({
        column: roles.user,
        because: `${(100 * fresh).toFixed(0)} % of the events after the training part are of users that it does not have; what is known of them is their history`,
      });
    }
    const path = (file: string): string => relative(options.folder, file).replaceAll("\\", "/");
    const drafted: Drafted = {
      events: past.total,
      roles,
      steps: roles.clock.unit === "steps",
      item: itemFeatures,
      user: [...(isKnown ? [userFeature(user, named.events(user.name))] : []), ...features(ofUser, named.events)],
      cross: features(crossed, named.events),
      repeats: labels.length === 0 ? await shareOfRepeats(source, relation, roles) : 0,
      past,
      split,
      files: { events: path(log), items: catalogue === null ? null : path(catalogue) },
      forms: { events: formText(relation, form), items: looked === null ? "" : formText(looked.relation, itemsForm) },
    };
    return { model: draftedModel(drafted), data: bindingText(drafted), roles, repeats: drafted.repeats, skipped };
  } finally {
    source.close();
  }
}

type Names = (column: string) => string;

function namesIn(columns: readonly Profile[]): Names {
  const names = namesOf(columns.map(({ name }) => name));
  return (column) => {
    const name = names.get(column);
    if (name === undefined) {
      throw new Error(`there is no column ${column}`);
    }
    return name;
  };
}

/** What the whole log says of a key, however late its values come. */
async function overall(source: Source, relation: Relation, key: Profile): Promise<Profile> {
  const column = quoted(key.name);
  try {
    const [row] = await source.all(`SELECT count(DISTINCT ${column})::DOUBLE AS n FROM ${relation.sql()}`);
    return { ...key, different: Number(row.n), often: await oftenIn(source, relation.sql(), column) };
  } catch (cause) {
    throw await readError(source, relation, cause);
  }
}

/** @param item the events' column: it says how often each key is met */
const keyFirst = (columns: readonly Profile[], key: string, { different, often }: Profile): Profile[] => [
  ...columns.filter(({ name }) => name === key).map((column) => ({ ...column, different, often })),
  ...columns.filter(({ name }) => name !== key),
];

/** The first 80 % of the events by time to learn from, the next 10 % to stop by, the rest to be judged by. */
function splitOf(profile: Profile, { clock }: Roles): Split | null {
  const { family } = profile;
  const range = clock.format === undefined ? profile.range : (profile.dated?.range ?? null);
  if (range === null) {
    return null;
  }
  const factor = family === "time" ? 1 : clockFactors[clock.unit];
  const [, , , , train, validation] = range.quantiles.map((value) => value / factor);
  if (!(range.min / factor <= train && train < validation && validation < range.max / factor)) {
    return null;
  }
  const end = (time: number): string =>
    clock.unit === "steps"
      ? `..${Math.floor(time)}`
      : `..${new Date(Math.floor(time) * 1000).toISOString().slice(0, 19)}Z`;
  return { train: end(train), validation: end(validation), end: Math.floor(train) };
}
