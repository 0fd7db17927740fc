// What is chosen before anything is measured: on a fifth of the users, one epoch, by the validation part.
import { join } from "node:path";
import { digestOf } from "../../contract/digest.ts";
import { type Addition, type Arm, additions } from "./arms.ts";
import { type DataSet, dataOf } from "./data-sets.ts";
import { type ModelParts, textOf } from "./model-parts.ts";
import { tried } from "./trial.ts";

/** Of each addition with several settings, the place of the one that is taken. */
export interface Choice {
  readonly setting: ReadonlyMap<Addition, number>;
  /** Trials that chose it. */
  readonly trials: ReadonlyMap<Addition, number>;
  /** All additions that gained, in their order, each beside those before. */
  readonly gained: Arm & { readonly trials: number };
  readonly notes: readonly string[];
}

/** What a choice goes by: the mean of AUC and GAUC. */
export const merit = ({ auc, gauc }: { readonly auc: number; readonly gauc: number }): number => (auc + gauc) / 2;

/** A gain below this is noise: about the spread of seeds. */
const least = 0.0005;

/** @param folder of the fifth's files */
export async function chosen(set: DataSet, folder: string): Promise<Choice> {
  const bound = await set.bind(folder, true);
  const worth = (parts: ModelParts): number => {
    const text = textOf({ ...parts, train: { ...parts.train, epochs: "1" } }, 1);
    const called = digestOf(text).slice(0, 12);
    const { validation } = tried({
      stem: join(folder, called),
      text,
      data: dataOf(bound, parts),
      cache: join(folder, `prepared-${called}`),
    });
    return merit(validation);
  };
  const setting = new Map<Addition, number>();
  const trials = new Map<Addition, number>();
  const notes: string[] = [];
  const before = worth(set.model("newest 100"));
  let [parts, so, count] = [set.model("newest 100"), before, 1];
  const gained: Addition[] = [];
  for (const addition of additions) {
    const settings = addition.settings(set).filter(({ change }) => change !== null);
    if (settings.length === 0) {
      continue;
    }
    const own = settings.map(({ change }) =>
      settings.length === 1 ? 0 : worth(change!(set.model("newest 100"), set)),
    );
    const best = own.indexOf(Math.max(...own));
    setting.set(addition, best);
    trials.set(addition, settings.length === 1 ? 0 : settings.length);
    const together = settings[best].change!(parts, set);
    const now = worth(together);
    count++;
    const takes = now - so >= least;
    const called = `${addition.name}${settings[best].setting === "" ? "" : ` (${settings[best].setting})`}`;
    const line = `a fifth of the users, ${called}: mean of AUC and GAUC ${so.toFixed(4)} → ${now.toFixed(4)}${takes ? ", taken" : ""}`;
    notes.push(line);
    console.error(`${set.name}, ${line}`);
    if (takes) {
      [parts, so] = [together, now];
      gained.push(addition);
    }
  }
  return {
    setting,
    trials,
    gained: { name: "+ what gained", past: "newest 100", additions: gained, trials: count },
    notes,
  };
}

/** The same without choosing: additions by their names, each with its first setting. */
export function named(names: readonly string[]): Choice {
  const taken = names.map((name) => {
    const found = additions.find((one) => one.name === name);
    if (found === undefined) {
      throw new Error(`nothing is called ${name}; there are: ${additions.map((one) => one.name).join(", ")}`);
    }
    return found;
  });
  const gained = { name: "+ what gained", past: "newest 100", additions: taken, trials: 0 } as const;
  return { setting: new Map(), trials: new Map(), gained, notes: [] };
}
