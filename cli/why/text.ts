// Why one candidate stands above another, as text.
import { aligned, cell } from "../../contract/width.ts";
import { when } from "../../runtime/request/index.ts";
import type { AttendDifference, HeadMeans, Why } from "./difference.ts";

/** @param most behaviours of an attention that are shown */
export function whyText(why: Why, most = 8): string {
  const { model, label, item, versus, difference, parts, attends } = why;
  const logit = (of: Why["item"]) => `${of.logits[label].toFixed(4)} (${of.scores[label].toFixed(4)})`;
  return [
    `${model}, ${label}: ${cell(item.key)} ${logit(item)}, ${cell(versus.key)} ${logit(versus)}; ${signed(difference)} of the log-odds`,
    ...notes(why),
    "",
    "what each part of the request adds to the log-odds: as they are, less as they are without it",
    ...table([
      ["", cell(item.key), cell(versus.key), "difference"],
      ...parts.map((one) => [one.name, signed(one.item), signed(one.versus), signed(one.difference)]),
    ]),
    "parts act together, so that their shares do not add up; what is left is the item's own",
    ...(attends.length === 0 ? ["", unweighed] : []),
    ...attends.flatMap((one) => ["", ...attendText(one, why, most)]),
  ].join("\n");
}

/** What is said in place of weights. */
export const unweighed =
  "no attend weighs behaviours by a metric, so there are no weights to show: leaving out is all that tells";

function notes({ untrained, stale, misses, generation }: Why): string[] {
  return [
    ...(untrained ? ["the weights are start values: these numbers mean nothing yet"] : []),
    ...(generation === null
      ? []
      : [
          `tables of generation ${generation}${stale ? ", made with other weights" : ""}; ${misses === 0 ? "every behaviour was found" : `${misses} behaviours were not found`}`,
        ]),
  ];
}

function attendText(
  { attend, by, over, both, itemAlone, versusAlone, heads, behaviours }: AttendDifference,
  why: Why,
  most: number,
): string[] {
  const [mine, theirs] = [cell(why.item.key), cell(why.versus.key)];
  const shown = behaviours.slice(0, most);
  return [
    `${attend}, by ${by} over ${over}: ${both} behaviours for both, ${itemAlone} for ${mine} alone, ${versusAlone} for ${theirs} alone`,
    ...table([
      ["  head", `${mine}: metric`, "bias", `${theirs}: metric`, "bias"],
      ...heads.map(({ item, versus }, a) => [`  ${a + 1}`, ...headText(item), ...headText(versus)]),
    ]),
    ...table([
      ["  behaviour", "time", `weight for ${mine}`, `for ${theirs}`, ""],
      ...shown.map(({ key, time, miss, item, versus }) => [
        `  ${cell(key)}`,
        when(time),
        item === null ? "–" : item.weight.toFixed(4),
        versus === null ? "–" : versus.weight.toFixed(4),
        miss ? "not in the table" : "",
      ]),
    ]),
    ...(behaviours.length > shown.length ? [`  … ${behaviours.length - shown.length} more`] : []),
  ];
}

const headText = ({ metric, bias }: HeadMeans): string[] => [signed(metric), signed(bias)];

export const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;

/** Names to the left, numbers to the right. */
const table = (rows: readonly (readonly string[])[]): string[] => aligned(rows, (column) => column > 0);
