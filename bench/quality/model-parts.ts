// A model that quality is measured with, in parts: what an arm of the gate adds to is one of them.

/** How much of the past the attention looks at. */
export type Past = "whole" | "newest 100" | "none";

export interface ModelParts {
  readonly name: string;
  /** Lines of `item` and of `context`. */
  readonly item: readonly string[];
  readonly context: readonly string[];
  /** What search and attention are over; null: the model has none. */
  readonly history: {
    readonly name: string;
    readonly max: string;
    readonly cross: readonly string[];
  } | null;
  /** The whole past, of which is counted; null: nothing is. */
  readonly past: {
    readonly cross: readonly string[];
    readonly stats: readonly string[];
  } | null;
  /** What `query` names, and further settings of the metric and of each attend. */
  readonly query: readonly string[];
  readonly metric: readonly string[];
  readonly attend: readonly string[];
  /** Inputs of the tower beside what the attends give, and its further settings. */
  readonly inputs: readonly string[];
  /** Whether it has layers; else its `wide` is all there is. */
  readonly deep: boolean;
  readonly tower: readonly string[];
  readonly label: string;
  /** Arguments of the loss. */
  readonly loss: string;
  /** Settings of `train`. */
  readonly train: Readonly<Record<string, string>>;
}

/** What all models of the benchmarks of quality train with. */
export const trained: ModelParts["train"] = {
  embeddings: "adagrad(rate: 0.05)",
  dense: "adam(rate: 1e-3)",
  batch: "512",
  epochs: "2",
  clip: "5",
  l2: "1e-5",
  stop: "stop(2, on: auc)",
};

/** The `.twin` text. */
export function textOf(parts: ModelParts, seed: number): string {
  const { history, past, label, loss } = parts;
  const attends = history === null ? [] : ["interest", "recent"];
  const blocks = [
    block("item", parts.item),
    parts.context.length === 0 ? "" : block("context", parts.context),
    history === null
      ? ""
      : block(`history ${history.name}`, ["of: item", `max: ${history.max}`, ...nested("cross", history.cross)]),
    history === null ? "" : stages(parts, history.name),
    past === null
      ? ""
      : block("history past", ["of: item", "max: 3k", ...nested("cross", past.cross), ...nested("stats", past.stats)]),
    block("tower ranking", [
      ...(parts.deep
        ? [`input: [${[...attends, ...parts.inputs].join(", ")}]`, "hidden: [128, 64]", "dropout: 0.1"]
        : []),
      ...parts.tower,
      ...nested("predict", [`${label}: binary${loss === "" ? "" : `(${loss})`}`]),
    ]),
    block("train", [
      ...Object.entries(parts.train).map(([name, value]) =>
        value.startsWith("{") ? `${name} ${value}` : `${name}: ${value}`,
      ),
      `seed: ${seed}`,
    ]),
  ];
  return `model ${parts.name}\n\n${blocks.filter((one) => one !== "").join("\n")}`;
}

/** Two-stage interest over a history: the search over all of it, the newest 20 beside. */
function stages({ query, metric, attend }: ModelParts, history: string): string {
  return [
    block("metric relevance", [
      `query: ${query.length === 1 ? query[0] : `[${query.join(", ")}]`}`,
      `keys: ${history}.item`,
      `bias: ${history}.cross`,
      "heads: 4",
      "dim: 16",
      ...metric,
    ]),
    block("search nearest", [`from: ${history}`, "by: relevance", "keep: 100"]),
    block("attend interest", ["over: nearest", "by: relevance", ...attend]),
    block("attend recent", [`over: ${history}.last(20)`, "by: relevance", ...attend]),
  ].join("\n");
}

const block = (head: string, lines: readonly string[]): string => `${head} {\n${indented(lines).join("\n")}\n}\n`;
const nested = (head: string, lines: readonly string[]): string[] => [`${head} {`, ...indented(lines), "}"];
const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
