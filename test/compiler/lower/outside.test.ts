// Embeddings held outside the graphs: fetched rows with indices into them give the scores of the whole tables.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowerGraphs, outsidePort } from "../../../compiler/graphs/index.ts";
import { embeddingsOf } from "../../../compiler/model/embeddings.ts";
import { featurePort, rawPorts } from "../../../compiler/model/ports.ts";
import { rewrite } from "../../../compiler/passes/index.ts";
import { anyModel } from "../../kit/any-model.ts";
import { anyRequest } from "../../kit/any-request.ts";
import { outputsApart, run, world } from "../../kit/reference.ts";

describe("outside embeddings", () => {
  it("change no output of search, rank and oracle", () => {
    fc.assert(
      fc.property(anyModel(), anyRequest(), (model, shape) => {
        const { graphs, read, feeds } = world(model, shape);
        const uses = embeddingsOf(model);
        const outside = lowerGraphs(model, {
          layout: "request",
          outside: new Set(uses.map(({ embedding }) => embedding.parameter)),
        });
        expect(outside.has("request")).toBe(false);
        const rows = uses.map(({ embedding }) => [outsidePort(embedding), read(embedding.parameter)] as const);
        const raw = rawPorts(model).map(({ port, feature, site }) => [port, feeds[featurePort(feature, site)]]);
        const fetched = { ...feeds, ...Object.fromEntries(rows), ...Object.fromEntries(raw) };
        const refuse: typeof read = (name) => {
          if (name.endsWith(".table") && !/\.(wide|own)\./.test(name)) {
            throw new Error(`${name} is read`);
          }
          return read(name);
        };
        for (const name of ["search", "rank", "oracle"] as const) {
          const graph = rewrite(outside.get(name)!, { verify: true });
          expect(outputsApart(run(graph, fetched, refuse), run(graphs.get(name)!, feeds, read)), name).toBeNull();
        }
      }),
      { numRuns: 15 },
    );
  });
});
