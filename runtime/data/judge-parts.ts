// What is wrong, or worth saying, of parts that the data or a user's last events say: nothing keeps them in the order of time.
import { TwinError } from "../../contract/error.ts";
import type { Binding } from "./binding.ts";
import { counted } from "./counted.ts";
import { quoted, type Source } from "./database/source.ts";
import { type RowsKey, rowsKey } from "./listed-binding.ts";
import { placeOfRow } from "./relation.ts";
import type { SampleColumns } from "./sample-columns.ts";

type Ask = (sql: string) => Promise<Record<string, unknown>[]>;

const say = (number: unknown): string => counted(Number(number));
const names = ["training", "validation", "test"];

/**
 * @param from a table, or a select in brackets, with the columns of the events' query
 * @param whole whether these are all columns that a model reads @returns warnings
 * @throws TwinError with both places where one sample stands in two parts
 */
export async function judgeParts(
  source: Source,
  from: string,
  columns: SampleColumns,
  binding: Binding,
  whole: boolean,
): Promise<string[]> {
  const { split } = binding;
  if (split === null || !["files", "part", "last"].includes(split.kind)) {
    return [];
  }
  const ask: Ask = async (sql) => {
    try {
      return await source.all(sql);
    } catch (cause) {
      throw await columns.explain(cause);
    }
  };
  const some = columns.labels.map(({ name }) => `NOT isnan(${quoted(name)})`);
  const labelled = some.length === 0 ? "true" : `(${some.join(" OR ")})`;
  // Where the length of a row's own lists counts, nothing says what was later.
  const timed = binding.events !== null && binding.events.clock !== null;
  const late = timed ? await laterInTraining(ask, from, labelled, columns.events.steps) : [];
  if (split.kind === "last") {
    const where = binding.place("split");
    const others = `${where}: \`by: last\` leaves out the last events of each user, whenever they were, and others' later events are trained on, which at serving have not happened yet${late.length === 0 ? "" : `: ${late.join(", and ")}`}. Compare with others' figures by it; for figures that hold for days to come split \`by: time\``;
    return [others, ...(await ofLast(ask, from, labelled, where, split.validation + split.test, rowsKey(binding)))];
  }
  const where = split.kind === "files" ? binding.place(rowsKey(binding), "file") : binding.place("split");
  const order = late.map((one) => `${where}: ${one}; what is learned there is of the future for them`);
  return [...order, ...(await shared(source, ask, from, columns, where, whole, timed, rowsKey(binding)))];
}

/** Of each later part, how many samples lie before the end of training. */
async function laterInTraining(ask: Ask, from: string, labelled: string, steps: boolean): Promise<string[]> {
  const end = `(SELECT max("#time") FROM ${from} WHERE "#part" = 0 AND ${labelled})`;
  const rows = await ask(
    `SELECT "#part" AS part, count(*) FILTER ("#time" < ${end})::DOUBLE AS late, count(*)::DOUBLE AS n FROM ${from} WHERE "#part" > 0 AND ${labelled} GROUP BY 1 ORDER BY 1`,
  );
  return rows
    .filter(({ late }) => Number(late) > 0)
    .map(
      ({ part, late, n }) =>
        `training holds ${steps ? "later steps" : "events later"} than ${say(late)} of the ${say(n)} samples of ${names[Number(part)]}`,
    );
}

async function ofLast(
  ask: Ask,
  from: string,
  labelled: string,
  where: string,
  out: number,
  rows: string,
): Promise<string[]> {
  const warnings: string[] = [];
  const [short] = await ask(
    `SELECT count(*) FILTER (c <= ${out})::DOUBLE AS n, count(*)::DOUBLE AS users FROM (SELECT count(*) AS c FROM ${from} GROUP BY "#user")`,
  );
  if (Number(short?.n) > 0) {
    warnings.push(
      `${where}: ${say(short?.n)} of ${say(short?.users)} users have fewer than ${say(out + 1)} ${rows}: their first stays in training, and test is filled before validation`,
    );
  }
  const [ties] = await ask(
    `SELECT count(*)::DOUBLE AS n FROM (SELECT 1 FROM ${from} GROUP BY "#user", "#time" HAVING min("#part") <> max("#part"))`,
  );
  if (Number(ties?.n) > 0) {
    warnings.push(
      `${where}: ${say(ties?.n)} times a user has ${rows} of one time in two parts: of those the later in the file are left out, and they are no history of one another`,
    );
  }
  const [bare] = await ask(
    `SELECT count(*) FILTER (NOT ${labelled})::DOUBLE AS n, count(*)::DOUBLE AS events FROM ${from} WHERE "#part" > 0`,
  );
  if (Number(bare?.n) > 0) {
    warnings.push(
      `${where}: ${say(bare?.n)} of the ${say(bare?.events)} ${rows} that are left out have no label and are not learned from: each counts as one of a user's last. \`${rows}.where\` drops those that should not`,
    );
  }
  return warnings;
}

/** Share of later parts up to which equal samples at equal steps are taken for what was shown twice. */
const fewRepeats = 0.01;

/** The same user, item and time in two parts. */
async function shared(
  source: Source,
  ask: Ask,
  from: string,
  columns: SampleColumns,
  where: string,
  whole: boolean,
  timed: boolean,
  rows: RowsKey,
): Promise<string[]> {
  const both = `HAVING min("#part") <> max("#part")`;
  const [found] = await ask(
    `SELECT count(*)::DOUBLE AS n, min(first)::DOUBLE AS first FROM (SELECT min("#row") AS first FROM ${from} GROUP BY "#user", "#item", "#time" ${both})`,
  );
  if (Number(found?.n ?? 0) === 0) {
    return [];
  }
  if (whole) {
    const all = (await source.describe(`SELECT * EXCLUDE ("#row", "#part") FROM ${from}`)).map(({ name }) =>
      quoted(name),
    );
    const [twice] = await ask(
      `SELECT count(*) OVER ()::DOUBLE AS n, arg_min("#row", "#part")::DOUBLE AS a, arg_max("#row", "#part")::DOUBLE AS b, min("#part") AS p, max("#part") AS q FROM ${from} GROUP BY ${all.join(", ")} ${both} ORDER BY min("#row") LIMIT 1`,
    );
    const [later] = await ask(`SELECT count(*)::DOUBLE AS n FROM ${from} WHERE "#part" > 0`);
    // Steps do not tell what is shown twice from what stands in two files: few of them are no overlap.
    if (twice !== undefined && (!columns.events.steps || Number(twice.n) > fewRepeats * Number(later?.n))) {
      const { relation } = columns.events;
      const [a, b] = [
        await placeOfRow(source, relation, Number(twice.a)),
        await placeOfRow(source, relation, Number(twice.b)),
      ];
      const more = Number(twice.n) === 1 ? "" : ` (the first of ${say(twice.n)} such samples)`;
      throw new TwinError(
        `${b}: this sample of the ${names[Number(twice.q)]} part stands in ${a} of the ${names[Number(twice.p)]} part, too, with the same user, item, time and values${more}: remove one of them, or leave it out with \`${rows}.where\``,
      );
    }
  }
  if (!timed) {
    return [];
  }
  return [
    `${where}: ${say(found?.n)} times the same user, item and time stand in two parts: each counts, in histories as well`,
  ];
}
