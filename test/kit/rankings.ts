// Rankings beside each other: what they say, and how near their numbers are.
import { expect } from "vitest";
import type { Ranking } from "../../runtime/index.ts";

/** What a ranking says beside its numbers and its way. */
export function said({ scores, logits, plan, ...rest }: Ranking): unknown {
  return aged(rest);
}

/** Without the tables' ages, which go on. */
export const aged = <R extends Pick<Ranking, "tables">>(ranking: R): R => ({
  ...ranking,
  tables: ranking.tables.map((one) => ({ ...one, age: null })),
});

/** Logits within 1e-5. */
export function expectClose(found: Ranking, wanted: Ranking, where: string): void {
  for (const [label, values] of Object.entries(wanted.logits)) {
    for (const [n, value] of values.entries()) {
      const far = Math.abs(found.logits[label][n] - value) / Math.max(1, Math.abs(value));
      expect(far, `${where}: ${label} of candidate ${n}`).toBeLessThan(1e-5);
    }
  }
}
