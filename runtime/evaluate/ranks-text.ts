// Ranks among items as text: the figures, and what each positive was ranked among.

import type { RankMetrics } from "../metrics/rank.ts";
import { aligned, count, fixed } from "./aligned.ts";
import type { LabelRanks, Ranks } from "./ranks.ts";

export function ranksText(ranks: Ranks): string[] {
  const { items, candidates, met, positives, chosen, withoutItem, labels } = ranks;
  const among =
    candidates === null
      ? `all ${count(items)} items`
      : `${count(candidates)} of ${count(items)} items, drawn evenly for each`;
  const lines = [`rank of what was taken among ${among}, by the logit that is served`];
  for (const one of labels) {
    lines.push(...table(one));
  }
  const some =
    chosen < positives
      ? `${count(chosen)} of ${count(positives)} positives, chosen by chance (--positives N ranks more)`
      : `all ${count(positives)} positives`;
  const unknown = withoutItem > 0 ? `; ${count(withoutItem)} of them have an item without a row, and no rank` : "";
  lines.push(`${some}${unknown}`);
  lines.push(
    met === "exclude"
      ? "left out: items that the user had met by then, but for what was taken (`negatives: {met: allow}` ranks them, too)"
      : "left out: what else the user took at that instant",
  );
  if (candidates !== null) {
    lines.push(
      "ranks among drawn items are better than among all, and may put models in another order (Krichene & Rendle, KDD 2020):",
      "compare only what was ranked among as many, and leave out --candidates for a figure to publish",
    );
  }
  return lines;
}

function table({ label, all, first, repeats }: LabelRanks): string[] {
  const row = (name: string, { positives, rank, mrr, top }: RankMetrics): string[] => [
    name,
    count(positives),
    ...top.map(({ recall }) => fixed(recall)),
    ...top.map(({ ndcg }) => fixed(ndcg)),
    fixed(mrr),
    fixed(rank, 1),
  ];
  const head = (name: string) => all.top.map(({ k }) => `${name}@${k}`);
  return aligned([
    [label, "positives", ...head("recall"), ...head("NDCG"), "MRR", "mean rank"],
    row("all", all),
    row("first visits", first),
    row("repeats", repeats),
  ]);
}
