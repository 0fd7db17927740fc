// A data set in numbers, counted by the database over the events' query, and the mistakes that those numbers show.
import { TwinError } from "../../contract/error.ts";
import type { Binding } from "./binding.ts";
import { counted } from "./counted.ts";
import type { DataModel } from "./data-model.ts";
import { quoted, type Source } from "./database/source.ts";
import { formOfDigits } from "./date-digits.ts";
import { emptyParts } from "./empty-parts.ts";
import type { Events } from "./events.ts";
import { rowsKey } from "./listed-binding.ts";
import { locate } from "./relation.ts";
import type { DataReport } from "./report-schema.ts";
import type { Resolved } from "./resolve.ts";
import type { SampleColumns } from "./sample-columns.ts";

export type Counts = Omit<DataReport, "features" | "supplied" | "warnings">;

const parts = ["training", "validation", "test"] as const;
const bare = (label: Resolved): string => label.name.replace(/^predict\./, "");

/** @param from a table, or a select in brackets, with the columns of the events' query */
export async function countEvents(
  source: Source,
  from: string,
  columns: SampleColumns,
  model: DataModel,
  items: number,
): Promise<Counts> {
  const ask = async (sql: string): Promise<Record<string, unknown>[]> => {
    try {
      return await source.all(sql);
    } catch (cause) {
      throw await columns.explain(cause);
    }
  };
  const { labels } = columns;
  const [all] = await ask(
    `SELECT count(*)::DOUBLE AS n, count(DISTINCT "#item")::DOUBLE AS items, count(DISTINCT "#item") FILTER ("#ordinal" = 0)::DOUBLE AS unknown, count(*) FILTER ("#ordinal" = 0)::DOUBLE AS misses, min("#time") AS first, max("#time") AS last, count(*) FILTER ("#time" IS NULL)::DOUBLE AS timeless, count(*) FILTER ("#user" IS NULL)::DOUBLE AS userless, count(*) FILTER ("#item" IS NULL)::DOUBLE AS itemless FROM ${from}`,
  );
  const dropped = await droppedRows(source, columns, Number(all.n));
  await checkKeys(source, columns.events, all);
  const [users] = await ask(
    `SELECT count(*)::DOUBLE AS n, min(c)::DOUBLE AS least, quantile_cont(c, 0.5)::DOUBLE AS median, quantile_cont(c, 0.95)::DOUBLE AS p95, max(c)::DOUBLE AS most FROM (SELECT count(*) AS c FROM ${from} GROUP BY "#user")`,
  );
  const labelled = labels.map(({ name }) => `NOT isnan(${quoted(name)})`).join(" OR ") || "false";
  const ofLabels = labels.flatMap(({ name }, i) => {
    const here = `FILTER (NOT isnan(${quoted(name)}))`;
    return [`count(*) ${here}::DOUBLE AS n${i}`, `avg(${quoted(name)}) ${here} AS m${i}`];
  });
  const found = await ask(
    `SELECT "#part" AS part, count(*)::DOUBLE AS n, count(*) FILTER (${labelled})::DOUBLE AS samples, count(DISTINCT "#user")::DOUBLE AS users, min("#time") AS first, max("#time") AS last${ofLabels.map((one) => `, ${one}`).join("")} FROM ${from} GROUP BY 1`,
  );
  await checkLabels(source, from, columns, model, ask);
  return {
    model: model.model,
    events: Number(all.n),
    ...(dropped && { dropped }),
    users: Number(users.n),
    items,
    seen: { items: Number(all.items), withoutRow: Number(all.unknown), events: Number(all.misses) },
    behaviours: {
      min: Number(users.least ?? 0),
      median: Number(users.median ?? 0),
      p95: Number(users.p95 ?? 0),
      max: Number(users.most ?? 0),
    },
    clock: {
      unit: columns.events.steps ? "steps" : "seconds",
      first: Number(all.first ?? 0),
      last: Number(all.last ?? 0),
    },
    parts: parts.map((part, p) => {
      const row = found.find((one) => Number(one.part) === p);
      return {
        part,
        events: Number(row?.n ?? 0),
        samples: Number(row?.samples ?? 0),
        users: Number(row?.users ?? 0),
        first: row ? Number(row.first) : null,
        last: row ? Number(row.last) : null,
        labels: labels.map((label, i) => ({
          name: bare(label),
          kind: kindOf(model, label),
          defined: Number(row?.[`n${i}`] ?? 0),
          mean: Number(row?.[`n${i}`] ?? 0) === 0 ? null : Number(row?.[`m${i}`]),
        })),
      };
    }),
  };
}

/** What a condition left out, and of how many. @throws TwinError where it left nothing */
async function droppedRows(source: Source, { events, explain }: SampleColumns, left: number) {
  const { name, dropped } = events.relation;
  if (dropped === undefined) {
    return null;
  }
  const [row] = await source.all(`SELECT count(*)::DOUBLE AS n FROM ${dropped.all}`).catch(async (cause) => {
    throw await explain(cause);
  });
  const of = Number(row.n);
  if (left === 0 && of > 0) {
    throw new TwinError(
      `${dropped.where}: \`${dropped.text}\` holds for none of the ${of.toLocaleString("en-GB")} rows of ${name}: nothing is left`,
    );
  }
  return { rows: of - left, of };
}

function kindOf(model: DataModel, label: Resolved): DataModel["labels"][number]["kind"] {
  const found = model.labels.find(({ name }) => name === bare(label));
  if (found === undefined) {
    throw new Error(`the model has no label ${bare(label)}`);
  }
  return found.kind;
}

/**
 * Every event has a user, an item and a time within 1990–2100.
 * @param all of all events: n, first and last, and how many are userless, itemless and timeless
 */
export async function checkKeys(source: Source, events: Events, all: Record<string, unknown>): Promise<void> {
  if (Number(all.n) === 0) {
    throw new TwinError(`${events.relation.name} holds no events`);
  }
  for (const [count, column, what] of [
    [all.userless, events.user, "user"],
    [all.itemless, events.item, "item"],
  ] as const) {
    if (Number(count) === 0) {
      continue;
    }
    const place = await locate(source, events.relation, `(${column.sql}) IS NULL`);
    throw new TwinError(
      `${place ?? events.relation.name}, column \`${column.shown}\`: the event has no ${what}; fill it in or leave the row out`,
    );
  }
  await events.checkTimes(Number(all.timeless) > 0 ? [null] : [Number(all.first), Number(all.last)]);
}

type Ask = (sql: string) => Promise<Record<string, unknown>[]>;

/** Labels are finite, binary ones 0 or 1; weights are finite and not negative. */
async function checkLabels(
  source: Source,
  from: string,
  columns: SampleColumns,
  model: DataModel,
  ask: Ask,
): Promise<void> {
  const { relation } = columns.events;
  const refuse = async (column: Resolved, wrong: string, why: string): Promise<void> => {
    const name = quoted(column.name);
    const [row] = await ask(`SELECT min("#row")::DOUBLE AS row FROM ${from} WHERE ${wrong.replaceAll("VALUE", name)}`);
    if (row.row === null || row.row === undefined) {
      return;
    }
    const value = await source.all(
      `SELECT ${name}::VARCHAR AS value FROM ${from} WHERE "#row" = ${Number(row.row)} LIMIT 1`,
    );
    const many = relation.files.length > 1 ? " (counted over all files)" : "";
    const shown = value[0]?.value === "inf" && column.name !== "#weight" ? "NaN or infinite" : value[0]?.value;
    throw new TwinError(
      `${relation.name}, row ${Number(row.row) + 1}${many}, column \`${column.shown}\`: ${shown} ${why}`,
    );
  };
  for (const label of columns.labels) {
    await refuse(label, "isinf(VALUE)", "is no label; leave the cell empty where the label is missing");
    if (kindOf(model, label) !== "binary") {
      continue;
    }
    await refuse(
      label,
      "NOT isnan(VALUE) AND VALUE NOT IN (0, 1)",
      `is no binary label: 0 or 1 are due; for a threshold write \`${label.name}: "${label.shown} >= 4"\``,
    );
  }
  if (columns.weight === null) {
    return;
  }
  await refuse(
    columns.weight,
    "isnan(VALUE) OR isinf(VALUE) OR VALUE < 0",
    "is no weight of a sample; a finite number from 0 on is due in every row",
  );
}

/** What would make training pointless: parts without samples, labels that are always the same. @returns warnings */
export function judge(counts: Counts, binding: Binding, model: DataModel): string[] {
  const { errors, warnings } = emptyParts(counts.parts, binding, spanOf(counts, binding));
  const [training] = counts.parts;
  if (training.samples > 0) {
    for (const { name, kind, defined, mean } of training.labels) {
      const where = binding.place("columns", `predict.${name}`);
      if (defined === 0) {
        errors.push(`${where}: label \`${name}\` is missing in every sample of the training part`);
      } else if (kind === "binary" && mean === 0) {
        errors.push(
          `${where}: label \`${name}\` is never 1 in the training part (${counted(defined)} samples), so there is nothing to learn; check the column or the expression`,
        );
      } else if (kind === "binary" && mean === 1 && binding.negatives === null) {
        errors.push(
          `${where}: label \`${name}\` is always 1 in the training part (${counted(defined)} samples); for data without negatives add \`negatives: {per_positive: 4, by: popularity}\``,
        );
      } else if (binding.negatives !== null && (kind !== "binary" || mean !== 1)) {
        errors.push(
          `${binding.place("negatives")}: negatives are drawn for data that has none, and the label \`${name}\` ${kind === "binary" ? "is not always 1" : "is a regression"}; remove \`negatives\`, or take ${name} out of the model`,
        );
      }
    }
  }
  if (errors.length > 0) {
    throw new TwinError(errors.join("\n"));
  }
  warnings.push(...judgeCandidates(model, binding), ...judgeRepeats(counts, binding), ...judgeDigits(counts, binding));
  const { seen } = counts;
  if (seen.events > 0) {
    warnings.push(
      `${counted(seen.withoutRow)} of ${counted(seen.items)} items of the ${rowsKey(binding)} have no row in the items file (${counted(seen.events)} ${rowsKey(binding)}): they count as the unknown item`,
    );
  }
  return warnings;
}

/** What is known of what was shown is not known of what is drawn. */
function judgeCandidates({ features }: DataModel, { negatives, place }: Binding): string[] {
  const known = features.filter(({ group }) => group === "candidate").map(({ name }) => `\`${name}\``);
  if (negatives === null || known.length === 0) {
    return [];
  }
  return [
    `${place("negatives")}: drawn negatives have no ${known.join(", ")}, and positives have: that it is there tells them apart. Take candidate features out of the model, or train on rows that were shown`,
  ];
}

/** Share of repeats among the positives from which on negatives that are never repeats mislead. */
export const manyRepeats = 0.05;

/** Where what was met is never drawn, "was met before" alone tells positives from negatives. */
function judgeRepeats({ parts: all }: Counts, { negatives, place }: Binding): string[] {
  if (negatives === null || negatives.met === "allow") {
    return [];
  }
  const sum = (of: "samples" | "repeats"): number => all.reduce((total, part) => total + (part[of] ?? 0), 0);
  const [positives, repeats] = [sum("samples"), sum("repeats")];
  if (!(repeats > manyRepeats * positives)) {
    return [];
  }
  const share = ((100 * repeats) / positives).toFixed(1);
  return [
    `${place("negatives")}: ${counted(repeats)} of ${counted(positives)} positives (${share} %) are of items that their user had met before, and none of the negatives is: "met before" alone tells them apart. Draw among what was met as well: \`negatives: {per_positive: ${negatives.perPositive}, by: ${negatives.by}, met: allow}\``,
  ];
}

/** Hours in digits, such as 2018063012, are seconds of the years 2033 to 2036, too. */
export function judgeDigits({ clock }: Counts, binding: Binding): string[] {
  const written = binding.events?.clock;
  const form = formOfDigits(clock.first);
  if (written?.unit !== "s" || written.format !== undefined || form === null) {
    return [];
  }
  return formOfDigits(clock.last) === form
    ? [
        `${binding.place(rowsKey(binding), "time")}: times from ${clock.first} to ${clock.last} are read as seconds and lie in the future; if they are dates in digits write \`time: {column: ${written.column}, format: "${form}"}\``,
      ]
    : [];
}

function spanOf({ clock }: Counts, binding: Binding): string {
  const at = (time: number): string =>
    clock.unit === "steps" ? String(time) : new Date(time * 1000).toISOString().slice(0, 19);
  return ` (the ${rowsKey(binding)} lie from ${at(clock.first)} to ${at(clock.last)})`;
}
