// The report of a data set as text: what was read, by part, by label, by feature.
import type { DataReport } from "../runtime/data/index.ts";

const number = (value: number): string => value.toLocaleString("en-GB", { maximumFractionDigits: 1 });
const percent = (share: number): string => `${(100 * share).toPrecision(3)} %`;

/** Lines of the report; warnings are not among them. */
export function reportText(report: DataReport): string {
  const { events, users, items, seen, behaviours, clock, parts } = report;
  const at = (time: number): string =>
    clock.unit === "steps"
      ? `step ${number(time)}`
      : new Date(time * 1000).toISOString().slice(0, 19).replace("T", " ");
  const lines = [
    `${number(events)} events of ${number(users)} users, from ${at(clock.first)} to ${at(clock.last)}`,
    `${number(items)} items; the events name ${number(seen.items)}${seen.withoutRow === 0 ? "" : `, of which ${number(seen.withoutRow)} have no row in the items file`}`,
    `events a user: ${number(behaviours.min)} at least, ${number(behaviours.median)} in the middle, ${number(behaviours.p95)} at 95 %, ${number(behaviours.max)} at most`,
  ];
  if (report.dropped !== undefined) {
    const { rows, of } = report.dropped;
    lines.push(`left out by \`where\`: ${number(rows)} of ${number(of)} rows (${percent(rows / Math.max(1, of))})`);
  }
  for (const part of parts) {
    if (part.events === 0) {
      continue;
    }
    const span = `${at(part.first ?? 0)} to ${at(part.last ?? 0)}`;
    lines.push(
      `${part.part}: ${number(part.events)} events${report.model === "" ? "" : `, ${number(part.samples)} with a label`}, ${number(part.users)} users, ${span}`,
    );
    if (part.drawn !== undefined) {
      const repeats = `${number(part.repeats ?? 0)} of the positives are of items that their user had met before`;
      lines.push(`  ${number(part.drawn)} negatives are drawn; ${repeats}`);
    }
    for (const { name, kind, defined, mean } of part.labels) {
      if (mean === null) {
        lines.push(`  ${name}: missing everywhere`);
      } else {
        lines.push(
          `  ${name}: ${kind === "binary" ? `${percent(mean)} ones` : `${mean.toPrecision(4)} on average`} of ${number(defined)}`,
        );
      }
    }
  }
  const odd = report.features.filter(({ missing, unknown }) => missing + unknown > 0);
  for (const { name, values, missing, unknown, lists } of odd) {
    const share = (count: number, all: number): string => percent(count / Math.max(1, all));
    const lost = missing > 0 ? [`${share(missing, lists ?? values)} missing`] : [];
    const strange = unknown > 0 ? [`${share(unknown, values)} unknown`] : [];
    if (lists === undefined) {
      lines.push(`${name}: ${[...lost, ...strange].join(", ")} of ${number(values)}`);
    } else {
      lines.push(
        `${name}: ${[...lost.map((one) => `${one} of ${number(lists)} lists`), ...strange.map((one) => `${one} of ${number(values)} tags`)].join(", ")}`,
      );
    }
  }
  if (report.model !== "" && odd.length === 0) {
    lines.push("no feature has missing values or unknown ids");
  }
  for (const { label, rows, features } of report.predictors ?? []) {
    const best = features.slice(0, 3).map(({ feature, auc }) => `${feature} ${auc.toFixed(3)}`);
    const all = report.parts[0].labels.find(({ name }) => name === label)?.defined ?? rows;
    const drawn = `${number(rows)} of ${number(all)} training rows`;
    lines.push(`alone, out of fold, ${label} is predicted best by (AUC, ${drawn}): ${best.join(", ")}`);
  }
  if (report.supplied.length > 0) {
    lines.push(`made by SQL, to be supplied with every request: ${report.supplied.join(", ")}`);
  }
  return lines.join("\n");
}
