// How a search over a history of some length is run, and how much a lane needs for it.
import { type KernelShape, keptBy, listsOf, padded, tilesOf } from "./shape.ts";
import type { KernelExports } from "./web-assembly.ts";

export interface SearchPlan {
  /** Tiles of which the greatest scores are kept; 0: the scores themselves are looked through. */
  readonly group: number;
  /** Whether scores stay in memory; else only maxima do, and what they point at is computed again. */
  readonly stored: boolean;
  /** Bytes of one candidate's maxima of a head. */
  readonly maximaBytes: number;
}

/** Behaviours from which on scores are computed again instead of being stored. */
const long = 24_000;

/** How many of the best of a head are looked for at once, at most. */
function wantedOf(shape: KernelShape, search: number): number {
  const { product, rule, keep } = shape.searches[search];
  return rule === "round_robin" ? Math.min(keep, 2 * Math.ceil(keep / shape.products[product].heads) + 8) : keep;
}

export function planOf(shape: KernelShape, search: number, length: number): SearchPlan {
  const tiles = tilesOf(length);
  const wanted = wantedOf(shape, search);
  let group = length < 6400 ? 2 : length < 51_200 ? 4 : 8;
  while (group > 0 && 4 * Math.floor(tiles / group) < 4 * wanted) {
    group >>= 1;
  }
  const { product, rule } = shape.searches[search];
  const { match, own } = shape.products[product];
  // Where candidates have biases of their own, scores are not computed again.
  const stored = length < long || group < 4 || rule === "max" || match.length > 0 || own !== undefined;
  return { group, stored, maximaBytes: 64 * Math.ceil(tiles / Math.max(1, group) / 4) };
}

/** Tiles whose keys stay in the nearest cache while all candidates of a chunk pass. */
export const blockOf = (width: number, group: number): number => {
  const unit = Math.max(1, group);
  return Math.max(1, Math.floor(512 / width / unit)) * unit;
};

/** Candidates that a lane takes at once. */
export function chunkOf(shape: KernelShape, lengths: readonly number[], candidates: number, lanes: number): number {
  let most = 24;
  for (const [i, { product }] of shape.searches.entries()) {
    const { heads, history } = shape.products[product];
    if (planOf(shape, i, lengths[history]).stored) {
      const row = 4 * heads * 8 * tilesOf(lengths[history]);
      most = Math.min(most, Math.max(4, 4 * Math.floor(1_300_000 / row / 4)), 16);
    }
  }
  const share = 4 * Math.ceil(candidates / lanes / 4);
  return Math.max(1, Math.min(most, share, candidates));
}

/** Where a lane has what, from the beginning of its scratch. */
export interface Scratch {
  readonly rows: number;
  readonly others: number;
  readonly maxima: number;
  readonly otherMaxima: number;
  readonly select: number;
  readonly whole: number;
  /** Biases of each candidate. */
  readonly own: number;
  /** Of a bias where the features of a candidate that name its rows stand, and what they are worth. */
  readonly features: number;
  readonly scores: number;
  readonly masks: number;
  readonly bytes: number;
}

export function scratchOf(
  shape: KernelShape,
  lengths: readonly number[],
  chunk: number,
  { selectBytes }: Pick<KernelExports, "selectBytes">,
): Scratch {
  const most = (of: readonly number[]): number => Math.max(0, ...of);
  const searches = shape.searches.map(({ product, rule, keep }, i) => {
    const { heads, history, match } = shape.products[product];
    const row = 32 * tilesOf(lengths[history]);
    const plan = planOf(shape, i, lengths[history]);
    return { heads, row, plan, rule, keep, max: rule === "max", own: match.length > 0 };
  });
  const pad = most([
    ...shape.attends.map((attend) => shape.products[attend.product].heads * padded(keptBy(shape, attend))),
    0,
  ]);
  let at = 0;
  const place = (bytes: number): number => {
    const here = at;
    at += (bytes + 127) & ~127;
    return here;
  };
  return {
    rows: place(most(searches.map(({ heads, row, plan, max }) => (plan.stored ? (max ? 1 : heads) * chunk * row : 0)))),
    others: place(most(searches.map(({ row, max }) => (max ? chunk * row : 0)))),
    maxima: place(most(searches.map(({ heads, plan, max }) => (max ? 1 : heads) * chunk * plan.maximaBytes))),
    otherMaxima: place(most(searches.map(({ plan, max }) => (max ? chunk * plan.maximaBytes : 0)))),
    select: place(most(searches.map(({ heads, keep }) => selectBytes(heads, keep)))),
    whole: place(most(searches.map(({ row }) => row))),
    own: place(most(searches.map(({ heads, row, own }) => (own ? heads * chunk * row : 0)))),
    features: place(8 * most(shape.products.flatMap(({ own = [] }) => own))),
    scores: place(4 * chunk * pad),
    masks: place(most(shape.attends.map((attend) => 4 * padded(keptBy(shape, attend))))),
    bytes: at,
  };
}

/** What a lane keeps from call to call: the next stamp, what each search learnt, and stamps for the longest history. */
export function keptState(
  shape: KernelShape,
  length: number,
  { stateBytes }: Pick<KernelExports, "stateBytes">,
): { readonly searches: readonly number[]; readonly stamps: number; readonly bytes: number } {
  let at = 16;
  const searches = shape.searches.map(({ product }) => {
    const here = at;
    at += (stateBytes(shape.products[product].heads) + 15) & ~15;
    return here;
  });
  return { searches, stamps: at, bytes: at + 4 * 8 * tilesOf(length) };
}

/** Positions that a run writes, for `candidates`. */
export const keptCount = (shape: KernelShape, search: number, candidates: number): number =>
  listsOf(shape, shape.searches[search]) * candidates * shape.searches[search].keep;
