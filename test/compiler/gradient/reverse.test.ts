// Reverse mode over whole graphs: random ones, products of every shape of the lowering, slices, look-ups, what is stopped.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gradients } from "../../../compiler/gradient/reverse.ts";
import { type Builder, builder } from "../../../compiler/ir/build.ts";
import { oneThread, type Shape, topological, type Value } from "../../../compiler/ir/graph.ts";
import { verify } from "../../../compiler/ir/verify.ts";
import { uniform } from "../../kit/any-request.ts";
import { difference } from "../../kit/difference.ts";
import { disagreement, results } from "../../kit/gradient.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { type Feeds, runGraph } from "../../kit/onnx.ts";
import { type Draw, drawFrom } from "../emit/random-cases.ts";

const filled = (shape: readonly number[], seed: number) => {
  const draw = uniform(seed);
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length }, () => draw() * 2 - 1) };
};

/** Σ tanh of everything, so that no gradient is the same everywhere. */
const scalar = (b: Builder, x: Value) =>
  b.sum(
    b.tanh(x),
    x.shape.map((_, axis) => axis),
  );

/** Checks every number of every gradient; returns the graph with the gradients for further questions. */
async function check(loss: Value, wrt: Readonly<Record<string, Value>>, tensors: Feeds) {
  const grads = gradients(loss, Object.values(wrt));
  const names = Object.keys(wrt);
  const graph = graphOf({ loss, ...Object.fromEntries(names.map((name, index) => [`d.${name}`, grads[index]])) });
  verify(graph);
  const found = results(graph, tensors);
  const parameters = Object.fromEntries(
    Object.entries(tensors).map(([name, { data }]) => [name, Float32Array.from(data)]),
  );
  const ran = await runGraph(graph, tensors, parameters);
  for (const name of names) {
    const actual = found[`d.${name}`];
    expect(actual.shape).toEqual(tensors[name].shape);
    expect(difference(ran[`d.${name}`], actual)).toBeNull();
    for (let index = 0; index < actual.data.length; index++) {
      expect(disagreement(actual.data[index], graph, tensors, "loss", { name, index })).toBeNull();
    }
  }
  return { graph, ops: topological(grads).map(({ node }) => node.op), grads };
}

/** A few random steps from an input and parameters, each on values made before: [batch, 3] throughout. */
function anyGraph(draw: Draw) {
  const b = builder("any");
  const leaves = {
    x: b.input("x", "float32", ["batch", 3]),
    w: b.parameter("w", [3, 3]),
    table: b.parameter("table", [80, 3]),
    small: b.parameter("small", [5, 3]),
    bias: b.parameter("bias", [3]),
  };
  const indices = b.input("indices", "int32", ["batch"]);
  const pool: Value[] = [leaves.x];
  const old = () => pool[draw(pool.length)];
  const steps: ((x: Value) => Value)[] = [
    (x) => b.add(x, old()),
    (x) => b.mul(x, old()),
    (x) => b.sub(old(), x),
    (x) => b.tanh(b.matmul(x, leaves.w)),
    (x) => b.add(x, leaves.bias),
    (x) => b.mul(x, b.gather(leaves.table, indices)),
    (x) => b.add(x, b.gather(leaves.small, indices)),
    (x) => b.softmax(x),
    (x) => b.sigmoid(x),
    (x) => b.concat([b.slice(x, 1, 2, 3), b.slice(old(), 1, 0, 2)], 1),
    (x) => b.concat([b.slice(x, 1, 1, 3), b.slice(x, 1, 0, 1)], 1),
    (x) => b.layerNorm(x, leaves.bias, leaves.bias, 0.1),
    (x) => b.mul(x, b.mean(old(), [0], true)),
    (x) => b.sub(x, b.sum(old(), [-1], true)),
    (x) => b.squeeze(b.matmul(b.unsqueeze(x, 1), b.unsqueeze(leaves.w, 0)), 1),
    (x) => b.div(b.broadcast(b.mean(x, [1], true), x), b.add(b.exp(old()), b.scalar(1))),
  ];
  for (let i = 0; i < 7; i++) {
    pool.push(steps[draw(steps.length)](old()));
  }
  return { loss: b.mean(scalarRow(b, pool[pool.length - 1]), [0]), leaves };
}

const scalarRow = (b: Builder, x: Value) => b.sum(b.mul(b.tanh(x), x), [1]);

describe("gradients of whole graphs", () => {
  it("are what central differences say on random graphs", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 4 }), async (seed, batch) => {
        const draw = drawFrom(seed);
        const { loss, leaves } = anyGraph(draw);
        const tensors: Feeds = {
          x: filled([batch, 3], 1),
          w: filled([3, 3], 2),
          table: filled([80, 3], 3),
          small: filled([5, 3], 4),
          bias: filled([3], 5),
          indices: { shape: [batch], data: Int32Array.from({ length: batch }, () => draw(5)) },
        };
        const present = new Set(topological([loss]));
        await check(loss, Object.fromEntries(Object.entries(leaves).filter(([, leaf]) => present.has(leaf))), tensors);
      }),
      { numRuns: 40 },
    );
  });

  it("of products: whichever leading axes repeat an operand", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const draw = drawFrom(seed);
        const whole = Array.from({ length: draw(4) }, () => 1 + draw(3));
        const narrow = () => whole.slice(draw(whole.length + 1)).map((dim) => (draw(2) === 0 ? 1 : dim));
        const [m, k, n] = [1 + draw(4), 1 + draw(4), 1 + draw(4)];
        const [left, right] = draw(2) === 0 ? [whole, narrow()] : [narrow(), whole];
        const shapes = { a: [...left, m, k], c: [...right, k, n] };
        const b = builder("product");
        // Widths are known, rows and one leading axis are not.
        const symbol = draw(3);
        const declared = (shape: readonly number[], isRight: boolean): Shape =>
          shape.map((dim, axis) => {
            const fromEnd = shape.length - axis;
            if (fromEnd > 2 && dim !== 1 && fromEnd === 2 + symbol) {
              return "batch";
            }
            return fromEnd === 2 && !isRight && dim !== 1 ? "rows" : dim;
          });
        const a = b.input("a", "float32", declared(shapes.a, false));
        const c = b.input("c", "float32", declared(shapes.c, true));
        await check(scalar(b, b.matmul(a, c)), { a, c }, { a: filled(shapes.a, 1), c: filled(shapes.c, 2) });
      }),
      { numRuns: 80 },
    );
  });

  it("of several slices that tile a value are one concatenation; what they leave out is zero", async () => {
    const b = builder("slices");
    const x = b.input("x", "float32", ["batch", 6]);
    const tensors = { x: filled([2, 6], 3) };
    const part = (start: number, end: number) => scalar(b, b.slice(x, 1, start, end));
    const tiled = await check(b.add(b.add(part(4, 6), part(0, 1)), part(1, 4)), { x }, tensors);
    expect(tiled.ops.filter((op) => op === "concat" || op === "add" || op === "broadcast")).toEqual(["concat"]);
    const gaps = await check(b.add(part(1, 2), part(4, 5)), { x }, tensors);
    expect(gaps.ops.filter((op) => op === "concat")).toHaveLength(1);
    const overlapping = await check(b.add(part(0, 4), part(2, 6)), { x }, tensors);
    expect(overlapping.ops.filter((op) => op === "concat")).toHaveLength(2);
    const open = b.input("open", "float32", ["history", 2]);
    await check(scalar(b, b.slice(open, 0, 1, 3)), { open }, { open: filled([5, 2], 4) });
  });

  it("of several look-ups in one table are one sum by row", async () => {
    const b = builder("rows");
    const table = b.parameter("table", [100, 2]);
    const near = b.input("near", "int32", ["batch"]);
    const far = b.input("far", "int32", ["batch", "history"]);
    const loss = b.add(scalar(b, b.gather(table, near)), scalar(b, b.gather(table, far)));
    const { ops } = await check(
      loss,
      { table },
      {
        table: filled([100, 2], 1),
        near: { shape: [2], data: [99, 3] },
        far: { shape: [2, 3], data: [3, 3, 0, 99, 3, 7] },
      },
    );
    expect(ops.filter((op) => oneThread.has(op))).toHaveLength(1);
    expect(ops).not.toContain("add");
  });
});

describe("what gradients are asked for", () => {
  const b = builder("asked", "why");
  const x = b.input("x", "float32", ["batch"]);
  const w = b.parameter("w", [3]);
  const y = b.at("inner").exp(x);
  const tensors = { x: filled([4], 1), w: filled([3], 2) };

  it("are zeros for what the result does not depend on", async () => {
    const loss = b.sum(y, [0]);
    const { graph } = await check(loss, { x, w }, tensors);
    expect(Array.from(results(graph, tensors)["d.w"].data)).toEqual([0, 0, 0]);
  });

  it("pass through values that are asked for too, and hold constant what is stopped", () => {
    const loss = b.sum(b.mul(y, x), [0]);
    const [dy, dx] = gradients(loss, [y, x]);
    const stopped = gradients(loss, [y, x], { stopped: new Set([y]) });
    const found = results(graphOf({ dy, dx, dyStopped: stopped[0], dxStopped: stopped[1] }), tensors);
    const numbers = Array.from(tensors.x.data);
    expect(Array.from(found.dy.data)).toEqual(numbers);
    expect(Array.from(found.dyStopped.data)).toEqual(numbers);
    expect(Array.from(found.dxStopped.data)).toEqual(numbers.map(Math.exp));
    numbers.forEach((value, index) => {
      expect(found.dx.data[index]).toBeCloseTo(Math.exp(value) * (1 + value), 12);
    });
  });

  it("count two nodes of one parameter as one", () => {
    const twice = b.add(b.sum(b.exp(w), [0]), builder("other").sum(builder("other").parameter("w", [3]), [0]));
    const [dw] = gradients(twice, [w]);
    const found = results(graphOf({ dw }), tensors).dw;
    Array.from(tensors.w.data).forEach((value, index) => {
      expect(found.data[index]).toBeCloseTo(Math.exp(value) + 1, 12);
    });
  });

  it("stand beside what they are gradients of", () => {
    const [dx] = gradients(b.sum(b.tanh(y), [0]), [x]);
    const scopes = new Set(topological([dx]).map(({ node }) => node.scope));
    expect([...scopes].filter((scope) => scope.endsWith("gradient")).sort()).toEqual([
      "asked/gradient",
      "asked/inner/gradient",
    ]);
  });

  it("refuse what is no scalar and what is no float", () => {
    expect(() => gradients(x, [x])).toThrow("the gradient of float32[batch], which is no scalar");
    const ids = b.input("ids", "int32", ["batch"]);
    expect(() => gradients(b.sum(x, [0]), [ids])).toThrow(
      "a gradient with respect to int32[batch]: only float32 has one",
    );
  });
});
