// Which systems of a comparison are trained with all seeds, where every one of them has few: told by the validation part alone.
import type { Figure } from "./outcome.ts";

export interface Screened {
  readonly name: string;
  /** By which they are told, of the validation part: mean of the few runs; null where it is not defined. */
  readonly validation: number | null;
  /** Why it has all seeds: among the best, or named; null: it stays with the few. */
  readonly taken: "best" | "named" | null;
}

export interface Screening {
  /** Runs that every system has. */
  readonly few: number;
  /** Systems that are taken for being the best. */
  readonly best: number;
  readonly by: keyof Figure;
  /** In the order of the models. */
  readonly systems: readonly Screened[];
}

/**
 * The best `best` by the mean of their runs, and those that are named. Of equal ones the earlier file is the better.
 * @param found each system's figures of the validation part, by run
 */
export function screen(
  found: readonly { readonly name: string; readonly validation: readonly (Figure | null)[] }[],
  { few, best, by, named }: Omit<Screening, "systems"> & { readonly named: readonly string[] },
): Screening {
  const means = found.map(({ validation }) => {
    const mean = validation.reduce((sum, one) => sum + (one?.[by] ?? Number.NaN), 0) / validation.length;
    return Number.isFinite(mean) ? mean : null;
  });
  const merit = (i: number) => (means[i] ?? Number.NaN) * (by === "logloss" ? -1 : 1);
  const order = [...found.keys()].filter((i) => means[i] !== null).sort((a, b) => merit(b) - merit(a) || a - b);
  const ahead = new Set(order.slice(0, best));
  return {
    few,
    best,
    by,
    systems: found.map(({ name }, i) => ({
      name,
      validation: means[i],
      taken: ahead.has(i) ? "best" : named.includes(name) ? "named" : null,
    })),
  };
}
