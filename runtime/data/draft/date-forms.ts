// In which form the dates of a text column are written: every form that fits all of them, as `strptime` takes it.

import { earliest, latest } from "../../encode/instant.ts";
import { literal, numberList, quoted, type Source } from "../database/source.ts";

const days =
  "%d/%m/%Y %m/%d/%Y %d.%m.%Y %m.%d.%Y %d-%m-%Y %m-%d-%Y %d/%m/%y %m/%d/%y %d-%m-%y %m-%d-%y %y-%m-%d %y/%m/%d".split(
    " ",
  );
const named = ["%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d %Y", "%b %d, %Y", "%B %d, %Y"];
const times = ["", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S %z"];
const whole = [
  "%d/%b/%Y:%H:%M:%S %z",
  "%a, %d %b %Y %H:%M:%S %z",
  "%a %b %d %H:%M:%S %z %Y",
  "%Y%m%d %H:%M:%S",
  "%Y-%m-%d %I:%M:%S %p",
];
const forms = [...[...days, ...named].flatMap((day) => times.map((time) => day + time)), ...whole];

/** What every text in one of the forms has in it: others are not tried, as trying takes long. */
const telling = /\d[/.-]\d{1,2}[/.-]\d|\d{8} \d|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec/i;

export interface Dated {
  /** More than one where nothing in the values tells which: day and month may change places. */
  readonly forms: readonly string[];
  /** Seconds by the first form. */
  readonly range: { readonly min: number; readonly max: number; readonly quantiles: readonly number[] };
}

/** @param rows the rows that are looked at @returns null where no form fits, and for dates that are read without one */
export async function datesOf(source: Source, rows: string, column: string, quantiles: string): Promise<Dated | null> {
  const text = `CAST(${quoted(column)} AS VARCHAR)`;
  const seconds = (form: string): string => `epoch(try_strptime(${text}, ${literal(form)}))`;
  const fits = (form: string): string => `coalesce(${seconds(form)} BETWEEN ${earliest} AND ${latest}, false)`;
  const [first] = await source.all(`SELECT ${text} AS v FROM ${rows} WHERE ${text} IS NOT NULL LIMIT 1`);
  if (first === undefined || !telling.test(String(first.v)) || String(first.v).length > 64) {
    return null;
  }
  const which = async (some: readonly string[], holds: (form: string) => string, from: string): Promise<string[]> => {
    if (some.length === 0) {
      return [];
    }
    const asked = some.map((form, i) => `bool_and(${holds(form)}) AS f${i}`);
    const [row] = await source.all(`SELECT ${asked.join(", ")} FROM ${from}`);
    return some.filter((_, i) => row[`f${i}`] === true);
  };
  const present = `(SELECT * FROM ${rows} WHERE ${text} IS NOT NULL)`;
  const fitting = await which(await which(forms, fits, `(SELECT * FROM ${present} LIMIT 1)`), fits, present);
  if (fitting.length === 0) {
    return null;
  }
  // Forms that say the same of every row, as `%b` and `%B` do in May, are one.
  const [chosen, ...others] = fitting;
  const alike = await which(others, (form) => `${seconds(form)} = ${seconds(chosen)}`, present);
  const found = fitting.filter((form) => !alike.includes(form));
  const [row] = await source.all(
    `SELECT min(t) AS least, max(t) AS most, quantile_cont(t, ${quantiles}) AS quantiles FROM (SELECT ${seconds(chosen)} AS t FROM ${present})`,
  );
  return {
    forms: found,
    range: { min: Number(row.least), max: Number(row.most), quantiles: numberList(row.quantiles) },
  };
}
