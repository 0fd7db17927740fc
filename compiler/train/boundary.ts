// Where a step is cut: what is carried from one graph to the other, and what the other computes once more.
import { made, type Op, PerValue, type Shape, type Value } from "../ir/graph.ts";
import { ops } from "../ir/ops.ts";
import { Network } from "./minimum-cut.ts";

/** Nanoseconds, measured with ONNX Runtime on one thread of a processor; only their proportions matter. */
const carriedNumber = 1.5;
const carriedOutput = 10_000;
const node = 3_000;
const writtenNumber = 0.3;
const multiplyAdd = 0.06;

/** What a symbol usually is. */
const usual: Readonly<Record<string, number>> = { batch: 512, items: 10_000, history: 1_000 };

/**
 * The early values that `update` takes from `step`, so that carrying them and computing the rest once more costs least. Inputs
 * and constants cost nothing. A minimum cut: what is on the late side is computed there, at its price, and pays for
 * carrying those of its operands that are on the other.
 */
export function boundary(order: readonly Value[], late: ReadonlySet<Value>): ReadonlySet<Value> {
  const network = new Network();
  const [source, sink] = [network.vertex(), network.vertex()];
  const computed = new PerValue<number>();
  const wanted = new Map<Value, number>();
  for (const value of order) {
    const at = late.has(value) ? source : network.vertex();
    computed.set(value, at);
    if (at !== source) {
      const needed = network.vertex();
      wanted.set(value, needed);
      network.edge(needed, at, carrying(value));
      network.edge(at, sink, computing(value));
    }
    for (const input of value.node.inputs) {
      const needed = wanted.get(input);
      if (needed !== undefined) {
        network.edge(at, needed, Number.POSITIVE_INFINITY);
      }
    }
  }
  const side = network.cut(source, sink);
  const carried = order.filter((value) => side.has(wanted.get(value) ?? -1) && !side.has(computed.of(value)));
  return new Set(carried.map((value) => (isTurned(value) ? value.node.inputs[0] : value)));
}

/** Bools are no outputs. */
function carrying({ shape, dtype }: Value): number {
  if (dtype === "bool") {
    return Number.POSITIVE_INFINITY;
  }
  return carriedOutput + carriedNumber * count(shape);
}

function computing(value: Value): number {
  const { node: made, shape } = value;
  if (made.op === "input" || made.op === "constant") {
    return 0;
  }
  if (isView(value)) {
    return node;
  }
  const written = node + (heavy.has(made.op) ? 5 : 1) * writtenNumber * count(shape);
  if (made.op !== "matmul") {
    return written;
  }
  const lengths = made.inputs.map((input) => input.shape.map(length));
  return written + multiplyAdd * ops.matmul.cost(lengths, shape.map(length), {});
}

/** What only looks at its operand. */
const isView = (value: Value): boolean => views.has(value.node.op) || isTurned(value);

/** A product reads a matrix either way round, so that it is carried as it was made. */
function isTurned(value: Value): boolean {
  const permutation = made(value, "transpose")?.permutation;
  return (
    permutation !== undefined &&
    [...permutation.slice(0, -2), ...permutation.slice(-2).reverse()].every((axis, at) => axis === at)
  );
}

const views: ReadonlySet<Op> = new Set<Op>(["reshape", "reshapeLike", "unsqueeze", "squeeze"]);
const heavy: ReadonlySet<Op> = new Set<Op>(["gather", "exp", "log", "erf", "tanh", "sigmoid", "softmax", "transpose"]);

/** `8*items` and the like are products. */
const length = (dim: Shape[number]): number =>
  typeof dim === "number" ? dim : dim.split("*").reduce((product, part) => product * one(part), 1);

const one = (part: string): number => (/^\d+$/.test(part) ? Number(part) : (usual[part.split(".")[0]] ?? 10_000));

const count = (shape: Shape): number => shape.reduce<number>((product, dim) => product * length(dim), 1);
