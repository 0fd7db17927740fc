// The texts of a drafted model and its binding.
import { manyRepeats } from "../report.ts";
import type { Drafted } from "./draft-events.ts";
import { declared, keptOf, modelText, seenDoc } from "./model-text.ts";
import { Names } from "./names.ts";
import { agoText, maxOf, maxText } from "./past.ts";
import { usual } from "./role-words.ts";
import type { Roles } from "./roles.ts";

/** The labels that the tower predicts. @param taken names of what else the model declares */
export function labelNames(
  { roles }: { readonly roles: Pick<Roles, "labels"> },
  taken: readonly string[] = [],
): string[] {
  const names = new Names([...declared, ...taken]);
  const told = (name: string): string => (/[a-z0-9]/i.test(usual(name)) ? name : "label");
  return roles.labels.length === 0 ? ["chosen"] : roles.labels.map(({ name }) => names.give(told(name)));
}

export const draftedModel = (drafted: Drafted): string =>
  modelText({
    comment: "A first draft, made from the columns of the files: change what you know better.",
    item: drafted.item,
    user: drafted.user,
    context: [],
    candidate: [],
    histories: [
      {
        name: "seen",
        max: maxText(drafted.past),
        ...keptOf(maxOf(drafted.past)),
        ago: agoText(drafted.past, drafted.steps),
        cross: drafted.cross,
        doc: seenDoc,
      },
    ],
    labels: labelNames(drafted).map((name) => ({ name, task: "binary" })),
    drawn: drafted.roles.labels.length === 0,
    validated: true,
    samples: drafted.events * trained * (drafted.roles.labels.length === 0 ? 1 + drawn : 1),
  });

/** Share of the events in the training part, and negatives for each of them where there are no labels. */
export const trained = 0.8;
export const drawn = 4;

/** A YAML scalar, quoted where it is more than a word. */
export const scalar = (text: string): string =>
  /^[A-Za-z_][\w./*-]*$/.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text) ? text : JSON.stringify(text);

export function negativesOf({ repeats }: { readonly repeats: number }): string[] {
  if (repeats <= manyRepeats) {
    return [`negatives: {per_positive: ${drawn}, by: popularity}`];
  }
  return [
    `# ${(100 * repeats).toFixed(1)} % of the events are of items that their user had met before: such items are drawn, too.`,
    `negatives: {per_positive: ${drawn}, by: popularity, met: allow}`,
  ];
}

export function bindingText(drafted: Drafted): string {
  const { roles, written, item, user, cross, split } = drafted;
  const { column, unit, format } = roles.clock;
  const clock =
    unit === "steps"
      ? `order: ${scalar(column)}`
      : format !== undefined
        ? `time: {column: ${scalar(column)}, format: ${JSON.stringify(format)}}`
        : `time: ${unit === "s" ? scalar(column) : `{column: ${scalar(column)}, unit: ${unit}}`}`;
  const lines = [
    "# Where the columns of the model come from. A feature that is not named has the column of its own name.",
    `events: {file: ${scalar(written.events)}${written.eventsForm}, user: ${scalar(roles.user)}, item: ${scalar(roles.item)}, ${clock}}`,
  ];
  if (written.items !== null && roles.key !== null) {
    lines.push(`items:  {file: ${scalar(written.items)}${written.itemsForm}, key: ${scalar(roles.key)}}`);
  }
  lines.push("columns:");
  const labels = labelNames(drafted);
  if (roles.labels.length === 0) {
    lines.push(`  # No column looks like a label: every event counts as one that the user chose.`);
    lines.push(`  predict.${labels[0]}: "true"`);
  }
  roles.labels.forEach(({ sql }, i) => {
    lines.push(`  predict.${labels[i]}: ${scalar(sql)}`);
  });
  // The key's feature reads the key's column by itself.
  for (const [group, features] of [
    ["item", item.slice(1)],
    ["user", user],
    ["seen", cross],
  ] as const) {
    for (const { name, column: source } of features) {
      if (source !== null) {
        lines.push(`  ${group}.${name}: ${source}`);
      }
    }
  }
  if (roles.labels.length === 0) {
    lines.push(...negativesOf(drafted));
  }
  lines.push(
    split === null
      ? "split: {by: share, train: 80%, validation: 10%, test: rest}"
      : `split: {by: time, train: ${scalar(split.train)}, validation: ${scalar(split.validation)}, test: rest}`,
  );
  return `${lines.join("\n")}\n`;
}
