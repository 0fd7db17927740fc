// Every rewrite keeps every output of every graph, on random models, and reaches the state that it promises.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { print } from "../../../compiler/ir/print.ts";
import { verify } from "../../../compiler/ir/verify.ts";
import { defaultContext, foldParameters, passes, rewrite } from "../../../compiler/passes/index.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { anyModel } from "../../kit/any-model.ts";
import { anyRequest, batchFeeds, requestFeeds } from "../../kit/any-request.ts";
import { long } from "../../kit/effort.ts";
import { graphsOf, outputsApart, randomParameters, run, world } from "../../kit/reference.ts";

describe("the rewrites", () => {
  it("keep all outputs of all graphs of a request, before and after the parameters are folded", () => {
    fc.assert(
      fc.property(anyModel(), anyRequest(), (model, shape) => {
        const { graphs, read, feeds } = world(model, shape, new Set([1]));
        for (const [name, graph] of graphs) {
          if (name === "projector" || name.endsWith("_fresh")) {
            continue;
          }
          verify(graph);
          const wanted = run(graph, feeds, read);
          const cheap = rewrite(graph, { verify: true });
          expect(outputsApart(run(cheap, feeds, read), wanted), name).toBeNull();
          const folded = foldParameters(cheap, read);
          verify(folded);
          // The folded parameters are rounded to float32.
          if (name === "rank") {
            expect(outputsApart(run(folded, feeds, read), wanted, 1e-5), name).toBeNull();
          }
        }
      }),
      { numRuns: long ? 80 : 10 },
    );
  });

  it("keep all outputs of a batch", () => {
    fc.assert(
      fc.property(anyModel(), anyRequest(), (model, shape) => {
        const read = randomParameters(model, shape.seed);
        const feeds = batchFeeds(requestFeeds(model, shape), model, shape.candidates);
        const graph = graphsOf(model, "batch").get("request")!;
        verify(graph);
        expect(outputsApart(run(rewrite(graph, { verify: true }), feeds, read), run(graph, feeds, read))).toBeNull();
      }),
      { numRuns: long ? 60 : 8 },
    );
  });

  it.each(passes.map((pass) => [pass.name, pass] as const))(
    "%s alone keeps the scores and ensures what it says",
    (_, pass) => {
      fc.assert(
        fc.property(anyModel(), anyRequest(), (model, shape) => {
          const { graphs, read, feeds } = world(model, shape);
          const graph = graphs.get("explain")!;
          for (const { check } of pass.requires) {
            expect(check(graph, defaultContext, graph)).toBeNull();
          }
          const result = pass.run(graph, defaultContext);
          for (const { check } of pass.ensures) {
            expect(check(result, defaultContext, graph)).toBeNull();
          }
          expect(outputsApart(run(result, feeds, read), run(graph, feeds, read))).toBeNull();
        }),
        { numRuns: long ? 32 : 4 },
      );
    },
  );

  it("of training ensure what they say in all its graphs", () => {
    fc.assert(
      fc.property(anyModel(), (model) => {
        for (const cut of [true, false]) {
          trainGraphs(model, { verify: true, cut });
        }
      }),
      { numRuns: long ? 160 : 20 },
    );
  });

  it("find nothing to do where they have run", () => {
    fc.assert(
      fc.property(anyModel(), (model) => {
        for (const [name, graph] of graphsOf(model)) {
          for (const pass of passes) {
            const once = pass.run(graph, defaultContext);
            expect(print(pass.run(once, defaultContext)), `${pass.name}, ${name}`).toBe(print(once));
          }
        }
      }),
      { numRuns: long ? 32 : 4 },
    );
  });
});
