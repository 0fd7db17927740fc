// One model, two layouts: a request's scores are those of a batch whose rows repeat its user and history.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { verify } from "../../../compiler/ir/verify.ts";
import { anyModel } from "../../kit/any-model.ts";
import { anyRequest, batchFeeds, type Feeds, requestFeeds } from "../../kit/any-request.ts";
import { graphsOf, outputsApart, randomParameters, run, same, world } from "../../kit/reference.ts";

const counted = (results: Feeds): Feeds =>
  Object.fromEntries(Object.entries(results).filter(([name]) => !/\.(metric|bias)$/.test(name)));

describe("layouts", () => {
  it("give the same lists and scores", () => {
    fc.assert(
      fc.property(anyModel({ tables: false }), anyRequest(), (model, shape) => {
        const read = randomParameters(model, shape.seed);
        const feeds = requestFeeds(model, shape);
        const repeated = batchFeeds(feeds, model, shape.candidates);
        const batch = graphsOf(model, "batch");
        for (const name of ["request", "oracle", "search"] as const) {
          verify(batch.get(name)!);
          const wanted = run(graphsOf(model).get(name)!, feeds, read);
          expect(outputsApart(run(batch.get(name)!, repeated, read), wanted), name).toBeNull();
        }
      }),
      { numRuns: 40 },
    );
  });

  it("give the same scores from search and rank as from request, and from cached as from fresh keys and values", () => {
    fc.assert(
      fc.property(anyModel({ tables: true }), anyRequest(), (model, shape) => {
        const { graphs, read, feeds } = world(model, shape);
        const ranked = run(graphs.get("rank")!, feeds, read);
        const requested = run(graphs.get("request")!, feeds, read);
        for (const [name, list] of Object.entries(requested)) {
          if (name in feeds) {
            expect(same(list, feeds[name])).toBe(true);
          } else {
            expect(outputsApart({ [name]: list }, { [name]: ranked[name] }), name).toBeNull();
          }
        }
        for (const name of ["rank", "request", "explain"] as const) {
          const fresh = graphs.get(`${name}_fresh`);
          if (!fresh) {
            continue;
          }
          const cached = run(graphs.get(name)!, feeds, read);
          // The table's rows are rounded to float32. What an explanation says of padding differs: no row is 0.
          expect(outputsApart(counted(run(fresh, feeds, read)), counted(cached), 1e-5), name).toBeNull();
        }
      }),
      { numRuns: 30 },
    );
  });
});
