// The arms of the gate: what each adds to the models that quality is measured with.
import type { DataSet, Past } from "./data-sets.ts";

export interface Arm {
  readonly name: string;
  readonly past: Past;
  /** Statistics of the whole past, and popularity over all users, among the tower's inputs. */
  readonly stats: boolean;
  readonly popularity: boolean;
  /** Settings of `train` beside the base's. */
  readonly train: string;
}

const base: Omit<Arm, "name"> = { past: "newest 100", stats: false, popularity: false, train: "" };

export const arms: readonly Arm[] = [
  { ...base, name: "base" },
  { ...base, name: "stats", stats: true },
  { ...base, name: "popularity", popularity: true },
  { ...base, name: "stats and popularity", stats: true, popularity: true },
  { ...base, name: "no history", past: "none" },
  { ...base, name: "no history; stats", past: "none", stats: true },
  { ...base, name: "no history; stats and popularity", past: "none", stats: true, popularity: true },
];

/** The text of an arm's model. */
export function modelOf(set: DataSet, arm: Arm, seed: number): string {
  const { cross, stats, popularity, popular } = set.counted;
  const inputs = [...(arm.stats ? ["past.stats"] : []), ...(arm.popularity ? popular : [])];
  const history = `
history past {
  of:  item
  max: 3k

  cross {
${cross}
  }

  stats {
${stats}
  }
}
`;
  return set
    .model(arm.past, seed)
    .replace("\n}", arm.popularity && popularity !== "" ? `\n${popularity}\n}` : "\n}")
    .replace("\ntower ranking", `${arm.stats ? history : ""}\ntower ranking`)
    .replace(/input: {3}\[(.*)\]/, (_, own: string) => `input:   [${[own, ...inputs].join(", ")}]`)
    .replace("train {\n", `train {\n${arm.train}`);
}
