// Embeddings held outside the graphs: fetched rows with indices into them give the scores of the whole tables.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowerGraphs, outsidePort } from "../../../compiler/graphs/index.ts";
import type { Tensor } from "../../../compiler/ir/rule.ts";
import { embeddingsOf } from "../../../compiler/model/embeddings.ts";
import type { Feature, Model } from "../../../compiler/model/model.ts";
import { featurePort, rawPorts } from "../../../compiler/model/ports.ts";
import { withSearchCopies } from "../../../compiler/model/searched.ts";
import { towerSite } from "../../../compiler/model/site.ts";
import { rewrite } from "../../../compiler/passes/index.ts";
import { anyModel } from "../../kit/any-model.ts";
import { anyRequest, type Feeds } from "../../kit/any-request.ts";
import { outputsApart, run, world } from "../../kit/reference.ts";

/** Every port of a feature's rows. */
const portsOf = (model: Model, feature: Feature): string[] => [
  featurePort(feature, { kind: "items" }),
  featurePort(feature, towerSite(feature)),
  ...model.histories.map((history) => featurePort(feature, { kind: "history", history })),
];

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

  it("leave the copies of a search by another run inside, which read rows as the tables count them", () => {
    fc.assert(
      fc.property(anyModel({ by: "metric" }), anyRequest(), (plain, shape) => {
        fc.pre(plain.searches.length > 0);
        const model = withSearchCopies(plain);
        const { graphs, read, feeds } = world(model, shape);
        const biases = new Set(model.metrics.flatMap(({ bias, crossKeys }) => [...bias, ...crossKeys]));
        const uses = embeddingsOf(model).filter(({ readers }) => !readers.some((feature) => biases.has(feature)));
        const outside = lowerGraphs(model, {
          layout: "request",
          outside: new Set(uses.map(({ embedding }) => embedding.parameter)),
        });
        // Rows are fetched in another order than the table's, the unknown first: whoever counts in the wrong one reads others.
        const turned = (row: number, rows: number) => (row <= 0 ? row : rows - row);
        const back = ({ shape: [rows, dim], data }: Tensor): Tensor => ({
          shape: [rows, dim],
          data: Array.from({ length: rows * dim }, (_, i) => data[turned(Math.floor(i / dim), rows) * dim + (i % dim)]),
        });
        const fetched: Feeds = { ...feeds };
        for (const { embedding, readers } of uses) {
          fetched[outsidePort(embedding)] = back(read(embedding.parameter));
          for (const port of Object.keys(feeds)) {
            if (readers.some((feature) => portsOf(model, feature).includes(port))) {
              fetched[port] = {
                ...feeds[port],
                data: Array.from(feeds[port].data, (row) => turned(row, embedding.rows)),
              };
            }
          }
        }
        for (const { port, feature, site } of rawPorts(model)) {
          fetched[port] = feeds[featurePort(feature, site)];
        }
        const graph = rewrite(outside.get("search")!, { verify: true });
        expect(outputsApart(run(graph, fetched, read), run(graphs.get("search")!, feeds, read))).toBeNull();
      }),
      { numRuns: 15 },
    );
  });
});
