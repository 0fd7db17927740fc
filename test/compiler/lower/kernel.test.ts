// The kernel's side graphs around plain loops give what `request` gives; and which models have none.
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reader } from "../../../cli/sources.ts";
import { check } from "../../../compiler/check/check.ts";
import { kernelSection, kernelText } from "../../../compiler/emit/kernel-section.ts";
import { keptPort } from "../../../compiler/graphs/index.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { rowPort } from "../../../compiler/model/ports.ts";
import { withSearchCopies } from "../../../compiler/model/searched.ts";
import { rewrite } from "../../../compiler/passes/index.ts";
import { load } from "../../../compiler/source/load.ts";
import type { KernelPlanSpec } from "../../../contract/kernel-spec.ts";
import type { GraphName } from "../../../contract/manifest.ts";
import { anyModel, modelOf } from "../../kit/any-model.ts";
import { anyRequest, type Feeds } from "../../kit/any-request.ts";
import { long } from "../../kit/effort.ts";
import { runKernel } from "../../kit/kernel-reference.ts";
import { outputsApart, run, same, type World, world } from "../../kit/reference.ts";
import { showcaseText } from "../../kit/showcase.ts";

/** The showcase with embeddings of a few rows. */
const smallText = showcaseText.replace("max: 400k", "max: 40").replace("buckets: 100k", "buckets: 50");

/** A request by a plan: the user's graph, the query, the loops, the head. */
function byKernel(model: Model, { graphs, read, feeds }: World, plan: KernelPlanSpec, change: (graph: Graph) => Graph) {
  const one = (name: GraphName, given: Feeds) => run(change(graphs.get(name)!), given, read);
  const outputs = { ...one(plan.user, feeds), ...one(plan.query, feeds) };
  const tables = Object.fromEntries(
    model.tables.map((table) => [table.name, { rows: feeds[table.name], row: feeds[rowPort(model, table)].data }]),
  );
  const { kept, pooled } = runKernel(plan, { outputs, tables });
  const lists = Object.fromEntries(model.searches.map((search) => [keptPort(model, search), kept[search.name]]));
  return { lists, outputs: one(plan.head, { ...without(feeds, model), ...lists, ...pooled }) };
}

/** The feeds without what the search and the kernel give. */
const without = (feeds: Feeds, model: Model): Feeds =>
  Object.fromEntries(
    Object.entries(feeds).filter(
      ([name]) => !name.endsWith(".pooled") && !model.searches.some((search) => keptPort(model, search) === name),
    ),
  );

function expectSame(model: Model, made: World): void {
  const section = kernelSection(model);
  if (!section.runs) {
    throw new Error(section.because);
  }
  const ways = [
    ["request", section.cached],
    ["request_fresh", section.fresh],
  ] as const;
  expect(section.fresh !== null).toBe(made.graphs.has("request_fresh"));
  for (const [name, plan] of ways) {
    if (plan === null) {
      continue;
    }
    const wanted = run(made.graphs.get(name)!, made.feeds, made.read);
    for (const change of [(graph: Graph) => graph, (graph: Graph) => rewrite(graph, { verify: true })]) {
      const { lists, outputs } = byKernel(model, made, plan, change);
      for (const [port, list] of Object.entries(lists)) {
        expect(same(list, wanted[port]), `${name}: ${port}`).toBe(true);
      }
      expect(outputsApart({ ...lists, ...outputs }, wanted, 1e-9), name).toBeNull();
    }
  }
}

describe("the side graphs around plain loops", () => {
  it.each(["metric", "inner_product", "hamming", "collision"] as const)(
    "give what request gives, searching by %s",
    (by) => {
      fc.assert(
        fc.property(
          anyModel({ by }),
          anyRequest(),
          fc.uniqueArray(fc.nat(8), { maxLength: 3 }),
          (model, shape, missed) => {
            expectSame(model, world(model, shape, new Set(missed)));
          },
        ),
        { numRuns: long ? 600 : 20 },
      );
    },
  );

  it("give what request gives where searches go by the weights of another run", () => {
    fc.assert(
      fc.property(
        anyModel({ by: "metric" }),
        anyRequest(),
        fc.uniqueArray(fc.nat(8), { maxLength: 3 }),
        (model, shape, missed) => {
          const copies = withSearchCopies(model);
          expectSame(copies, world(copies, shape, new Set(missed)));
        },
      ),
      { numRuns: long ? 600 : 20 },
    );
  });

  it("several searches over one history, and attends by another's lists and by fresh keys", () => {
    const model = modelOf(`${smallText}
      search vectors { from: watched by: inner_product(item.video_id) keep: 5 }
      search likeliest { from: watched by: relevance keep: 4 heads: max }
      attend soft { over: vectors by: relevance }
      attend sure { over: likeliest by: relevance keys: fresh }
      attend even { over: likeliest by: mean }
      attend all { over: watched by: relevance }
      tower second { input: [soft, sure, even, all, item] hidden: [4] predict { like: binary } }
      table keys { of: relevance.keys }
      table soft_values { of: soft.values on_miss: compute }`);
    expectSame(model, world(model, { candidates: 3, history: 15, valid: 12, seed: 5 }, new Set([2, 4])));
    const section = kernelSection(model);
    expect(section).toMatchObject({
      cached: { user: "kernel_user", head: "kernel_head" },
      fresh: { user: "kernel_user_fresh", head: "kernel_head_fresh" },
    });
    const { products, attends } = (section as Extract<typeof section, { runs: true }>).cached;
    expect(products.map(({ name }) => name)).toEqual(["relevance.keys", "vectors", "relevance"]);
    expect(attends.map(({ attend, searched }) => [attend, searched])).toEqual(
      expect.arrayContaining([
        ["interest", true],
        ["soft", false],
        ["sure", false],
      ]),
    );
    expect(kernelText(model)).toMatch(/attend all +in kernel_head: it goes over a whole history/);
    expect(kernelText(model)).toMatch(/attend even +in kernel_head: it weighs all alike/);
  });
});

describe("a model that the kernel does not run", () => {
  /** Every model here that falls back to the graphs, and why. */
  const fallen: Readonly<Record<string, string>> = {
    "models/din.twin": "the model has no search",
    "models/mean.twin": "the model has no search",
    "models/sdim.twin": "the model has no search",
    "models/sim_cluster.twin":
      "the search nearest goes by cluster(item.cover, groups: 1000): it ranks nothing: of all in the candidate's cluster the newest are kept",
    "models/sim_hard.twin":
      "the search nearest goes by match(item.category): it ranks nothing: of all that agree the newest are kept",
    "models/stca.twin": "the model has no search",
    "test/good/hashes.twin":
      "the search same goes by match(item.tempo): it ranks nothing: of all that agree the newest are kept",
    "test/good/plain.twin": "the model has no search",
  };

  it("is one of these", () => {
    const found: Record<string, string> = {};
    for (const dir of ["models", "test/good"]) {
      for (const file of readdirSync(dir).filter((name) => name.endsWith(".twin"))) {
        const path = `${dir}/${file}`;
        const { model } = check(load(path, reader(path)));
        if (model === null) {
          continue;
        }
        const section = kernelSection(model);
        if (!section.runs) {
          found[path] = section.because;
          expect(kernelText(model)).toContain(`so that the graphs do: ${section.because}`);
        }
      }
    }
    expect(found).toEqual(fallen);
  });

  it.each([
    ["keep: 8", "keep: 1001", "it keeps 1001 behaviours, and the kernel at most 1000"],
    ["dim: 4\n}", "dim: 257\n}", "a head is 257 numbers wide, and the kernel takes 256"],
    ["heads: 4", "heads: 17", "it has 17 heads, and the kernel takes 16"],
  ])("is beyond what it takes: %s to %s", (from, to, because) => {
    const text = showcaseText.replace(from, to).replace("max: 1k", "max: 5k");
    expect(text).toContain(to);
    expect(kernelSection(modelOf(text))).toEqual({
      runs: false,
      because: expect.stringContaining(because),
    });
  });
});
