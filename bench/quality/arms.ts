// The arms of the gate: what each adds to the models that quality is measured with. One that has several settings to choose
// from is tried with each of them first.
import type { DataSet } from "./data-sets.ts";
import type { ModelParts, Past } from "./model-parts.ts";

type Change = (parts: ModelParts, set: DataSet) => ModelParts;

/** A setting of an addition, and what it changes; null: that data set has nothing to add. */
interface Setting {
  readonly setting: string;
  readonly change: Change | null;
}

export interface Addition {
  readonly name: string;
  settings(set: DataSet): readonly Setting[];
}

export interface Arm {
  readonly name: string;
  readonly past: Past;
  readonly additions: readonly Addition[];
}

const one = (name: string, change: Change, here: (set: DataSet) => boolean = () => true): Addition => ({
  name,
  settings: (set) => [{ setting: "", change: here(set) ? change : null }],
});

const several = (name: string, settings: Readonly<Record<string, Change>>): Addition => ({
  name,
  settings: () => Object.entries(settings).map(([setting, change]) => ({ setting, change })),
});

const cross = (parts: ModelParts, line: string): ModelParts => ({
  ...parts,
  history: parts.history && { ...parts.history, cross: [...parts.history.cross, line] },
});

/** With what is read off the clock; once. */
const clocked = (parts: ModelParts, lines: readonly string[]): ModelParts => ({
  ...parts,
  context: [...parts.context, ...lines.filter((line) => !parts.context.includes(line))],
});

const training =
  (settings: Readonly<Record<string, string>>): Change =>
  (parts) => ({
    ...parts,
    train: { ...parts.train, ...settings },
  });

const stats = one("stats", (parts, { additions }) => ({
  ...parts,
  past: additions.past,
  inputs: [...parts.inputs, "past.stats"],
}));

const popularity = one(
  "popularity",
  (parts, { additions }) => ({
    ...parts,
    item: [...parts.item, ...additions.popularity],
    inputs: [...parts.inputs, ...additions.popular],
  }),
  ({ additions }) => additions.popular.length > 0,
);

const match = one("match", (parts, { additions }) => ({
  ...parts,
  metric: [...parts.metric, `match: ${additions.match}`],
}));

const strength = one("strength", (parts) => ({ ...parts, attend: [...parts.attend, "strength: true"] }));

const product = one("product", (parts) => ({ ...parts, attend: [...parts.attend, "product: true"] }));

/** What is known at request time, in the query as well. */
const query = one("query: context", (parts, { additions }) => {
  const known = parts.context.length > 0 ? parts : clocked(parts, additions.clock);
  return { ...known, query: ["item", "context"] };
});

const clock = one(
  "hour and weekday",
  (parts, { additions }) => ({
    ...clocked(parts, additions.clock),
    inputs: [...parts.inputs.filter((input) => input !== "context"), "context"],
  }),
  ({ additions }) => additions.clock.length > 0,
);

const place = one("place", (parts, { additions }) => cross(parts, additions.place));
const gap = one("gap", (parts, { additions }) => cross(parts, additions.gap));

/** A wide term over all that the tower reads beside the attention. */
const wide = one("wide", (parts) => ({ ...parts, tower: [...parts.tower, `wide: [${parts.inputs.join(", ")}]`] }));

/** A logistic regression on what it would read. */
const alone: Addition = one("wide alone", (parts, set) => ({
  ...wide.settings(set)[0].change!(parts, set),
  deep: false,
}));

const pairs = several(
  "pairs",
  Object.fromEntries(
    ["0.1", "0.3"].map((share) => [share, (parts: ModelParts): ModelParts => ({ ...parts, loss: `pairs: ${share}` })]),
  ),
);

const l2 = several("l2 by group", {
  "embeddings 1e-5, dense 1e-4": training({ l2: "{ embeddings: 1e-5 dense: 1e-4 }" }),
  "embeddings 1e-4, dense 1e-5": training({ l2: "{ embeddings: 1e-4 dense: 1e-5 }" }),
});

const average = one("average", training({ average: "ema(0.999)" }));
const renew = one("renew", training({ renew: "embeddings" }));

const cold = several("cold", { "5%": training({ cold: "5%" }), "20%": training({ cold: "20%" }) });

/** Of points 1 to 3 and 5, and the guards of 4: in this order each is added to what the ones before made. */
export const additions: readonly Addition[] = [
  stats,
  popularity,
  match,
  strength,
  query,
  product,
  clock,
  place,
  gap,
  wide,
  pairs,
  l2,
  average,
  renew,
  cold,
];

export const arms: readonly Arm[] = [
  { name: "base", past: "newest 100", additions: [] },
  { name: "whole history", past: "whole", additions: [] },
  ...additions.map((addition): Arm => ({ name: `+ ${addition.name}`, past: "newest 100", additions: [addition] })),
  { name: "+ stats and popularity", past: "newest 100", additions: [stats, popularity] },
  { name: "no history", past: "none", additions: [] },
  { name: "no history + stats and popularity", past: "none", additions: [stats, popularity] },
  { name: "no history + stats and average", past: "none", additions: [stats, popularity, average] },
  { name: "wide alone: stats and popularity", past: "none", additions: [stats, popularity, alone] },
  { name: "+ all", past: "newest 100", additions },
];
