// Labels and searches may be called anything that the language takes for a name: a result's own fields, names of JavaScript.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { keyColumns, scoreColumns } from "../../runtime/evaluate/score-columns.ts";
import { load, type Ranking } from "../../runtime/index.ts";
import { built, cleanUp } from "../kit/built-twin.ts";

afterAll(cleanUp);

const plain = ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "b1", "b2", "b3", "b4", "b5"];
const hostile = [
  ...["coverage", "stale", "misses", "keys", "untrained", "scores", "logits", "searches"],
  ...["constructor", "valueOf", "toString", "then", "length", "hasOwnProperty"],
];

function source(labels: readonly string[], search: string): string {
  return `model named
item { video: id(vocab: 40, dim: 4, key: true) }
history watched { of: item max: 8 }
metric relevance { query: item keys: watched.item dim: 4 }
search ${search} { from: watched by: relevance keep: 2 }
attend interest { over: ${search} by: relevance }
tower ranking { input: [interest, item] hidden: [4] predict { ${labels.map((label) => `${label}: binary`).join(" ")} } }
`;
}

async function ranked(labels: readonly string[], search: string, workers: number): Promise<Ranking> {
  const twin = await load(built(source(labels, search)), { threads: 1, workers });
  try {
    const prepared = await twin.prepare({ history: { item: [1n, 2n, 3n], items: { video: [1n, 2n, 3n] } } } as never);
    const request = { candidates: { item: [4n, 5n], items: { video: [4n, 5n] } } } as never;
    const [why] = await prepared.explain(request);
    expect(Object.keys(why.scores)).toEqual(labels);
    expect(Object.getPrototypeOf(why.scores)).toBeNull();
    return await prepared.rank(request);
  } finally {
    await twin.close();
  }
}

it.each([0, 1])("ranks by labels of any name as by others, with %i workers", async (workers) => {
  const expected = await ranked(plain, "nearest", 0);
  const found = await ranked(hostile, "__proto__", workers);
  for (const record of [found.scores, found.logits, found.searches]) {
    expect(Object.getPrototypeOf(record)).toBeNull();
    expect("isPrototypeOf" in record).toBe(false);
  }
  expect(Object.keys(found.scores)).toEqual(hostile);
  expect(Object.entries(found.searches)).toEqual([["__proto__", expect.objectContaining({ search: "__proto__" })]]);
  for (const [i, label] of hostile.entries()) {
    expect(found.scores[label], label).toBeInstanceOf(Float32Array);
    expect(found.scores[label]).toHaveLength(2);
    expect(found.logits[label], label).toHaveLength(2);
    expect(expected.scores[plain[i]]).toHaveLength(2);
  }
  expect(found.coverage).toBe(expected.coverage);
  expect(found.kept?.positions).toEqual(expected.kept?.positions);
});

describe("the columns of scores", () => {
  const name = fc.oneof(
    fc.constantFrom(
      "row",
      "user",
      "item",
      "time",
      "Row",
      "ROW",
      "score",
      "label",
      "click",
      "Click",
      "CLICK",
      "__proto__",
    ),
    fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,3}$/),
  );

  it("differ from each other and from every key, whatever the labels, also where case does not count", () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 12 }), (labels) => {
        const columns = scoreColumns(labels).flatMap(({ label, ...rest }) => Object.values<string>(rest));
        const all = [...keyColumns, ...columns].map((one) => one.toLowerCase());
        expect(new Set(all).size).toBe(all.length);
        expect(scoreColumns(labels).map(({ label }) => label)).toEqual(labels);
      }),
    );
  });

  it("are the label's name with a word behind it", () => {
    expect(scoreColumns(["row", "Row"]).map(({ score, logit, given }) => [score, logit, given])).toEqual([
      ["row.score", "row.logit", "row.label"],
      ["Row#2.score", "Row#2.logit", "Row#2.label"],
    ]);
  });
});
