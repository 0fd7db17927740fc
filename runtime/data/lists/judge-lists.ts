// What lists show that training should not go on without knowing: leaks, and what cannot be told; lists that were cut or sorted.
import type { Binding } from "../binding.ts";
import { counted } from "../counted.ts";
import type { DataModel } from "../data-model.ts";
import type { DataReport } from "../report-schema.ts";
import type { ListCounts } from "./pick.ts";

export type ListsFound = NonNullable<DataReport["lists"]>[number];

/** @param differing by history, where items are what the samples say of them */
export function listsFound(
  { histories }: DataModel,
  { lists }: Binding,
  counts: readonly ListCounts[],
  differing: readonly number[] | null,
): ListsFound[] {
  return histories.map(({ name, max }, h) => ({
    history: name,
    max,
    timed: lists![name].clock !== null,
    ...counts[h],
    ...(differing && { differing: differing[h] }),
  }));
}

const percent = (share: number): string => `${(100 * share).toPrecision(3)} %`;

/** @returns warnings */
export function judgeLists(found: readonly ListsFound[], { place }: Binding): string[] {
  return found.flatMap((one) => {
    const where = place("samples", "histories", one.history);
    const own = ownEvents(one);
    const warnings: string[] = own === null ? [] : [`${where}: ${own}`];
    if (!one.timed) {
      warnings.push(
        `${where}: the lists have no times, so nothing here shows whether one holds its sample's own event, or later ones, which training would learn from and serving never has; only whoever made them knows. With \`time:\` it is checked`,
      );
    }
    if (one.late > 0) {
      warnings.push(
        `${where}: ${counted(one.late)} behaviours are not strictly before their sample: the sample does not see them`,
      );
    }
    if (one.unordered > 0) {
      warnings.push(
        `${where}: ${counted(one.unordered)} of ${counted(one.lists)} lists do not stand in the order of their times: they are sorted${one.unordered * 2 > one.lists ? "; is `newest` right?" : ""}`,
      );
    }
    if (one.unknown > 0) {
      warnings.push(
        `${where}: ${counted(one.unknown)} of ${counted(one.behaviours)} behaviours are of items without a row in the items file: they count as the unknown item`,
      );
    }
    if ((one.differing ?? 0) > 0) {
      warnings.push(
        `${where}: ${counted(one.differing!)} behaviours say something else of their item than its row, which holds what was said last: an item has one row. What changes from behaviour to behaviour is a cross feature`,
      );
    }
    return warnings;
  });
}

/** Positives from which on a share of them is one, and that share. */
const leastOnes = 20;
const leastShare = 0.05;
/** How much likelier than chance it must be that the newest behaviour is the candidate. */
const farMore = 4;

/** That the candidate is the newest behaviour of positives, far beyond what it is of others, and of the behaviour before. */
function ownEvents({ ones, onesNewest, onesSecond, zeros, zerosNewest, timed }: ListsFound): string | null {
  const share = onesNewest / Math.max(1, ones);
  const chances = [onesSecond / Math.max(1, ones), ...(zeros >= leastOnes ? [zerosNewest / zeros] : [])];
  if (ones < leastOnes || share < leastShare || share < farMore * Math.max(...chances)) {
    return null;
  }
  const others = zeros >= leastOnes ? `, of samples with label 0 in ${percent(zerosNewest / zeros)}` : "";
  const times = timed ? " They lie before the sample by their times, which may be those of the same event" : "";
  return `in ${percent(share)} of the ${counted(ones)} positives the newest behaviour is the candidate itself (the one before it in ${percent(onesSecond / ones)}${others}): the lists seem to hold the sample's own event, the classical leak.${times} Cut it off when the lists are made, as with \`item: "seq[:-2]"\` and its parallel lists`;
}
