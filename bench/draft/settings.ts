// Random settings of a drafted model: its edges, `max`, vocabularies and buckets drawn anew, everything else as it was.
import { type Random, random } from "../../contract/random.ts";

const pick = <T>(draw: Random, of: readonly T[]): T => of[draw.below(of.length)];
/** Between two numbers, evenly by their logarithms. */
const between = (draw: Random, from: number, to: number): number => Math.round(from * (to / from) ** draw.next());

/**
 * @param fits whether a text is small enough; settings are drawn until one is
 * @returns the text, and what was drawn in words
 */
export function setting(text: string, seed: number, fits: (text: string) => boolean): { text: string; said: string } {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const draw = random(seed, attempt);
    const said: string[] = [];
    const note = (what: string): string => {
      said.push(what);
      return what;
    };
    const changed = text
      .replace(
        /^( +)max: +\S+$/m,
        (_, indent) => `${indent}${note(`max: ${pick(draw, [20, 50, 100, 200, 500, 1000, 2000, 4000])}`)}`,
      )
      .replace(/vocabulary\(max: (\d+), min_count: \d+/g, (_, max) => {
        const rows = Math.max(2, Math.round(Number(max) * (0.2 + 1.3 * draw.next())));
        return draw.below(3) === 0
          ? note(`hashed(buckets: ${rows}`)
          : note(`vocabulary(max: ${rows}, min_count: ${pick(draw, [1, 1, 2, 3, 5, 10])}`);
      })
      .replace(/tags\(vocabulary: (\d+), max: (\d+)/g, (_, rows, max) => {
        const size = Math.max(2, Math.round(Number(rows) * (0.2 + 1.3 * draw.next())));
        const longest = Math.max(1, Math.round(Number(max) * (0.3 + 1.2 * draw.next())));
        return note(`tags(${draw.below(2) === 0 ? "vocabulary" : "buckets"}: ${size}, max: ${longest}`);
      })
      .replace(/elapsed\(at: (log\([^)]*\)|\[[^\]]*\])/g, (whole) => {
        const count = between(draw, 2, 24);
        if (!/\d(ms|s|min|h|d)\b/.test(whole)) {
          return note(`elapsed(at: log(${between(draw, 1, 20)}, ${between(draw, 50, 3000)}, ${count})`);
        }
        const from = pick(draw, ["1s", "10s", "1min", "10min", "1h", "6h"]);
        return note(`elapsed(at: log(${from}, ${pick(draw, ["1d", "7d", "30d", "180d", "365d", "3650d"])}, ${count})`);
      })
      .replace(/bucketed\(at: (quantiles\(\d+\)|\[[^\]]*\])/g, (whole, at: string) => {
        if (at.startsWith("quantiles")) {
          return note(`bucketed(at: quantiles(${between(draw, 2, 60)})`);
        }
        const edges = at
          .slice(1, -1)
          .split(", ")
          .filter(() => draw.next() < 0.6);
        return edges.length === 0 ? whole : note(`bucketed(at: [${edges.join(", ")}]`);
      });
    if (fits(changed)) {
      return {
        text: changed,
        said: said.map((one) => one.replace(/\b(vocabulary|buckets|max|at|min_count): /g, "$1 ")).join("; "),
      };
    }
  }
  throw new Error("no setting of a thousand is small enough");
}
