// The table of `by` kinds: what each row says is what the checker reads, the text shows, and the graphs are written of.
import { describe, expect, it } from "vitest";
import type { Stage } from "../../../compiler/by/kind.ts";
import { byText, calls, sameBy } from "../../../compiler/by/kinds.ts";
import { check } from "../../../compiler/check/check.ts";
import { lowerGraphs } from "../../../compiler/graphs/index.ts";
import type { By } from "../../../compiler/model/by.ts";
import { load } from "../../../compiler/source/load.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { modelOf } from "../../kit/any-model.ts";
import { builtKinds, bySamples } from "../../kit/by-samples.ts";

const text = (stage: Stage, by: string) => `model any
item {
  item_id: id(vocab: 9, dim: 3, key: true)
  topics: tags(vocab: 4, max: 2, dim: 2)
  cover: pretrained(size: 3)
}
history watched { of: item max: 50 cross { share: number } }
metric relevance { query: item keys: watched.item heads: 2 dim: 3 }
search nearest { from: watched by: ${stage === "search" ? by : "relevance"} keep: 4 }
attend interest { over: nearest by: ${stage === "attend" ? by : "relevance"} }
tower ranking { input: [interest, item] hidden: [4] predict { click: binary } }`;

function byOf(stage: Stage, written: string): By {
  const model = modelOf(text(stage, written));
  return (stage === "search" ? model.searches : model.attends)[0].by;
}

const rows = calls.flatMap(({ name, stages }) =>
  stages.map((stage) => [name, stage, bySamples[name as keyof typeof bySamples]] as const),
);

describe("a kind of by", () => {
  it.each(rows)("%s in a %s reads back as it is shown", (_, stage, written) => {
    const by = byOf(stage, written);
    const again = byOf(stage, byText(by));
    expect(byText(again)).toBe(byText(by));
    expect(sameBy(again, by)).toBe(true);
  });

  it("is the same as itself alone", () => {
    const all = [byOf("attend", "relevance"), ...rows.map(([, stage, written]) => byOf(stage, written))];
    const named = rows.map(([name]) => name as string);
    all.forEach((left, i) => {
      all.forEach((right, j) => {
        expect(sameBy(left, right)).toBe(i === j || (i > 0 && j > 0 && named[i - 1] === named[j - 1]));
      });
    });
    expect(sameBy(byOf("attend", "mlp(hidden: [4])"), byOf("attend", "mlp(hidden: [4, 4])"))).toBe(false);
    expect(sameBy(byOf("search", "match(item.topics)"), byOf("search", "match(item.item_id)"))).toBe(false);
  });

  it.each(rows.filter(([name, stage]) => builtKinds(stage).includes(name as never)))(
    "%s in a %s has graphs for a request, a batch and training",
    (_, stage, written) => {
      const model = modelOf(text(stage, written));
      for (const layout of ["request", "batch"] as const) {
        expect([...lowerGraphs(model, { layout, outside: new Set() }).keys()]).toContain("request");
      }
      expect([...trainGraphs(model).graphs.keys()]).toEqual(expect.arrayContaining(["search", "step", "score"]));
    },
  );

  it.each(calls.flatMap(({ name, stages }) => (stages.includes("search") ? [] : [name])))(
    "%s ranks nothing, so a search cannot go by it",
    (name) => {
      const { diagnostics } = check(load("any.twin", () => text("search", bySamples[name as keyof typeof bySamples])));
      expect(diagnostics.map(({ code }) => code)).toContain("not-here");
    },
  );
});
