// Codes that a table holds: the bits of those that are computed, in every frame and precision; what a miss is; what is refused.
import { describe, expect, it } from "vitest";
import { projectorPort } from "../../../compiler/graphs/index.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { layoutOf } from "../../../compiler/model/table-layout.ts";
import type { GraphName } from "../../../contract/manifest.ts";
import { expectSound } from "../../../contract/manifest-sound.ts";
import { decodeRows, encodeRows, headsOf } from "../../../runtime/table/precision.ts";
import { modelOf } from "../../kit/any-model.ts";
import { type Feeds, itemFeeds, requestFeeds } from "../../kit/any-request.ts";
import { coder, columnsAt, hashedItem, squared } from "../../kit/plain-codes.ts";
import { graphsOf, outputsApart, randomParameters, run, same, world } from "../../kit/reference.ts";
import { compiled } from "../../kit/small-model.ts";
import { checkText, found } from "../check/program.ts";

const stages = ["nearest", "all", "newest", "kept", "each"];
const hold = (settings = "") => `table codes { of: [${stages.map((name) => `${name}.codes`).join(", ")}] ${settings} }`;

/** Attends over every sort of frame, and a search. */
const text = (by: string, table = hold(), keys = "auto") => `model plain
${hashedItem}
history watched { of: item max: 50 cross { liked: flag(dim: 2) share: number } }
metric relevance { query: item keys: watched.item heads: 2 dim: 3 }
search nearest { from: watched by: ${by} keep: 3 }
search lists { from: watched by: relevance keep: 4 heads: per_head }
attend all { over: watched by: ${by} keys: ${keys} }
attend newest { over: watched.last(4) by: ${by} keys: ${keys} }
attend kept { over: nearest by: ${by} keys: ${keys} }
attend each { over: lists by: ${by} keys: ${keys} }
tower ranking { input: [all, newest, kept, each] hidden: [] predict { click: regression } }
${table}`;

const kinds = ["hamming(item, bits: 16, seed: 3)", "collision(item, hashes: 24, width: 8, seed: 3)"] as const;
const shape = { candidates: 5, history: 12, valid: 11, seed: 8 };
const read = (model: Model) => randomParameters(model, 3);
const inputs = (graph: Graph): string[] => graph.inputs.map(({ node }) => node.attributes.name as string);

/** What both have in common, so that a table's absence is no difference. */
const results = (model: Model, graph: GraphName, feeds: Feeds) => run(graphsOf(model).get(graph)!, feeds, read(model));

/** A table's rows as a store of this precision gives them back. */
function stored(model: Model, feeds: Feeds): Feeds {
  const [{ name, precision, width, of }] = model.tables;
  const format = { precision, width, heads: headsOf(of.map(layoutOf)) };
  const { data, shape: dims } = feeds[name];
  const into = new Float32Array(data.length);
  decodeRows(encodeRows(Float32Array.from(data), format), 0, dims[0], format, into, 0);
  return { ...feeds, [name]: { shape: dims, data: into } };
}

describe.each(kinds)("codes of %s in a table", (by) => {
  const plain = modelOf(text(by, ""));
  const wanted = world(plain, shape, new Set(), read(plain)).feeds;

  it.each(["float32", "float16", "uint8"])("of %s give every graph the bits of computed ones", (precision) => {
    const model = modelOf(text(by, hold(`precision: ${precision}`)));
    const { feeds, graphs } = world(model, shape, new Set(), read(model));
    const rows = stored(model, feeds);
    if (precision === "uint8" && by.startsWith("collision")) {
      expect(Array.from(rows.codes.data).some((number) => !Number.isInteger(number))).toBe(true);
    }
    for (const graph of ["search", "rank", "request", "explain"] as const) {
      expect(inputs(graphs.get(graph)!)).toEqual(expect.arrayContaining(["codes", "watched.row"]));
      const [ours, theirs] = [results(model, graph, rows), results(plain, graph, wanted)];
      // What an explanation says of padding differs: no row is 0.
      for (const [name, output] of Object.entries(theirs).filter(([name]) => !/\.(metric|bias)$/.test(name))) {
        expect(same(ours[name], output), `${graph} ${name}`).toBe(true);
      }
    }
    expect([...graphs.keys()].filter((name) => name.endsWith("_fresh"))).toEqual([]);
  });

  it("are all that a search reads of behaviours' items", () => {
    const nearest = "tower ranking { input: [all, newest, kept, each]";
    const one = text(by, "table codes { of: nearest.codes }")
      .replace(/search lists.*\n/, "")
      .replace(/attend each.*\n/, "");
    const model = modelOf(one.replace(nearest, "tower ranking { input: [all, newest, kept]"));
    const names = inputs(graphsOf(model).get("search")!);
    expect(names.filter((name) => name.startsWith("watched."))).toEqual(["watched.valid", "watched.row"]);
  });

  it("leave out under `mask` what the table misses, as if it were no behaviour", () => {
    const model = modelOf(text(by, hold("on_miss: mask")));
    const missed = new Set([1, 4, 5]);
    const { feeds } = world(model, shape, missed, read(model));
    const user = requestFeeds(plain, shape);
    const valid = Array.from(user["watched.valid"].data, (one, at) => (missed.has(at) ? 0 : one));
    const lacking = { ...user, "watched.valid": { shape: [shape.history], data: valid } };
    // The lists by the metric, which reads no table, are those of all behaviours.
    const lists = { "lists.kept": feeds["lists.kept"] };
    const kept: Feeds = { ...lacking, ...results(plain, "search", lacking), ...lists };
    const [ours, theirs] = [results(model, "rank", { ...feeds, ...lists }), results(plain, "rank", kept)];
    expect(same(feeds["nearest.kept"], kept["nearest.kept"])).toBe(true);
    expect(outputsApart(ours, theirs)).toBeNull();
  });

  it("are computed where an attend says `keys: fresh`, and read where it says `cached`", () => {
    const fresh = modelOf(text(by, "table codes { of: nearest.codes }", "fresh"));
    expect(inputs(graphsOf(fresh).get("rank")!)).not.toContain("codes");
    const cached = modelOf(text(by, hold(), "cached"));
    expect(inputs(graphsOf(cached).get("rank")!)).toContain("codes");
  });

  it("are read still where a table of keys is stale", () => {
    const [table, used] = [`${hold()} table keys { of: relevance.keys }`, "attend soft { over: lists by: relevance }"];
    const source = text(by, `${table}\n${used}`).replace("input: [all,", "input: [soft, all,");
    const graphs = graphsOf(modelOf(source));
    const reads = (graph: GraphName) => ["keys", "codes"].filter((name) => inputs(graphs.get(graph)!).includes(name));
    expect([reads("rank"), reads("rank_fresh")]).toEqual([["keys", "codes"], ["codes"]]);
  });

  it("come of the projector as the graphs make them, a part after the other", () => {
    const model = modelOf(text(by, `table codes { of: [all.codes, nearest.codes] }`));
    const user = requestFeeds(model, shape);
    const parameters = squared(squared(read(model), "all"), "nearest");
    const projector = graphsOf(model).get("projector")!;
    const rows = run(projector, itemFeeds(user, model.histories[0]), parameters)[projectorPort(model, model.tables[0])];
    const { kind } = model.searches[0].by;
    const code = coder(kind === "hamming" ? 16 : 24, 3);
    const due = Array.from({ length: shape.history }, (_, at) => {
      const bits = code(columnsAt(user, parameters, "watched", at)).map((one) => (one ? 1 : -1));
      const groups = [0, 1, 2].map((group) =>
        bits.slice(8 * group, 8 * group + 8).reduce((sum: number, bit, place) => sum + bit * 2 ** place, 0),
      );
      const one = kind === "hamming" ? bits : groups;
      return [...one, ...one];
    });
    expect(Array.from(rows.data)).toEqual(due.flat());
  });
});

describe("a behaviour that the table misses under `on_miss: zero`", () => {
  const missed = new Set([0, 3]);
  const ranked = (
    by: string,
    of: (q: readonly boolean[], s: readonly boolean[]) => number,
    none: number,
    bits: number,
  ) => {
    const model = modelOf(text(by, hold("on_miss: zero")));
    const { feeds } = world(model, shape, missed, squared(read(model), "nearest"));
    const code = coder(bits, 3);
    for (let r = 0; r < shape.candidates; r++) {
      const q = code(columnsAt(feeds, read(model), "candidate", r));
      const scores = Array.from({ length: shape.valid }, (_, at) =>
        missed.has(at) ? none : of(q, code(columnsAt(feeds, read(model), "watched", at))),
      );
      const due = scores.map((_, at) => at).sort((a, b) => scores[b] - scores[a] || a - b);
      expect(Array.from(feeds["nearest.kept"].data).slice(r * 3, r * 3 + 3)).toEqual(due.slice(0, 3));
    }
  };

  it("is ranked by `hamming` as one of whose bits half agree", () => {
    ranked(kinds[0], (q, s) => q.filter((bit, i) => bit === s[i]).length, 8, 16);
  });

  it("collides in no group, and gives an attend by `collision` nothing", () => {
    const by = "collision(item, hashes: 6, width: 2, seed: 3)";
    const agree = (q: readonly boolean[], s: readonly boolean[]) =>
      [0, 1, 2].filter((group) => q[2 * group] === s[2 * group] && q[2 * group + 1] === s[2 * group + 1]).length;
    ranked(by, agree, 0, 6);
    const attends = (onMiss: string) => {
      const model = modelOf(
        text(by, `table codes { of: [all.codes, newest.codes] on_miss: ${onMiss} precision: uint8 }`),
      );
      return results(model, "rank", stored(model, world(model, shape, missed, read(model)).feeds));
    };
    expect(outputsApart(attends("zero"), attends("mask"))).toBeNull();
  });
});

describe("the checker", () => {
  const [by] = kinds;
  /** A list of a search by the metric is attended by codes, on purpose. */
  const errors = (source: string) => {
    const { diagnostics } = checkText(source);
    return diagnostics.filter(({ code }) => code !== "metrics-differ");
  };

  it.each([
    ["table codes { of: lists.codes }", "does-not-apply: lists.codes"],
    ["table codes { of: all.values }", "does-not-apply: all.values"],
    ["table codes { of: nearest }", "table-needs-user: nearest"],
    ["table codes { of: nearest.keys }", "unknown-name: keys"],
    ["table codes { of: nearest.codes }\ntable more { of: nearest.codes }", "cached-twice: more"],
  ])("refuses %s", (table, report) => {
    expect(found({ diagnostics: errors(text(by, table)) })).toEqual([report]);
  });

  it("refuses codes over clusters, and `keys: cached` without a table", () => {
    const clustered = text(by).replace("max: 50", "max: 50 cluster: kmeans(on: item.cover, size: 5)");
    const reports = found(checkText(clustered.replace("price: number", "price: number cover: pretrained(size: 3)")));
    expect(reports).toContain("table-over-clusters: nearest.codes");
    const uncached = errors(text(by, "table codes { of: nearest.codes }", "cached"));
    expect(uncached.map(({ code, title }) => [code, title])).toEqual(
      stages.slice(1).map((name) => ["nothing-cached", `no table holds \`${name}.codes\``]),
    );
  });

  it("says what of a stage a table can hold", () => {
    expect(errors(text(by, "table codes { of: nearest }"))[0].help?.join(" ")).toContain(
      "What it compares of a past item alone are `nearest.codes`.",
    );
  });
});

describe("a build", () => {
  const source = (by: string) => text(by, "table codes { of: [nearest.codes, all.codes] }");
  const build = (by: string, seed = 1) => compiled(source(by), { vocabularies: new Map(), seed }).manifest;
  const manifest = build(kinds[0]);

  it("says what the rows hold, and which searches read them", () => {
    expect(manifest.tables.codes.parts).toEqual([
      { of: { kind: "codes", stage: "nearest" }, offset: 0, width: 16, heads: 1, dim: 16 },
      { of: { kind: "codes", stage: "all" }, offset: 16, width: 16, heads: 1, dim: 16 },
    ]);
    expect(manifest.searches.map(({ table }) => table)).toEqual(["codes", null]);
    expect(manifest.graphs.search!.keys).toBe("cached");
    const { tables } = build(kinds[1]);
    expect(tables.codes.parts.map(({ width }) => width)).toEqual([3, 3]);
  });

  it("has another producer where the planes, the scaling or the weights are others", () => {
    const prints = [
      kinds[0],
      "hamming(item, bits: 16, seed: 4)",
      "hamming(item, bits: 16, seed: 3, scale: none)",
      "hamming(item, bits: 17, seed: 3)",
    ].map((by) => build(by).fingerprints.producer.codes);
    const seeded = build(kinds[0], 9).fingerprints.producer.codes;
    expect(new Set([...prints, seeded]).size).toBe(5);
    expect(build(kinds[0]).fingerprints.producer.codes).toBe(prints[0]);
  });

  it("is refused where its rows are not the stage's codes", () => {
    const fault = (change: (codes: (typeof manifest.tables.codes.parts)[number]) => void): string => {
      const copy = structuredClone(manifest);
      change(copy.tables.codes.parts[0]);
      try {
        expectSound(copy, (what) => {
          throw new Error(what);
        });
      } catch (error) {
        return (error as Error).message;
      }
      return "sound";
    };
    expect(fault(() => undefined)).toBe("sound");
    expect(fault((part) => Object.assign(part.of, { stage: "nobody" }))).toBe("there is no search or attend nobody");
    expect(fault((part) => Object.assign(part.of, { stage: "lists" }))).toMatch(/^lists\.codes are 0 numbers/);
    expect(fault((part) => Object.assign(part, { heads: 2, dim: 8 }))).toMatch(
      /^nearest\.codes are 16 numbers under one/,
    );
  });
});
