// The report of a data set as text: what was read, by part, by label, by feature.
import type { DataReport } from "../runtime/data/index.ts";

const number = (value: number): string => value.toLocaleString("en-GB", { maximumFractionDigits: 1 });
const percent = (share: number): string => (share === 0 ? "0 %" : `${(100 * share).toPrecision(3)} %`);

/** Lines of the report; warnings are not among them. */
export function reportText(report: DataReport): string {
  const { events, users, items, seen, behaviours, clock, parts } = report;
  const at = (time: number): string =>
    clock.unit === "steps"
      ? `step ${number(time)}`
      : new Date(time * 1000).toISOString().slice(0, 19).replace("T", " ");
  const rows = report.lists === undefined ? "events" : "samples";
  const lines = [
    `${number(events)} ${rows} of ${number(users)} users, from ${at(clock.first)} to ${at(clock.last)}`,
    `${number(items)} items; the ${rows} name ${number(seen.items)}${seen.withoutRow === 0 ? "" : `, of which ${number(seen.withoutRow)} have no row in the items file`}`,
    `${rows} a user: ${number(behaviours.min)} at least, ${number(behaviours.median)} in the middle, ${number(behaviours.p95)} at 95 %, ${number(behaviours.max)} at most`,
  ];
  if (report.dropped !== undefined) {
    const { rows, of } = report.dropped;
    lines.push(`left out by \`where\`: ${number(rows)} of ${number(of)} rows (${percent(rows / Math.max(1, of))})`);
  }
  if (report.between !== undefined) {
    lines.push(betweenText(report.between, clock.unit));
  }
  for (const part of parts) {
    if (part.events === 0) {
      continue;
    }
    const span = `${at(part.first ?? 0)} to ${at(part.last ?? 0)}`;
    lines.push(
      `${part.part}: ${number(part.events)} ${rows}${report.model === "" ? "" : `, ${number(part.samples)} with a label`}, ${number(part.users)} users, ${span}`,
    );
    if (part.drawn !== undefined) {
      const repeats = `${number(part.repeats ?? 0)} of the positives are of items that their user had met before`;
      lines.push(`  ${number(part.drawn)} negatives are drawn; ${repeats}`);
    }
    const samples = report.model === "" ? part.events : part.samples;
    const { items = 0, users } = part.unseen ?? {};
    if (items + (users ?? 0) > 0) {
      const share = (count: number): string => percent(count / samples);
      lines.push(
        `  without a training sample: the item of ${share(items)} of the samples${users === undefined ? "" : `, the user of ${share(users)}`}`,
      );
    }
    lines.push(...part.labels.map(labelText));
  }
  for (const one of report.lists ?? []) {
    const { history, lists, behaviours: all, empty, longest, max, long, cut, late, unordered, blank } = one;
    const told = [
      `${number(empty)} are empty`,
      `the longest has ${number(longest)}`,
      ...(long > 0 ? [`${number(long)} have more than ${number(max)}, of which ${number(cut)} are cut off`] : []),
      ...(late > 0 ? [`${number(late)} behaviours are not before their sample`] : []),
      ...(unordered > 0 ? [`${number(unordered)} were put into order`] : []),
      ...(blank > 0 ? [`${number(blank)} places hold no item`] : []),
    ];
    lines.push(`${history}: ${number(all)} behaviours of ${number(lists)} lists; ${told.join(", ")}`);
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
  const shared = (report.collisions ?? []).filter(({ shared }) => shared > 0);
  if (shared.length > 0) {
    const each = shared
      .map(({ feature, occurrences, shared }) => ({ feature, share: shared / occurrences }))
      .sort((a, b) => b.share - a.share)
      .map(({ feature, share }) => `${feature} ${percent(share)}`);
    lines.push(`share their hashed row with another value, by how often they occur: ${each.join(", ")}`);
  }
  for (const { table, coverage, items, reached } of report.tables ?? []) {
    if (reached !== null && (coverage < 1 || reached < 1)) {
      lines.push(
        `table ${table} (coverage ${hundredths(coverage)}): ${number(items)} items, found by ${hundredths(reached)} of the behaviours`,
      );
    }
  }
  if (report.supplied.length > 0) {
    lines.push(`made by SQL, to be supplied with every request: ${report.supplied.join(", ")}`);
  }
  return lines.join("\n");
}

function labelText({ name, kind, defined, mean, repeats = 0 }: DataReport["parts"][number]["labels"][number]): string {
  if (mean === null) {
    return `  ${name}: missing everywhere`;
  }
  if (kind === "regression") {
    return `  ${name}: ${mean.toPrecision(4)} on average of ${number(defined)}`;
  }
  const again = repeats === 0 ? "" : `; ${percent(repeats / Math.round(mean * defined))} of the ones are repeats`;
  return `  ${name}: ${percent(mean)} ones of ${number(defined)}${again}`;
}

/** Never rounded up: 96.999 % is no 97 %. */
const hundredths = (share: number): string => `${Math.floor(share * 10_000 + 1e-6) / 100} %`;

const units = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
  ["ms", 1e-3],
] as const;

function betweenText(
  { p5, p25, median, p75, p95 }: NonNullable<DataReport["between"]>,
  unit: "seconds" | "steps",
): string {
  const lasting = (seconds: number): string => {
    const [name, one] = units.find(([, least]) => seconds >= least) ?? (seconds === 0 ? units[3] : units[4]);
    return `${number(seconds / one)} ${name}`;
  };
  const say = unit === "steps" ? number : lasting;
  const what = unit === "steps" ? "steps" : "time";
  return `${what} between events of a user: ${say(p5)} at 5 %, ${say(p25)} at 25 %, ${say(median)} in the middle, ${say(p75)} at 75 %, ${say(p95)} at 95 %`;
}
