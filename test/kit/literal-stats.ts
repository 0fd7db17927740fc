// Statistics of behaviours beside a candidate, as their definition says them: loops over all behaviours, for every candidate.
import type { Encoder, StatEncoder } from "../../contract/encoder-spec.ts";
import { isSeen } from "../../runtime/encode/seen.ts";

/** One behaviour, or a candidate: encoded values by feature; a behaviour's time, and when its values became known. */
export interface LiteralBehaviour {
  readonly time: number;
  readonly item: Readonly<Record<string, readonly number[]>>;
  readonly cross: Readonly<Record<string, number>>;
  readonly known?: Readonly<Record<string, number>>;
}

export interface LiteralModel {
  readonly encoders: Readonly<Record<string, Encoder>>;
  readonly delay: number;
}

function equal(encoder: Encoder, a: readonly number[], b: readonly number[]): boolean {
  if (encoder.kind === "tags") {
    return a.some((tag) => tag > 0 && b.includes(tag));
  }
  return a.some((row) => row > 0) && a.every((row, i) => row === b[i]);
}

/** @param past behaviours that the sample sees, newest first, cut to `max` */
export function literalStat(
  stat: StatEncoder,
  { encoders, delay }: LiteralModel,
  past: readonly LiteralBehaviour[],
  candidate: LiteralBehaviour["item"],
  now: number,
): number {
  const matches = ({ item }: LiteralBehaviour): boolean =>
    stat.on === undefined || equal(encoders[stat.on], item[stat.on], candidate[stat.on]);
  const valueBy = ({ cross, known }: LiteralBehaviour, of: string): number =>
    known?.[of] === undefined || isSeen(known[of], now, delay) ? cross[of] : 0;
  const matching = past.filter(matches);
  const newest = past.findIndex(matches);
  const rateOf = (
    of: string,
    k: number,
    towards: number,
    some: readonly LiteralBehaviour[],
    weight: (one: LiteralBehaviour) => number,
  ) => {
    let sum = 0;
    let weights = 0;
    for (const one of some) {
      const value = valueBy(one, of);
      const flag = encoders[of].kind === "flag";
      if (!flag || value > 0) {
        weights += weight(one);
        sum += weight(one) * (flag ? value - 1 : Math.min(1, Math.max(0, value)));
      }
    }
    return (sum + k * towards) / (weights + k);
  };
  const logit = (rate: number): number => Math.log(rate / (1 - rate));
  switch (stat.kind) {
    case "met":
      return Math.log(1 + matching.length);
    case "rate":
    case "recent": {
      const { of, k, base = 0.5 } = stat;
      const own = rateOf(of, k, base, past, () => 1);
      const weight = (one: LiteralBehaviour): number => {
        if (stat.kind === "rate") {
          return 1;
        }
        const age = stat.unit === "places" ? past.indexOf(one) : now - one.time;
        return 2 ** (-age / stat.half);
      };
      return logit(rateOf(of, k, own, matching, weight));
    }
    case "last":
      return newest < 0 ? 0 : valueBy(past[newest], stat.of);
    case "since": {
      if (newest < 0) {
        return 0;
      }
      const passed = stat.unit === "places" ? newest + 1 : now - past[newest].time;
      return 1 + stat.edges.filter((edge) => edge <= passed).length;
    }
  }
}
