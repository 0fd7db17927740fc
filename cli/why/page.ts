// Why one candidate stands above another, as one page that needs nothing from elsewhere: bars by CSS, no scripts.

import { when } from "../../runtime/request/index.ts";
import { htmlPage, htmlText, pageStyle } from "../../runtime/train/index.ts";
import type { AttendDifference, Part, Why } from "./difference.ts";
import { signed, unweighed } from "./text.ts";

export function renderWhy(why: Why): string {
  const { model, label, item, versus, difference, parts, attends } = why;
  const title = `${model}: why ${item.key} and not ${versus.key}`;
  const told = (of: Why["item"]) =>
    `${htmlText(of.key)}: log-odds ${of.logits[label].toFixed(4)}, ${of.scores[label].toFixed(4)}`;
  return htmlPage({
    title,
    style: `${pageStyle}${ownStyle}`,
    body: `<p>${htmlText(label)}. <span class="mine">${told(item)}</span>; <span class="theirs">${told(versus)}</span>; difference ${signed(difference)}.${why.untrained ? " <strong>The weights are start values: these numbers mean nothing yet.</strong>" : ""}${why.generation === null ? "" : ` Tables of generation ${why.generation}${why.stale ? ", made with other weights" : ""}; ${why.misses} behaviours were not found.`}</p>
<h2>What each part of the request adds to the log-odds</h2>
${partRows(parts, item.key, versus.key)}
<p class="quiet">As they are, less as they are without it. Parts act together, so that their shares do not add up; what is left is the item's own.</p>
${attends.length === 0 ? `<p class="quiet">${htmlText(unweighed)}</p>` : ""}${attends.map((one) => attendSection(one, item.key, versus.key)).join("\n")}`,
  });
}

const ownStyle = `
.bars { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr max-content; gap: .25rem .8rem; align-items: center; }
.bars > .name { overflow-wrap: anywhere; } .bars > .value { text-align: right; font-variant-numeric: tabular-nums; color: var(--quiet); }
.pair { display: grid; gap: 2px; } .bar { position: relative; height: .55rem; background: var(--grid); border-radius: 2px; }
.bar i { position: absolute; top: 0; bottom: 0; border-radius: 2px; } .bar .a { background: var(--curve0); } .bar .b { background: var(--curve1); }
.mine { color: var(--curve0); font-weight: 600; } .theirs { color: var(--curve1); font-weight: 600; } .quiet { color: var(--quiet); }
p { max-width: 60rem; }
`;

/** Bars to the right and left of the middle. */
function partRows(parts: readonly Part[], mine: string, theirs: string): string {
  const most = Math.max(1e-9, ...parts.flatMap((one) => [Math.abs(one.item), Math.abs(one.versus)]));
  const bar = (value: number, kind: "a" | "b", of: string) => {
    const share = (50 * Math.abs(value)) / most;
    const left = value < 0 ? 50 - share : 50;
    return `<div class="bar" role="img" aria-label="${htmlText(`${of}: ${signed(value)}`)}"><i class="${kind}" style="left:${left.toFixed(2)}%;width:${share.toFixed(2)}%"></i></div>`;
  };
  const rows = parts.map(
    (one) =>
      `<div class="name">${htmlText(one.name)}</div><div class="pair">${bar(one.item, "a", mine)}${bar(one.versus, "b", theirs)}</div><div class="value">${signed(one.item)} / ${signed(one.versus)}</div>`,
  );
  return `<div class="bars">\n${rows.join("\n")}\n</div>`;
}

const shown = 25;

function attendSection(
  { attend, by, over, both, itemAlone, versusAlone, heads, behaviours }: AttendDifference,
  mine: string,
  theirs: string,
): string {
  const most = Math.max(1e-9, ...behaviours.flatMap(({ item, versus }) => [item?.weight ?? 0, versus?.weight ?? 0]));
  const bar = (weight: number | undefined, kind: "a" | "b", of: string) =>
    `<div class="bar" role="img" aria-label="${htmlText(`${of}: ${weight === undefined ? "not kept" : weight.toFixed(4)}`)}"><i class="${kind}" style="left:0;width:${((100 * (weight ?? 0)) / most).toFixed(2)}%"></i></div>`;
  const rows = behaviours.slice(0, shown).map(({ key, time, miss, item, versus }) => {
    const told = [item?.weight, versus?.weight]
      .map((weight) => (weight === undefined ? "–" : weight.toFixed(4)))
      .join(" / ");
    return `<div class="name">${htmlText(key)} <span class="quiet">${htmlText(`${when(time)}${miss ? ", not in the table" : ""}`)}</span></div><div class="pair">${bar(item?.weight, "a", mine)}${bar(versus?.weight, "b", theirs)}</div><div class="value">${told}</div>`;
  });
  const headRows = heads.map(
    ({ item, versus }, a) =>
      `<tr><td>${a + 1}</td>${[item, versus].map(({ metric, bias }) => `<td>${signed(metric)}</td><td>${signed(bias)}</td>`).join("")}</tr>`,
  );
  const left = behaviours.length > shown ? `<p class="quiet">… ${behaviours.length - shown} more</p>` : "";
  return `<h2>${htmlText(`${attend}, by ${by} over ${over}`)}</h2>
<p>${both} behaviours for both, ${itemAlone} for <span class="mine">${htmlText(mine)}</span> alone, ${versusAlone} for <span class="theirs">${htmlText(theirs)}</span> alone.</p>
<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">head</th><th scope="col">${htmlText(mine)}: metric</th><th scope="col">bias</th><th scope="col">${htmlText(theirs)}: metric</th><th scope="col">bias</th></tr></thead><tbody>
${headRows.join("\n")}
</tbody></table></div>
<h3>Weights of the behaviours, from the largest difference on</h3>
<div class="bars">
${rows.join("\n")}
</div>${left}`;
}
