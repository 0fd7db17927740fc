// What must change nothing: padding, the order of candidates, other candidates; and what an empty history gives.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Model } from "../../../compiler/model/model.ts";
import { anyModel } from "../../kit/any-model.ts";
import {
  anyRequest,
  type Feeds,
  isOfBehaviours,
  isOfCandidates,
  requestFeeds,
  takeRows,
} from "../../kit/any-request.ts";
import { graphsOf, outputsApart, randomParameters, run, same, world } from "../../kit/reference.ts";

/** A request of one history length, cut or padded to another: the behaviours stay. */
function padded(feeds: Feeds, model: Model, length: number): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => {
      const { encoder } =
        model.item.features.find((feature) => name.endsWith(`.item.${feature.name}`)) ?? crossOf(model, name) ?? {};
      if (!isOfBehaviours(model, name)) {
        return [name, tensor];
      }
      const fill = encoder?.kind === "tags" ? -1 : 0;
      const one = tensor.data.length / tensor.shape[0];
      const data = [...Array.from(tensor.data), ...new Array((length - tensor.shape[0]) * one).fill(fill)];
      return [name, { shape: [length, ...tensor.shape.slice(1)], data }];
    }),
  );
}

function crossOf(model: Model, name: string) {
  return model.histories.flatMap(({ cross }) => cross.features).find(({ qualified }) => qualified === name);
}

const isScore = (name: string) => !/\.(weights|metric|bias)$/.test(name);
const scoresOf = (results: Feeds) => Object.fromEntries(Object.entries(results).filter(([name]) => isScore(name)));

describe("invariance", () => {
  it("appended padding changes no list and no score", () => {
    fc.assert(
      fc.property(anyModel({ tables: false }), anyRequest(), fc.integer({ min: 1, max: 7 }), (model, shape, more) => {
        const read = randomParameters(model, shape.seed);
        const feeds = requestFeeds(model, shape);
        const request = graphsOf(model).get("request")!;
        const longer = run(request, padded(feeds, model, shape.history + more), read);
        const wanted = run(request, feeds, read);
        for (const { name } of request.outputs) {
          if (/kept$/.test(name)) {
            expect(same(longer[name], wanted[name])).toBe(true);
          }
        }
        expect(outputsApart(longer, wanted)).toBeNull();
      }),
      { numRuns: 30 },
    );
  });

  it("each candidate's result is its own: another order is the same results in that order", () => {
    fc.assert(
      fc.property(anyModel({ heads: "round_robin" }), anyRequest(), (model, shape) => {
        const { graphs, read, feeds } = world(model, shape);
        const order = Array.from({ length: shape.candidates }, (_, index) => (index * 3 + 1) % shape.candidates);
        const permuted = Object.fromEntries(
          Object.entries(feeds).map(([name, tensor]) => [
            name,
            isOfCandidates(model, name) ? takeRows(tensor, order) : tensor,
          ]),
        );
        const wanted = run(graphs.get("request")!, feeds, read);
        const actual = run(graphs.get("request")!, permuted, read);
        const expected = Object.fromEntries(
          Object.entries(wanted).map(([name, tensor]) => [name, takeRows(tensor, order)]),
        );
        expect(outputsApart(actual, expected)).toBeNull();
      }),
      { numRuns: 30 },
    );
  });

  it("an empty history gives zero weights and finite scores, the same whatever its padding holds", () => {
    fc.assert(
      fc.property(anyModel(), anyRequest(), (model, shape) => {
        const { graphs, read, feeds } = world(model, { ...shape, valid: 0 });
        const results = run(graphs.get("explain")!, feeds, read);
        for (const [name, { data }] of Object.entries(results)) {
          const numbers = Array.from(data);
          expect(numbers.every(Number.isFinite), name).toBe(true);
          if (name.endsWith(".weights")) {
            expect(
              numbers.every((weight) => weight === 0),
              name,
            ).toBe(true);
          }
        }
        const other = world(model, shape).feeds;
        const garbage = Object.fromEntries(
          Object.keys(feeds).map((name) => [
            name,
            isOfBehaviours(model, name) && !/\.(valid|row)$/.test(name) ? other[name] : feeds[name],
          ]),
        );
        expect(outputsApart(scoresOf(run(graphs.get("explain")!, garbage, read)), scoresOf(results))).toBeNull();
      }),
      { numRuns: 25 },
    );
  });

  it("unknown ids are row 0 everywhere and give finite scores", () => {
    fc.assert(
      fc.property(anyModel(), anyRequest(), (model, shape) => {
        const { graphs, read, feeds } = world(model, shape);
        const unknown = Object.fromEntries(
          Object.entries(feeds).map(([name, tensor]) => {
            const known = /\.(valid|row)$|kept$/.test(name) || model.tables.some((table) => name === table.name);
            return [
              name,
              known ? tensor : { shape: tensor.shape, data: Array.from(tensor.data, (x) => Math.min(x, 0)) },
            ];
          }),
        );
        const results = run(graphs.get("request")!, unknown, read);
        for (const { data } of Object.values(results)) {
          expect(Array.from(data).every(Number.isFinite)).toBe(true);
        }
      }),
      { numRuns: 15 },
    );
  });
});
