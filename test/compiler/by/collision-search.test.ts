// Collisions as a search: the most groups that agree, as plain loops over bits; and what the buckets tell apart.
import { describe, expect, it } from "vitest";
import { byText } from "../../../compiler/by/kinds.ts";
import { initialValues, parameters } from "../../../compiler/index.ts";
import { keptPort } from "../../../compiler/model/ports.ts";
import { modelOf } from "../../kit/any-model.ts";
import { batchFeeds, requestFeeds } from "../../kit/any-request.ts";
import { coder, columnsAt, hashedItem, squared } from "../../kit/plain-codes.ts";
import { graphsOf, randomParameters, run } from "../../kit/reference.ts";
import { checkText, found, whole } from "../check/program.ts";

const text = (by: string, keep = 3) => `model plain
${hashedItem}
history watched { of: item max: 50 cross { share: number } }
metric relevance { query: item keys: watched.item heads: 2 dim: 3 }
search nearest { from: watched by: ${by} keep: ${keep} }
attend interest { over: nearest by: relevance }
tower ranking { input: [interest] hidden: [] predict { click: binary } }`;

describe("a search by collision", () => {
  it.each([
    ["collision(item, hashes: 12, width: 2, seed: 3)", "rms", 12, 2, 3, 11],
    ["collision(item, hashes: 12, width: 3, scale: none)", "none", 12, 3, 1, 11],
    // Fewer behaviours than are kept.
    ["collision(item, hashes: 8, width: 1)", "rms", 8, 1, 1, 2],
  ] as const)(
    "%s keeps those that collide in most groups, the newer of equals first",
    (by, scale, hashes, width, seed, valid) => {
      const model = modelOf(text(by));
      const read = squared(randomParameters(model, 3), "nearest");
      const code = coder(hashes, seed, scale);
      const [candidates, history] = [5, 12];
      const feeds = requestFeeds(model, { candidates, history, valid, seed: 8 });
      const name = keptPort(model, model.searches[0]);
      const kept = run(graphsOf(model).get("search")!, feeds, read)[name];
      const batched = run(graphsOf(model, "batch").get("search")!, batchFeeds(feeds, model, candidates), read)[name];
      expect(Array.from(batched.data)).toEqual(Array.from(kept.data));
      const colliding = (a: readonly boolean[], b: readonly boolean[]) => {
        let count = 0;
        for (let start = 0; start < hashes; start += width) {
          count += Number(a.slice(start, start + width).join() === b.slice(start, start + width).join());
        }
        return count;
      };
      let ties = 0;
      for (let candidate = 0; candidate < candidates; candidate++) {
        const q = code(columnsAt(feeds, read, "candidate", candidate));
        const scores = Array.from({ length: valid }, (_, at) =>
          colliding(q, code(columnsAt(feeds, read, "watched", at))),
        );
        const due = scores.map((_, at) => at).sort((a, b) => scores[b] - scores[a] || a - b);
        ties += due.filter((at, i) => i > 0 && scores[at] === scores[due[i - 1]]).length;
        const list = Array.from(kept.data).slice(candidate * 3, candidate * 3 + Math.min(3, valid));
        expect(list).toEqual(due.slice(0, 3));
      }
      expect(ties > 0).toBe(valid > 3);
    },
  );

  it("is written as it was, and refuses more hashes than scores can hold beside positions", () => {
    expect(byText(modelOf(text("collision(item, hashes: 12, width: 2, seed: 3)")).searches[0].by)).toBe(
      "collision(item, hashes: 12, width: 2, seed: 3)",
    );
    const long = whole
      .replace("by: relevance keep", "by: collision(item, hashes: 510, width: 2) keep")
      .replace(/max: \S+/, "max: 100k");
    expect(found(checkText(long))).toContain("out-of-range: collision(item, hashes: 510, width: 2)");
  });

  it.each([
    [7, 2, ["6", "8"]],
    [2, 3, ["3"]],
    [100, 8, ["64"]],
    [64, 8, null],
  ])("of %i hashes in groups of %i offers the nearest that fit", (hashes, width, valid) => {
    const { diagnostics } = checkText(
      whole.replace("by: relevance keep", `by: collision(item, hashes: ${hashes}, width: ${width}) keep`),
    );
    const [error] = diagnostics.filter(({ code }) => code === "out-of-range");
    expect(error?.fixes.map(({ edits }) => edits[0].text) ?? null).toEqual(valid);
  });
});

describe("buckets", () => {
  const shop = (scale: string) => `model plain
    item { id: id(vocab: 9000, dim: 8, key: true) shop: id(vocab: 20, dim: 8) kind: id(vocab: 30, dim: 8) }
    history watched { of: item max: 400 }
    attend interest { over: watched by: collision(item, hashes: 48, width: 3, scale: ${scale}) }
    tower ranking { input: [interest] hidden: [] predict { click: binary } }`;

  /** Mean share of groups in which an item collides with one that has another id alone, by start values. */
  function sharedGroups(scale: string): number {
    const model = modelOf(shop(scale));
    const starts = initialValues(parameters(model), 5);
    const feeds = requestFeeds(model, { candidates: 1, history: 300, valid: 300, seed: 6 });
    for (const feature of ["shop", "kind"]) {
      const { data } = feeds[`candidate.item.${feature}`];
      feeds[`watched.item.${feature}`] = { shape: [300], data: new Array<number>(300).fill(data[0]) };
    }
    const shapes = new Map(parameters(model).map(({ name, shape }) => [name, shape]));
    const read = (name: string) => ({ shape: shapes.get(name)!, data: starts.read(name) });
    const { data } = run(graphsOf(model).get("explain")!, feeds, read)["interest.weights"];
    return Array.from(data).reduce((sum, one) => sum + one, 0) / data.length;
  }

  it("tell ids apart, however small their table's values are", () => {
    expect(sharedGroups("rms")).toBeLessThan(0.6);
    expect(sharedGroups("none")).toBeGreaterThan(0.9);
  });
});
