// Masked scores lie below every score there is, and are all alike.
import { describe, expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import { masked, maskedScore } from "../../../compiler/lower/mask.ts";
import type { Scene } from "../../../compiler/lower/scene.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { runGraph } from "../../kit/onnx.ts";

describe("a masked score", () => {
  it("is -1e30 whatever it was, below the lowest that counts, as numbers and in float32", async () => {
    const b = builder("search");
    const [scores, mask] = ["scores", "mask"].map((name) => b.input(name, "float32", ["history"]));
    const graph = graphOf({ masked: masked({ b } as Scene, "search", scores, mask) });
    const feeds = {
      scores: { shape: [6], data: Float32Array.of(1e15, -1e15, 3, -12_345_678, 1e21, 0) },
      mask: { shape: [6], data: Float32Array.of(0, 1, 1, 1, 0, 0) },
    };
    const none = (name: string): never => {
      throw new Error(name);
    };
    const float32 = [...Float32Array.from((await runGraph(graph, feeds)).masked.data)];
    const exact = [...Float32Array.from(evaluate(graph, feeds, none).masked.data)];
    const below = Math.fround(maskedScore);
    for (const found of [float32, exact]) {
      expect(found).toEqual([below, Math.fround(-1e15), 3, -12_345_678, below, below]);
    }
    expect(maskedScore).toBe(-1e30);
  });
});
