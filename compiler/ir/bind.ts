// Symbols to numbers: what `candidates` or `history` is when a graph runs, and the shapes that follow.
import { type Graph, PerValue, type Shape, topological, type Value } from "./graph.ts";
import { solveReshape } from "./ops/layout.ts";
import { show, showShape } from "./shape.ts";

export type Bindings = Map<string, number>;

/**
 * Matches lengths against a declared shape, binding symbols met for the first time. Throws a `RangeError` that starts
 * with `what` where a number or an earlier binding differs.
 */
export function bind(bindings: Bindings, declared: Shape, lengths: readonly number[], what: string): void {
  const wrong = (reason: string) => new RangeError(`${what}: ${reason}`);
  if (declared.length !== lengths.length) {
    throw wrong(`the shape is ${showShape(lengths)}, but ${showShape(declared)} is declared`);
  }
  declared.forEach((dim, axis) => {
    if (typeof dim === "string" && !bindings.has(dim)) {
      bindings.set(dim, lengths[axis]);
    }
    const wanted = typeof dim === "number" ? dim : bindings.get(dim);
    if (wanted !== lengths[axis]) {
      const symbol = typeof dim === "string" ? ` (${dim})` : "";
      throw wrong(`dim ${axis} is ${lengths[axis]}, but has to be ${wanted}${symbol} in ${showShape(declared)}`);
    }
  });
}

/** A shape in numbers. Throws a `RangeError` that names the symbol which nothing binds. */
export function concrete(bindings: ReadonlyMap<string, number>, value: Value): number[] {
  return value.shape.map((dim) => {
    const length = typeof dim === "number" ? dim : bindings.get(dim);
    if (length === undefined) {
      throw new RangeError(`${show(value)}: no number is given for ${dim}`);
    }
    return length;
  });
}

/** The shape in numbers of every value of a graph. Symbols that a reshape introduces are solved on the way. */
export function concreteShapes(graph: Graph, given: Readonly<Record<string, number>>): PerValue<number[]> {
  const bindings: Bindings = new Map(Object.entries(given));
  const shapes = new PerValue<number[]>();
  for (const value of topological(graph.outputs.map((output) => output.value))) {
    const [from] = value.node.inputs;
    const lengths =
      value.node.op === "reshape" ? solveReshape(from.shape, shapes.of(from), value.shape) : concrete(bindings, value);
    bind(bindings, value.shape, lengths, `${value.node.op} in ${value.node.scope}`);
    shapes.set(value, lengths);
  }
  return shapes;
}
