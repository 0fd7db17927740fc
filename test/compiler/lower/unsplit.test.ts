// Target attention whose keys hold cross features unsplit (TWIN, eq. 2, what its split is held against), as plain loops.
import { describe, expect, it } from "vitest";
import { kernelSection } from "../../../compiler/emit/kernel-section.ts";
import { lowerGraphs } from "../../../compiler/graphs/index.ts";
import { parameters } from "../../../compiler/parameters/parameters.ts";
import { costReport } from "../../../compiler/plan/cost-report.ts";
import { showModel } from "../../../compiler/show/show-model.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { modelOf } from "../../kit/any-model.ts";
import { type Feeds, requestFeeds } from "../../kit/any-request.ts";
import { graphsOf, type ReadParameter, randomParameters, run } from "../../kit/reference.ts";

const text = (keys: string, bias = "") => `model unsplit
item { id: id(vocab: 6, dim: 3, key: true) price: number }
history watched { of: item max: 50 cross { ago: id(vocab: 4, dim: 2) share: number } }
metric relevance { query: item keys: ${keys} ${bias} heads: 2 dim: 3 }
search nearest { from: watched by: relevance keep: 4 }
attend interest { over: nearest by: relevance strength: true }
tower ranking { input: [interest, item] hidden: [] predict { click: binary } }`;

/** A row of a feature: of a table, or the number itself. */
function looked(feeds: Feeds, read: ReadParameter, port: string, table: string | null, at: number): number[] {
  const value = feeds[port].data[at];
  if (table === null) {
    return [value];
  }
  const { shape, data } = read(table);
  return Array.from(data).slice(value * shape[1], (value + 1) * shape[1]);
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, index) => sum + x * b[index], 0);

/** x M of one head, M [A, in, 3]. */
function times(x: readonly number[], { data }: { readonly data: ArrayLike<number> }, head: number): number[] {
  return [0, 1, 2].map((column) =>
    x.reduce((sum, value, row) => sum + value * data[(head * x.length + row) * 3 + column], 0),
  );
}

const plus = (a: readonly number[], b: readonly number[]) => a.map((x, index) => x + b[index]);

function score(
  feeds: Feeds,
  read: ReadParameter,
  biased: boolean,
  head: number,
  candidate: number,
  at: number,
): number {
  const item = (prefix: string, place: number) => [
    ...looked(feeds, read, `${prefix}.id`, "item.id.table", place),
    ...looked(feeds, read, `${prefix}.price`, null, place),
  ];
  const ago = looked(feeds, read, "watched.ago", "watched.ago.table", at);
  const share = looked(feeds, read, "watched.share", null, at);
  const key = [
    times(item("watched.item", at), read("relevance.keys"), head),
    times(ago, read("relevance.keys.ago"), head),
    times(share, read("relevance.keys.share"), head),
  ].reduce(plus);
  const query = times(item("candidate.item", candidate), read("relevance.query"), head);
  const w = biased ? Array.from(read("relevance.bias.ago.w").data).slice(head * 2) : [0, 0];
  const beta = biased ? read("relevance.bias.ago.beta").data[0] : 0;
  return dot(query, key) / Math.sqrt(3) + dot(ago, w) * beta;
}

describe.each([
  ["alone", "[watched.item, watched.cross]", ""],
  ["beside a bias", "[watched.item, watched.ago, watched.share]", "bias: watched.ago"],
])("cross features among the keys, %s", (_, keys, bias) => {
  const model = modelOf(text(keys, bias));
  const read = randomParameters(model, 7);
  const feeds = requestFeeds(model, { candidates: 3, history: 12, valid: 9, seed: 31 });

  it("are projected with the item's, and search, oracle and attention have the same scores", () => {
    const graphs = graphsOf(model);
    const { scores } = run(graphs.get("oracle")!, feeds, read);
    const { kept } = run(graphs.get("search")!, feeds, read);
    const shown = run(graphs.get("explain")!, { ...feeds, kept }, read);
    for (let head = 0; head < 2; head++) {
      for (let candidate = 0; candidate < 3; candidate++) {
        const plain = (at: number) => score(feeds, read, bias !== "", head, candidate, at);
        for (let at = 0; at < 9; at++) {
          expect(scores.data[(head * 3 + candidate) * 12 + at]).toBeCloseTo(plain(at), 6);
        }
        for (let place = 0; place < 4; place++) {
          const i = (head * 3 + candidate) * 4 + place;
          const parts = shown["interest.metric"].data[i] + shown["interest.bias"].data[i];
          expect(parts).toBeCloseTo(plain(kept.data[candidate * 4 + place]), 6);
        }
      }
    }
  });

  it("have matrices of their own beside W^h, which training learns", () => {
    const own = parameters(model).filter(({ name }) => name.startsWith("relevance.keys."));
    expect(own.map(({ name, shape }) => [name, shape])).toEqual([
      ["relevance.keys.ago", [2, 2, 3]],
      ["relevance.keys.share", [2, 1, 3]],
    ]);
    const { spec } = trainGraphs(model, { verify: true });
    const dense = spec.packs.find(({ name }) => name === "dense");
    expect(dense?.parameters.map(({ name }) => name)).toContain("relevance.keys.ago");
  });

  it("run on the kernel, whose keys are the user's own", () => {
    const section = kernelSection(model);
    expect(section).toMatchObject({
      runs: true,
      cached: { products: [{ name: "relevance", keys: { kind: "output", output: "relevance.k" } }] },
    });
  });

  it("are shown", () => {
    expect(showModel(model)).toMatch(/keys: +\[?watched\.item\.id, watched\.item\.price, watched\.ago, watched\.share/);
  });
});

it("cost a product more for each behaviour", () => {
  const count = (keys: string) => {
    const model = modelOf(text(keys));
    const before = lowerGraphs(model, { layout: "request", outside: new Set() });
    const { graphs } = costReport(model, {}, { before, after: before });
    return graphs.find(({ name }) => name === "search")!.before;
  };
  // 50 behaviours, 3 columns, 2 heads of 3.
  expect(count("[watched.item, watched.cross]") - count("watched.item")).toBe(50 * 3 * 2 * 3);
});
