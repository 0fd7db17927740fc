// Statistics of behaviours: what each takes, what is refused at which place, and what the model holds of them.
import { describe, expect, it } from "vitest";
import { checkText, found } from "./program.ts";

const cross = `liked: flag(dim: 2) share: number slow: number(scale: log) ago: elapsed(at: [1h], dim: 2)
  kind: id(vocab: 5, dim: 3) shop: hashed(buckets: 9, hashes: 2, dim: 2) topics: tags(vocab: 4, max: 2, dim: 2)`;

/** A model with these statistics, and what its tower reads. */
const model = (stats: string, input = "watched.stats", more = "") => `model shop
item { video: id(vocab: 9, dim: 2, key: true) category: id(vocab: 5, dim: 2) price: number cover: pretrained(size: 3)
  brand: vocabulary(max: 9, dim: 2) maker: hashed(buckets: 9, hashes: 2, dim: 2) topics: tags(vocab: 4, max: 2, dim: 2)
  length: bucketed(at: [1, 2], dim: 2) live: flag(dim: 1) }
user { country: id(vocab: 5, dim: 2) }
history watched { of: item max: 100 ${more} cross { ${cross} } stats { ${stats} } }
history bought { of: item max: 100 cross { returned: flag(dim: 2) } }
metric relevance { query: item keys: watched.item dim: 4 }
attend interest { over: watched.last(10) by: relevance }
attend other { over: bought.last(10) by: mean }
tower ranking { input: [interest, other, item, user, ${input}] hidden: [8] predict { click: binary } }
`;

/** Errors and warnings alone. */
const said = (text: string) => {
  const { diagnostics } = checkText(text);
  return found({ diagnostics: diagnostics.filter(({ severity }) => severity !== "note") });
};

describe("statistics", () => {
  it("are features of a history with names, kinds and widths of their own", () => {
    const { model: checked } = checkText(
      model(`seen: met(on: item.topics) all: met rate: rate(on: item.maker, of: watched.liked)
        own: rate(of: share, k: 2, base: 0.25) hot: recent(on: item.length, of: liked, half: 1.5)
        week: recent(on: item.live, of: watched.share, half: 7d, k: 1) last: last(on: item.brand, of: watched.kind, dim: 3)
        newest: last(of: slow) away: since(on: item.category, at: [1h, 1d], dim: 4) places: since(at: [1, 10], shares: watched.stats.steps)
        steps: since(on: item.video, at: [1, 10], dim: 2)`),
    );
    const { stats } = checked!.histories[0];
    expect(stats).toMatchObject({ kind: "stats", prefix: "watched.stats" });
    expect(stats.features.map(({ qualified, group, width }) => `${group} ${qualified} ${width}`)).toEqual([
      "stats watched.stats.seen 1",
      "stats watched.stats.all 1",
      "stats watched.stats.rate 1",
      "stats watched.stats.own 1",
      "stats watched.stats.hot 1",
      "stats watched.stats.week 1",
      "stats watched.stats.last 3",
      "stats watched.stats.newest 1",
      "stats watched.stats.away 4",
      "stats watched.stats.places 2",
      "stats watched.stats.steps 2",
    ]);
    expect(stats.features.map(({ encoder }) => encoder)).toEqual([
      { kind: "met", on: "item.topics" },
      { kind: "met" },
      { kind: "rate", on: "item.maker", of: "watched.liked", k: 5 },
      { kind: "rate", of: "watched.share", k: 2, base: 0.25 },
      { kind: "recent", on: "item.length", of: "watched.liked", k: 5, half: 1.5, unit: "places" },
      { kind: "recent", on: "item.live", of: "watched.share", k: 1, half: 604_800, unit: "seconds" },
      { kind: "last", on: "item.brand", of: "watched.kind", rows: 6 },
      { kind: "last", of: "watched.slow" },
      { kind: "since", on: "item.category", edges: [3600, 86_400], unit: "seconds" },
      { kind: "since", edges: [1, 10], unit: "places" },
      { kind: "since", on: "item.video", edges: [1, 10], unit: "places" },
    ]);
    const table = (name: string) => stats.features.find((one) => one.name === name)!.embedding;
    expect(table("last")).toEqual({ parameter: "watched.stats.last.table", rows: 6, dim: 3 });
    expect(table("places")).toBe(table("steps"));
    expect(checked!.towers[0].input.at(-1)).toEqual({ kind: "group", group: stats });
    expect(checked!.histories[1].stats.features).toEqual([]);
  });

  it.each([
    // what they are over
    ["s: met(on: item.price)", "feature-does-not-fit: item.price"],
    ["s: met(on: item.cover)", "feature-does-not-fit: item.cover"],
    ["s: met(on: user.country)", "feature-does-not-fit: user.country"],
    ["s: met(on: watched.kind)", "feature-does-not-fit: watched.kind"],
    ["s: met(on: item)", "unknown-name: item"],
    ["s: met(on: item.categry)", "unknown-name: item.categry"],
    ["s: met(on: watched.item.category)", "unknown-name: watched.item.category"],
    ["s: met(on: item.category(3))", "not-here: item.category(3)"],
    ["s: met(on: 3)", "wrong-value: 3"],
    ["s: met(item.category)", "unnamed-argument: item.category"],
    // what they are of
    ["s: rate", "missing-setting: rate"],
    ["s: rate(of: watched.ago)", "no-statistic: watched.ago"],
    ["s: rate(of: watched.slow)", "no-statistic: watched.slow"],
    ["s: rate(of: watched.kind)", "no-statistic: watched.kind"],
    ["s: rate(of: topics)", "no-statistic: topics"],
    ["s: rate(of: item.live)", "no-statistic: item.live"],
    ["s: rate(of: bought.returned)", "no-statistic: bought.returned"],
    ["s: rate(of: watched.stats.t) t: met", "no-statistic: watched.stats.t"],
    ["s: rate(of: watched.likd)", "unknown-name: watched.likd"],
    ["s: rate(of: likd)", "unknown-name: likd"],
    ["s: rate(of: watched)", "unknown-name: watched"],
    ["s: rate(of: liked(1))", "not-here: liked(1)"],
    ["s: last(of: ago, dim: 2)", "no-statistic: ago"],
    ["s: last(of: shop, dim: 2)", "no-statistic: shop"],
    ["s: last(of: topics, dim: 2)", "no-statistic: topics"],
    ["s: last(of: liked)", "missing-setting: last(of: liked)"],
    ["s: last(of: share, dim: 2)", "does-not-apply: 2"],
    // numbers
    ["s: rate(of: liked, k: 0)", "out-of-range: 0"],
    ["s: rate(of: liked, k: 1d)", "wrong-unit: 1d"],
    ["s: rate(of: liked, base: 0)", "out-of-range: 0"],
    ["s: rate(of: liked, base: 1)", "out-of-range: 1"],
    ["s: recent(of: liked)", "missing-setting: recent(of: liked)"],
    ["s: recent(of: liked, half: 0)", "out-of-range: 0"],
    ["s: recent(of: liked, half: 0s)", "out-of-range: 0s"],
    ["s: recent(of: liked, half: 10%)", "wrong-unit: 10%"],
    ["s: since(dim: 2)", "missing-setting: since(dim: 2)"],
    ["s: since(at: [1h])", "missing-setting: since(at: [1h])"],
    ["s: since(at: [1h, 3], dim: 2)", "mixed-units: 3"],
    ["s: since(at: [1h, 1h], dim: 2)", "not-ascending: 1h"],
    ["s: since(at: quantiles(4), dim: 2)", "wrong-value: quantiles"],
    ["s: since(at: [1], shares: watched.stats.t) t: since(at: [2], dim: 2)", "shares-mismatch: watched.stats.t"],
    ["s: since(at: [1], shares: watched.stats.t) t: met", "shares-mismatch: watched.stats.t"],
    ["s: met(dim: 2)", "unknown-setting: dim"],
    ["s: met(key: true)", "unknown-setting: key"],
    // names and kinds
    ["s: met s: met", "declared-twice: s"],
    ["s: met t: met(formerly: s)", "formerly-taken: s"],
    ["s: number", "not-here: number"],
    ["s: medt", "unknown-name: medt"],
    ["s { }", "needs-value: s"],
  ])("%s → %s", (stats, error) => {
    const checked = checkText(model(stats));
    const errors = checked.diagnostics.filter(({ severity }) => severity === "error");
    expect(found({ diagnostics: errors })).toEqual([error]);
    expect(checked.model).toBeNull();
  });

  it.each([
    ["item { ", "met", "not-here: met"],
    ["user { ", "rate(of: watched.liked)", "not-here: rate"],
    ["cross { ", "since(at: [1], dim: 2)", "not-here: since"],
  ])("stand among none but a history's: %s", (place, kind, error) => {
    expect(said(model("s: met").replace(place, `${place} mine: ${kind} `))).toEqual([error]);
  });

  it("are refused of clusters, with the setting that makes them", () => {
    const { diagnostics, model: checked } = checkText(
      model("s: met", "watched.stats", "cluster: kmeans(on: item.cover, size: 5)"),
    );
    const [error, ...others] = diagnostics.filter(({ severity }) => severity === "error");
    expect(others).toEqual([]);
    expect(found({ diagnostics: [error] })).toEqual(["does-not-apply: stats"]);
    expect(error.also.map(({ text }) => text)).toEqual(["keeps clusters"]);
    expect(checked).toBeNull();
  });

  it("are refused by durations where times are steps, and by places are not", () => {
    const stats = `s: recent(of: liked, half: 7d) t: since(at: [1h], dim: 2)
      u: recent(of: liked, half: 7) v: since(at: [1, 3], dim: 2) w: met`;
    expect(said(model(stats))).toEqual([]);
    expect(said(model(stats).replace("elapsed(at: [1h]", "elapsed(at: [1, 10]"))).toEqual([
      "does-not-apply: s",
      "does-not-apply: t",
    ]);
  });

  it.each([
    ["a metric's query", "query: item keys", "query: [item, watched.stats] keys", "query-not-inherent: watched.stats"],
    ["its keys", "keys: watched.item", "keys: [watched.item, watched.stats.s]", "wrong-kind: watched.stats.s"],
    ["its bias", "watched.item dim", "watched.item bias: watched.stats.s dim", "bias-not-cross: watched.stats.s"],
    ["an attend", "over: watched.last(10)", "over: watched.stats", "wrong-kind: watched.stats"],
  ])("are no inputs of %s", (_, from, to, error) => {
    const text = model("s: met");
    expect(text).toContain(from);
    expect(said(text.replace(from, to))).toContain(error);
  });

  it("are named one by one or all together, once", () => {
    expect(said(model("s: met t: met", "watched.stats.t"))).toEqual([]);
    expect(said(model("s: met", "watched.stats.x"))).toEqual(["unknown-name: x"]);
    expect(said(model("s: met", "watched.stats.s.t"))).toEqual(["unknown-name: t"]);
    expect(said(model("s: met", "watched.stats, watched.stats"))).toEqual(["given-twice: watched.stats"]);
    expect(said(model("s: met", "watched.stats(3)"))).toEqual(["not-here: watched.stats(3)"]);
    expect(said(model("s: met", "watched.stats, bought.stats"))).toEqual(["no-width: bought.stats"]);
    const { diagnostics } = checkText(model("s: met", "watched.stats, bought.stats"));
    expect(diagnostics.find(({ code }) => code === "no-width")!.primary.text).toBe("the history has no `stats` block");
  });

  it("are warned of where no tower reads one", () => {
    const unread = checkText(model("s: met t: met", "item.video"));
    expect(said(model("s: met t: met", "item.video"))).toEqual(["unused: s"]);
    expect(unread.diagnostics.find(({ code }) => code === "unused")).toMatchObject({
      severity: "warning",
      title: expect.stringContaining("watched.stats"),
    });
    expect(unread.model).not.toBeNull();
    expect(said(model("", "item.video"))).toEqual([]);
  });

  it("leave no second error where what they name failed", () => {
    const broken = (from: string, to: string) => said(model("s: rate(on: item.category, of: liked)").replace(from, to));
    expect(broken("category: id(vocab: 5", "category: id(vocab: many")).toEqual(["wrong-value: many"]);
    expect(broken("liked: flag(dim: 2)", "liked: flag(dim: wide)")).toEqual(["wrong-value: wide"]);
    const shared = "s: since(at: [1], shares: watched.stats.t) t: since(at: [1], dim: wide)";
    expect(said(model(shared))).toEqual(["wrong-value: wide"]);
  });

  it("of a library may be over what a model brings", () => {
    const library =
      "history watched { of: item max: 9 cross { liked: flag(dim: 2) } stats { s: met(on: item.category) } }\n";
    expect(found(checkText(library, {}, { library: true }))).toEqual([]);
    const whole = `model shop import "./library.twin" item { category: id(vocab: 5, dim: 2, key: true) }
      attend recent { over: watched by: mean }
      tower t { input: [recent, item, watched.stats] hidden: [4] predict { click: binary } }`;
    expect(found(checkText(whole, { "library.twin": library }))).toEqual([]);
  });

  it("are no cross features: `stats` is no name of one, and other words are names of both", () => {
    expect(said(model("s: met").replace("liked: flag", "stats: flag"))).toEqual(["name-taken: stats"]);
    expect(said(model("liked: met time: met cross: met item: met", "watched.stats.liked"))).toEqual([]);
  });
});
