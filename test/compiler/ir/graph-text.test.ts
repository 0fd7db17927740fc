// Printing and structural identity of graphs.
import { describe, expect, it } from "vitest";
import { type Builder, builder } from "../../../compiler/ir/build.ts";
import { canonical, fingerprint } from "../../../compiler/ir/hash.ts";
import { print } from "../../../compiler/ir/print.ts";
import { graphOf } from "../../kit/graph-of.ts";

describe("print", () => {
  it("shows one value a line, with type and place", () => {
    const b = builder("relevance");
    const ids = b.input("candidate_item", "int32", ["candidates"]);
    const query = b.at("query");
    const row = query.gather(b.parameter("item.embedding", [1000, 2]), ids);
    const scaled = query.matmul(row, query.floats([0.1, 1 / 3, -0, 4e-20], [2, 2]));
    const long = b.add(scaled, b.sum(b.floats(new Float32Array(9), [9, 1]), [0]));
    expect(print(graphOf({ score: long }, "rank"))).toBe(
      [
        "graph rank",
        "%1 = input candidate_item : int32[candidates]  # relevance",
        "%2 = parameter item.embedding : float32[1000, 2]  # relevance",
        "%3 = gather(%2, %1) axis=0 : float32[candidates, 2]  # relevance/query",
        "%4 = constant [0.1, 0.33333334, -0, 4e-20] : float32[2, 2]  # relevance/query",
        "%5 = matmul(%3, %4) : float32[candidates, 2]  # relevance/query",
        "%6 = constant [0, 0, 0, … sha256 6db65fd59fd3] : float32[9, 1]  # relevance",
        "%7 = sum(%6) axes=[0] keep=false : float32[1]  # relevance",
        "%8 = add(%5, %7) : float32[candidates, 2]  # relevance",
        "return score = %8 : float32[candidates, 2]",
        "",
      ].join("\n"),
    );
  });
});

/** The same metric at any place, with what the arguments change. */
function metric(
  b: Builder,
  { share = true, swap = false, scale = 2, parameter = "w", symbol = "candidates", doc = "" } = {},
) {
  const x = b.input("x", "float32", [symbol, 4], doc);
  const project = () => b.matmul(x, b.at("inner").parameter(parameter, [4, 2]));
  const once = project();
  const product = b.mul(once, share ? once : project());
  const by = b.constant({ dtype: "float32", shape: [], data: Float32Array.of(scale) });
  return swap ? b.add(by, product) : b.add(product, by);
}

describe("fingerprint", () => {
  const base = fingerprint([metric(builder("a"))]);

  it("does not depend on place, doc text, sharing or unrelated nodes", () => {
    expect(base).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprint([metric(builder("b", "another doc").at("c"), { doc: "what it is" })])).toBe(base);
    expect(fingerprint([metric(builder("a"), { share: false })])).toBe(base);
    const crowded = builder("a");
    crowded.exp(crowded.input("unrelated", "float32", []));
    expect(fingerprint([metric(crowded)])).toBe(base);
  });

  it.each([
    ["a constant's number", { scale: 3 }],
    ["the order of operands", { swap: true }],
    ["a parameter's name", { parameter: "v" }],
    ["a symbol", { symbol: "items" }],
  ])("depends on %s", (_, change) => {
    expect(fingerprint([metric(builder("a"), change)])).not.toBe(base);
  });

  it("depends on the outputs and their order", () => {
    const b = builder("");
    const [x, y] = [b.input("x", "float32", []), b.input("y", "float32", [])];
    expect(canonical([x, y])).not.toBe(canonical([y, x]));
    expect(canonical([b.sub(x, y)])).not.toBe(canonical([b.sub(y, x)]));
  });

  it("tells long constants apart by every number", () => {
    const b = builder("");
    const [one, other] = [new Float32Array(100), new Float32Array(100).fill(1, 99)];
    expect(fingerprint([b.floats(one)])).not.toBe(fingerprint([b.floats(other)]));
  });
});
