// Searches that go by the weights of another run: which behaviours are kept is the other's, all else the model's own.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError, type SearchWeights } from "../../compiler/index.ts";
import { metricOf } from "../../compiler/model/by.ts";
import type { Model } from "../../compiler/model/model.ts";
import { keptPort } from "../../compiler/model/ports.ts";
import { copiedFrom, withSearchCopies } from "../../compiler/model/searched.ts";
import { vectorsOf } from "../../contract/vectors-of.ts";
import { type VectorsSection, vectorsSection } from "../../contract/vectors-section.ts";
import { anyModel, modelOf } from "../kit/any-model.ts";
import { anyRequest } from "../kit/any-request.ts";
import { outputsApart, type ReadParameter, randomParameters, run, same, type World, world } from "../kit/reference.ts";
import { compiled, smallSource, textOf, vocabularies } from "../kit/small-model.ts";
import { searchWeightsOf, startWeights } from "../kit/start-weights.ts";

const joined =
  (own: ReadParameter, search: ReadParameter): ReadParameter =>
  (name) => {
    const original = copiedFrom(name);
    return original === null ? own(name) : search(original);
  };

const missed = fc.uniqueArray(fc.nat(8), { maxLength: 3 }).map((places) => new Set(places));
const lists = (model: Model) => model.searches.map((search) => keptPort(model, search));
const keptOf = (model: Model, { feeds }: World) => Object.fromEntries(lists(model).map((port) => [port, feeds[port]]));

describe("a model whose searches go by copies of their metrics", () => {
  it("with another run's weights keeps what that run keeps, and attends to it by its own", () => {
    fc.assert(
      fc.property(anyModel({ by: "metric" }), anyRequest(), missed, (model, shape, gaps) => {
        const [own, other] = [1, 2].map((add) => randomParameters(model, shape.seed + add));
        const copies = withSearchCopies(model);
        const made = world(copies, shape, gaps, joined(own, other));
        const [ours, theirs] = [own, other].map((read) => world(model, shape, gaps, read));
        for (const port of lists(model)) {
          expect(same(made.feeds[port], theirs.feeds[port]), port).toBe(true);
        }
        // Attention's own scores, rows of tables and values over those lists.
        const due = { ...ours.feeds, ...keptOf(model, theirs) };
        for (const name of ["rank", "rank_fresh", "explain", "explain_fresh", "oracle"] as const) {
          const [before, now] = [model, copies].map((_, i) => (i === 0 ? ours : made).graphs.get(name));
          expect(now === undefined, name).toBe(before === undefined);
          if (before && now) {
            expect(outputsApart(run(now, made.feeds, made.read), run(before, due, own)), name).toBeNull();
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it("with the same weights gives every output of the model", () => {
    fc.assert(
      fc.property(anyModel({ by: "metric" }), anyRequest(), missed, (model, shape, gaps) => {
        const read = randomParameters(model, shape.seed);
        const plain = world(model, shape, gaps, read);
        const made = world(withSearchCopies(model), shape, gaps, joined(read, read));
        for (const name of ["search", "request", "request_fresh", "rank", "rank_fresh"] as const) {
          const [before, now] = [plain, made].map(({ graphs }) => graphs.get(name));
          expect(now === undefined, name).toBe(before === undefined);
          if (before && now) {
            expect(outputsApart(run(now, made.feeds, made.read), run(before, plain.feeds, read)), name).toBeNull();
          }
        }
      }),
      { numRuns: 15 },
    );
  });
});

const plainModel = modelOf(smallSource);
const own = startWeights(plainModel, 1, "a/weights.safetensors");

const other = (seed: number, text = smallSource, change?: (name: string, data: Float32Array) => void): SearchWeights =>
  searchWeightsOf(text, seed, vocabularies, change);

const built = (searchWeights: SearchWeights, text = smallSource) => compiled(text, { weights: own, searchWeights });

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
}

describe("the build", () => {
  const plain = compiled(smallSource, { weights: own });
  const { manifest, files } = built(other(2));

  it("says both runs, and that searches and attends go by two metrics", () => {
    const { own: ours, search } = manifest.extensions.search_weights.content as {
      own: { weights: string; step: number };
      search: { weights: string; step: number; metrics: unknown };
    };
    expect(ours).toEqual({ step: 100, untrained: false, weights: plain.manifest.fingerprints.weights });
    expect(search).toMatchObject({
      step: 200,
      model: "small",
      metrics: [{ metric: "relevance", copy: "search:relevance" }],
    });
    expect(search.weights).not.toBe(
      (built(other(3)).manifest.extensions.search_weights.content as { search: { weights: string } }).search.weights,
    );
    expect(manifest.searches[0].by).toEqual({ kind: "metric", metric: "search:relevance" });
    expect(manifest.attends[0].by).toEqual({ kind: "metric", metric: "relevance" });
    expect(manifest.plan.map(({ choice }) => choice)).toContain(
      "searches by relevance go by the weights of another run (search:relevance)",
    );
  });

  it("has a table whose rows are the searches' keys and, behind them, the attends' own", () => {
    expect(manifest.tables.video_keys.parts.map(({ of }) => of)).toEqual([
      { kind: "keys", metric: "search:relevance" },
      { kind: "keys", metric: "relevance" },
      { kind: "values", attend: "interest" },
    ]);
    expect(textOf(files, "tables/video_keys.yaml")).toContain("search:relevance");
  });

  it("refuses tables of a build without, and those of another search's weights are stale", () => {
    const producer = (of: typeof manifest) => of.fingerprints.producer.video_keys;
    const again = built(other(3)).manifest;
    expect(plain.manifest.fingerprints.metric["search:relevance"]).toBeUndefined();
    expect(new Set([plain.manifest, manifest, again].map(producer)).size).toBe(3);
    expect(again.fingerprints.metric).toEqual(manifest.fingerprints.metric);
    expect(manifest.fingerprints.metric.relevance).toBe(plain.manifest.fingerprints.metric.relevance);
    expect(new Set([plain.manifest, manifest, again].map(({ fingerprints }) => fingerprints.weights)).size).toBe(3);
  });

  it("has training graphs whose search reads the copies too: evaluations go by them", () => {
    const names = (of: typeof manifest) => of.train.packs.flatMap((pack) => pack.parameters.map(({ name }) => name));
    const copies = names(manifest).filter((name) => copiedFrom(name) !== null);
    expect(copies).toContain("search:relevance.query");
    expect(names(manifest).filter((name) => !copies.includes(name))).toEqual(names(plain.manifest));
  });

  it("leaves keys of the metric out of a table that no attend reads them from", () => {
    const text = smallSource
      .replaceAll("by: relevance\n}", "by: relevance\n  keys: fresh\n}")
      .replace(
        "search nearest {\n  from: watched\n  by: relevance\n  keep: 6\n}",
        "search nearest { from: watched by: relevance keep: 6 }",
      )
      .replace("of: [relevance.keys, interest.values]", "of: relevance.keys");
    const { tables } = compiled(text, { weights: own, searchWeights: other(2, text) }).manifest;
    expect(tables.video_keys.parts.map(({ of }) => of)).toEqual([{ kind: "keys", metric: "search:relevance" }]);
  });
});

describe("refused with the place and the way out", () => {
  it("metrics of another shape", () => {
    expect(refusal(() => built(other(2, smallSource.replace("heads: 2", "heads: 4"))))).toMatch(
      /^b\/weights\.safetensors cannot be what the searches of small go by:\n {2}metric relevance: it is made of other features, heads or widths there .*\nTake a run of the same model/,
    );
    expect(refusal(() => built(other(2, smallSource.replaceAll("relevance", "likeness"))))).toContain(
      "metric relevance: its model, small, has none of this name",
    );
  });

  it("rows that stand for something else", () => {
    expect(refusal(() => built(other(2, smallSource.replace("7s, 30s", "7s, 40s"))))).toContain(
      "feature item.length: its values become other rows or numbers there",
    );
    const learned = new Map([["item.topics", ["comedy", "drama", "5"]]]);
    expect(refusal(() => built({ ...other(2), vocabularies: learned }))).toContain(
      "vocabulary of item.topics: 3 entries there, 3 here, and not the same in the same order",
    );
    expect(refusal(() => built({ ...other(2), vocabularies: new Map() }))).toContain("0 entries there, 3 here");
  });

  it("weights that were trained on other vectors", () => {
    const made = (digit: string) => [{ feature: "item.cover", fingerprint: digit.repeat(64) }];
    const theirs = other(2);
    const extensions = { ...theirs.manifest.extensions, ...vectorsSection(made("b")) };
    const searchWeights = { ...theirs, manifest: { ...theirs.manifest, extensions } };
    const build = (vectors: VectorsSection) => compiled(smallSource, { weights: own, searchWeights, vectors });
    expect(refusal(() => build(made("a")))).toContain(
      "vectors of item.cover: they were made of other things there (bbbbbbbbbbbb instead of aaaaaaaaaaaa)",
    );
    expect(vectorsOf(build(made("b")).manifest)).toEqual(made("b"));
    expect(vectorsOf(build([]).manifest)).toEqual([]);
  });

  it("weights that lack a tensor, or hold no number", () => {
    const lacking = other(2);
    (lacking.weights.tensors as Map<string, unknown>).delete("relevance.keys");
    expect(refusal(() => built(lacking))).toContain("relevance.keys is missing: the model has it as [2, 17, 4]");
    const broken = other(2, smallSource, (name, data) => {
      if (name === "relevance.query") {
        data[5] = Number.NaN;
      }
    });
    expect(refusal(() => built(broken))).toMatch(
      /^b\/weights\.safetensors holds a value that is no finite number:\n {2}relevance\.query\[0, 1, 1\] is NaN/,
    );
  });

  it("searches that go by no metric", () => {
    const text = smallSource.replace("by: relevance\n  keep: 6", "by: match(item.author)\n  keep: 6");
    expect(refusal(() => compiled(text, { weights: own, searchWeights: other(2, text) }))).toMatch(
      /^No search of small goes by a metric/,
    );
  });

  it("a cross feature whose table lies outside", () => {
    const text = smallSource.replace("liked: flag(dim: 2)", "channel: id(vocab: 50, dim: 2)");
    const weights = startWeights(modelOf(text), 1, "a/weights.safetensors");
    const message = refusal(() => compiled(text, { weights, searchWeights: other(2, text), outside: "all" }));
    expect(message).toMatch(/^watched\.channel\.table lies outside the graphs.*Build with --embeddings inside\.$/);
  });
});

it("a search by no metric stays as it is beside one that does", () => {
  const model = modelOf(
    smallSource
      .replace(
        "search nearest",
        "search same { from: watched by: match(item.author) keep: 3 }\nattend equal { over: same by: mean }\nsearch nearest",
      )
      .replace("[interest,", "[equal, interest,"),
  );
  expect(withSearchCopies(model).searches.map(({ by }) => metricOf(by)?.name ?? by.kind)).toEqual([
    "match",
    "search:relevance",
  ]);
});
