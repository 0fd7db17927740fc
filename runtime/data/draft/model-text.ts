// The text of a drafted model, from its features: what is asked of a history, and a tower over all there is.
import type { DraftFeature } from "./kinds.ts";

export interface DraftHistory {
  readonly name: string;
  /** As the language writes it: `1k`. */
  readonly max: string;
  readonly keep: number;
  /** Newest behaviours that are attended to beside the searched ones; null: the history is hardly longer. */
  readonly recent: number | null;
  /** Edges of the time since, as the language writes them: durations, or steps, in a row, or as a call. */
  readonly ago: string;
  readonly cross: readonly DraftFeature[];
  /** Lines of documentation. */
  readonly doc: readonly string[];
}

export interface DraftModel {
  /** First line of the file. */
  readonly comment: string;
  /** The key first. */
  readonly item: readonly DraftFeature[];
  readonly user: readonly DraftFeature[];
  readonly context: readonly DraftFeature[];
  readonly candidate: readonly DraftFeature[];
  readonly histories: readonly DraftHistory[];
  readonly labels: readonly { readonly name: string; readonly task: "binary" | "regression" }[];
  /** Samples of the training part, or fewer; of them some are drawn where there are no labels. */
  readonly samples: number;
  readonly drawn: boolean;
  /** Whether there is a validation part to stop by. */
  readonly validated: boolean;
}

/** Names of what a draft with one history declares: no label has them. */
export const declared = ["seen", "relevance", "nearest", "interest", "recent", "item_keys", "ranking"];

/** For a history of everything in an event log. */
export const seenDoc = [
  "Everything this user did, newest first. What is known of an event only once it happened stands here, and cannot leak;",
  "what is known when the request comes may go to `context`, or to `candidate` where it differs by candidate.",
];

const indented = (features: readonly DraftFeature[], depth = "  "): string =>
  features.map(({ name, kind }) => `${depth}${name}: ${kind}`).join("\n");

const block = (name: string, features: readonly DraftFeature[], doc = ""): string[] =>
  features.length === 0 ? [] : [`${doc}${name} {\n${indented(features)}\n}`];

function historyText({ name, max, ago, cross, doc }: DraftHistory): string {
  return `${doc.map((line) => `/// ${line}\n`).join("")}history ${name} {
  of:  item
  max: ${max}

  cross {
    ago: elapsed(at: ${/^\w+\(/.test(ago) ? ago : `[${ago}]`}, dim: 4)
${indented(cross, "    ")}
  }
}`;
}

/** Names of what is made of a history: with several, each has its own. */
const partsOf = (history: string, only: boolean) =>
  only
    ? { metric: "relevance", search: "nearest", attend: "interest", newest: "recent", table: "item_keys" }
    : {
        metric: `${history}_relevance`,
        search: `${history}_nearest`,
        attend: `${history}_interest`,
        newest: `${history}_recent`,
        table: `${history}_keys`,
      };

/** Behaviours that the search keeps. */
const most = 50;
/** Newest ones beside them: of more, the few that tell of today are lost among the others until the metric has learned to find them. */
const fewNewest = 10;

/** What is asked of a history of so many. The newest tell of today's mood, and the search of long ones has to learn to find them. */
export const keptOf = (max: number): Pick<DraftHistory, "keep" | "recent"> => ({
  keep: Math.min(most, max),
  recent: max > 2 * most ? fewNewest : null,
});

function interestText({ name: history, keep, recent }: DraftHistory, only: boolean): string[] {
  const { metric, search, attend, newest } = partsOf(history, only);
  return [
    `metric ${metric} {
  query: item
  keys:  ${history}.item
  bias:  ${history}.cross
  heads: 2
  dim:   16
}`,
    `search ${search} {
  from: ${history}
  by:   ${metric}
  keep: ${keep}
}`,
    `attend ${attend} {
  over: ${search}
  by:   ${metric}
}`,
    ...(recent === null
      ? []
      : [
          `attend ${newest} {
  over: ${history}.last(${recent})
  by:   ${metric}
}`,
        ]),
  ];
}

function tableText(history: string, only: boolean): string {
  const { metric, table } = partsOf(history, only);
  return `table ${table} {
  of:        ${metric}.keys
  precision: float16
}`;
}

/** An epoch has so many steps at least: of fewer nothing is learned before it ends. */
const leastSteps = 500;

/** Few samples in small batches, many in batches that use the processor well. */
const batchFor = (samples: number): number => [512, 256, 128].find((batch) => samples >= leastSteps * batch) ?? 64;

/** Of fewer samples the validation part may have one answer only, of which there is no AUC. */
const enough = 50_000;

/** As long as the validation part improves; without one nothing would tell when to end. */
function epochsText({ samples, drawn, validated }: Pick<DraftModel, "samples" | "drawn" | "validated">): string {
  return validated
    ? `  epochs:     10\n  stop:       stop(after: 2, on: ${drawn || samples < enough ? "logloss" : "auc"})`
    : "  epochs:     1";
}

export function modelText({ comment, item, user, context, candidate, histories, labels, ...rows }: DraftModel): string {
  const only = histories.length === 1;
  const groups = { item, user, context, candidate };
  const inputs = [
    ...histories.flatMap(({ name, recent }) => {
      const { attend, newest } = partsOf(name, only);
      return recent === null ? [attend] : [attend, newest];
    }),
    ...Object.entries(groups).flatMap(([name, features]) => (features.length === 0 ? [] : [name])),
  ];
  const sections = [
    `// ${comment}`,
    "model draft",
    ...block("item", item, "/// What an item is, whoever looks at it.\n"),
    ...block("user", user),
    ...block("context", context),
    ...block("candidate", candidate, "/// What is known of one candidate of a request, and of no past item.\n"),
    ...histories.map(historyText),
    ...histories.flatMap((history) => interestText(history, only)),
    `tower ranking {
  input:  [${inputs.join(", ")}]
  hidden: [100, 50]

  predict {
${labels.map(({ name, task }) => `    ${name}: ${task}`).join("\n")}
  }
}`,
    ...histories.map(({ name }) => tableText(name, only)),
    `train {
  embeddings: adagrad(rate: 0.05)
  dense:      adam(rate: 1e-3)
  average:    ema(0.999)
  batch:      ${batchFor(rows.samples)}
${epochsText(rows)}
}`,
  ];
  return `${sections.join("\n\n")}\n`;
}
