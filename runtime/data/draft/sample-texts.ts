// The texts of a model and its binding that are drafted from samples.
import { parse } from "yaml";
import { recordOf } from "../../../contract/record.ts";
import { yamlText } from "../../../contract/yaml-write.ts";
import { manyRepeats } from "../report.ts";
import { drawn, labelNames, trained } from "./documents.ts";
import type { Files } from "./draft.ts";
import type { DraftFeature } from "./kinds.ts";
import type { DraftedList } from "./listed-history.ts";
import { keptOf, modelText } from "./model-text.ts";
import { agoText, maxOf, maxText } from "./past.ts";
import type { SampleRoles } from "./roles.ts";

interface DraftedSamples {
  readonly roles: SampleRoles;
  readonly written: Files["written"];
  readonly rows: number;
  /** The key first. */
  readonly item: readonly DraftFeature[];
  readonly user: readonly DraftFeature[];
  readonly context: readonly DraftFeature[];
  readonly candidate: readonly DraftFeature[];
  readonly histories: readonly DraftedList[];
  /** Share of the rows whose item is in one of their lists. */
  readonly repeats: number;
  /** As data.yaml has it; null: everything is training. */
  readonly split: Readonly<Record<string, string>> | null;
}

export function sampleTexts(drafted: DraftedSamples): { model: string; data: string; repeats: number } {
  const { roles, rows, item, user, context, candidate, histories, repeats, split } = drafted;
  const names = labelNames(
    drafted,
    histories.flatMap(({ name }) => [name, `${name}_keys`, `${name}_recent`]),
  );
  const none = roles.labels.length === 0;
  const model = modelText({
    comment: "A first draft, made from the columns of the files: change what you know better.",
    item,
    user,
    context,
    candidate,
    histories: histories.map(({ name, column, events, ago, times, cross }) => ({
      name,
      max: maxText({ events }),
      ...keptOf(maxOf({ events })),
      ago: agoText({ ago }, times === null),
      cross,
      doc: [`What this user did before, as each row brings it in \`${column}\`.`],
    })),
    labels: names.map((name) => ({ name, task: "binary" as const })),
    drawn: none,
    validated: split !== null,
    samples: rows * trained * (none ? 1 + drawn : 1),
  });
  return { model, data: dataText(drafted, names), repeats };
}

function dataText(
  { roles, written, item, user, context, candidate, histories, repeats, split }: DraftedSamples,
  labels: readonly string[],
): string {
  const { clock } = roles;
  const time =
    clock === null
      ? {}
      : {
          time:
            clock.format !== undefined
              ? { column: clock.column, format: clock.format }
              : clock.unit === "s"
                ? clock.column
                : { column: clock.column, unit: clock.unit },
        };
  const lists = histories.map(({ name, column, by, newest, padding, times, columns }) => {
    const list = {
      item: column,
      ...(by === null ? {} : { by }),
      newest,
      ...(padding === null ? {} : { padding }),
      ...(times === null ? {} : { time: times }),
      ...(columns.length === 0 ? {} : { columns: recordOf(columns) }),
    };
    return [name, list] as const;
  });
  const none = roles.labels.length === 0;
  const predicted = labels.map((name, i) => [`predict.${name}`, none ? "true" : roles.labels[i].sql] as const);
  const bound = Object.entries({ item: item.slice(1), user, context, candidate }).flatMap(([group, features]) =>
    features.flatMap(({ name, column }) => (column === null ? [] : [[`${group}.${name}`, parse(column)] as const])),
  );
  const value = {
    samples: {
      file: written.events,
      ...formOf(written.eventsForm),
      ...(roles.user === null ? {} : { user: roles.user }),
      item: roles.item,
      ...time,
      histories: recordOf(lists),
    },
    ...(written.items === null || roles.key === null
      ? {}
      : { items: { file: written.items, ...formOf(written.itemsForm), key: roles.key } }),
    columns: recordOf<unknown>([...predicted, ...bound]),
    ...(none
      ? { negatives: { per_positive: drawn, by: "popularity", ...(repeats > manyRepeats ? { met: "allow" } : {}) } }
      : {}),
    ...(split === null ? {} : { split }),
  };
  return [
    "# Where the columns of the model come from. A feature that is not named has the column of its own name.",
    ...(none ? ["# No column looks like a label: every row counts as one that the user chose."] : []),
    yamlText(value),
  ].join("\n");
}

/** What stands beside a file's name. */
const formOf = (form: string): Record<string, unknown> =>
  parse(`{file: x${form}}`, (key, value) => (key === "file" ? undefined : value));
