// Random statistics of behaviours, for random models, and the cross features that they are of.
import fc from "fast-check";

const dim = fc.integer({ min: 1, max: 4 });

/** Arguments of statistics, of cross features that come with them; what they are over stands before these. */
const counts: readonly (readonly [kind: string, rest: (dim: number) => string])[] = [
  ["met", () => ""],
  ["rate", () => "of: liked"],
  ["rate", () => "of: share, k: 1, base: 0.3"],
  ["recent", () => "of: liked, half: 3"],
  ["recent", () => "of: share, half: 2d, base: 0.6"],
  ["last", (d) => `of: liked, dim: ${d}`],
  ["last", () => "of: share"],
  ["since", (d) => `at: [1, 3], dim: ${d}`],
  ["since", (d) => `at: log(1h, 30d, 4), dim: ${d}`],
];
export const counted = ["liked: flag(dim: 2)", "share: number"];

export const anyStats = fc
  .array(
    fc.record({
      of: fc.constantFrom(...counts),
      on: fc.constantFrom("", "on: item.category", "on: item.topics", "on: item.item_id"),
      dim,
    }),
    { maxLength: 3 },
  )
  .map((chosen) =>
    chosen.map(({ of: [kind, rest], on, dim }, index) => {
      const given = [on, rest(dim)].filter((one) => one !== "");
      return `s_${index}: ${kind}${given.length === 0 ? "" : `(${given.join(", ")})`}`;
    }),
  );
