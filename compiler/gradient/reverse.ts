// Reverse mode: the gradient of a scalar with respect to any values of its graph.
import { type Builder, builder, make } from "../ir/build.ts";
import { type Attributes, attributesOf, topological, type Value } from "../ir/graph.ts";
import { assembled, type Part } from "../ir/ops/shrink.ts";
import { ruleOf } from "../ir/ops.ts";
import { ShapeError, show } from "../ir/shape.ts";
import { simplifying } from "../ir/simplify.ts";

export interface GradientOptions {
  /** Values through which no gradient passes: what they are computed of is held constant. */
  readonly stopped?: ReadonlySet<Value>;
}

/**
 * dy/dw for each of `wrt`, of its shape: zeros where y does not depend on it. `y` is a float32 scalar []. Each of `wrt` may
 * be an input, a parameter or any other value; inputs and parameters count by name. Selections and whatever else is discrete
 * pass no gradient. Nodes stand at `<place of the forward node>/gradient`. Throws a `ShapeError` where y is no scalar or
 * one of `wrt` no float32.
 */
export function gradients(y: Value, wrt: readonly Value[], { stopped = new Set() }: GradientOptions = {}): Value[] {
  if (y.dtype !== "float32" || y.shape.length > 0) {
    throw new ShapeError(`the gradient of ${show(y)}, which is no scalar`);
  }
  for (const value of wrt) {
    if (value.dtype !== "float32") {
      throw new ShapeError(`a gradient with respect to ${show(value)}: only float32 has one`);
    }
  }
  const order = topological([y]);
  const one = namesakes([...order, ...wrt]);
  const reached = reaching(order, one, new Set(wrt.map(one)), stopped);
  const received = new Map<Value, Share[]>([[one(y), [{ value: builder("gradient").scalar(1), at: null }]]]);
  const results = new Map<Value, Value>();
  const settle = (value: Value) => {
    const shares = received.get(value);
    if (shares !== undefined && reached.has(value)) {
      results.set(value, total(value, shares));
    }
  };
  for (const value of order.toReversed()) {
    if (isLeaf(value)) {
      continue;
    }
    settle(value);
    const dy = results.get(value);
    if (dy === undefined) {
      continue;
    }
    for (const [input, share] of passed(value, dy, stopped)) {
      const to = one(input);
      if (reached.has(to)) {
        received.set(to, [...(received.get(to) ?? []), share]);
      }
    }
  }
  // Last, because two nodes may stand for one parameter.
  for (const value of new Set(order.filter(isLeaf).map(one))) {
    settle(value);
  }
  return wrt.map((value) => results.get(one(value)) ?? placed(value).broadcast(placed(value).scalar(0), value));
}

/** What one user of a value gives to its gradient; `at`: the part of the value that it reads. */
interface Share {
  readonly value: Value;
  readonly at: Attributes["slice"] | null;
}

function isLeaf({ node }: Value): boolean {
  return node.op === "input" || node.op === "parameter";
}

/** One value for all leaves of a name; every other value is itself. */
function namesakes(values: readonly Value[]): (value: Value) => Value {
  const first = new Map<string, Value>();
  const key = ({ node }: Value) =>
    node.op === "input" || node.op === "parameter" ? `${node.op} ${node.attributes.name}` : null;
  for (const value of values) {
    const leaf = key(value);
    if (leaf !== null && !first.has(leaf)) {
      first.set(leaf, value);
    }
  }
  return (value) => first.get(key(value) ?? "") ?? value;
}

/** The values whose gradient is asked for, or on the way to one that is. */
function reaching(
  order: readonly Value[],
  one: (value: Value) => Value,
  wanted: ReadonlySet<Value>,
  stopped: ReadonlySet<Value>,
): ReadonlySet<Value> {
  const reached = new Set<Value>();
  for (const value of order) {
    if (value.dtype !== "float32") {
      continue;
    }
    const { op, inputs } = value.node;
    const passes = ruleOf(op).gradient !== "none" && !stopped.has(value);
    if (wanted.has(one(value)) || (passes && inputs.some((input) => reached.has(one(input))))) {
      reached.add(one(value));
    }
  }
  return reached;
}

/** What a value's gradient gives to its operands. */
function passed(value: Value, dy: Value, stopped: ReadonlySet<Value>): readonly (readonly [Value, Share])[] {
  const { node } = value;
  const { gradient } = ruleOf(node.op);
  if (gradient === "none" || stopped.has(value)) {
    return [];
  }
  if (node.op === "slice") {
    const at = node.attributes;
    const [x] = node.inputs;
    if (typeof x.shape[at.axis] === "number") {
      return [[x, { value: dy, at }]];
    }
  }
  const grads = gradient({ b: placed(value), node, y: value, dy });
  return node.inputs.flatMap((input, index) => {
    const grad = grads[index] ?? null;
    return grad === null ? [] : [[input, { value: grad, at: null }] as const];
  });
}

function placed({ node: { scope, doc } }: Value): Builder {
  return simplifying(builder(scope === "" ? "gradient" : `${scope}/gradient`, doc));
}

/** The sum: slices that do not overlap are one concatenation, sums by row of one table are one. */
function total(x: Value, shares: readonly Share[]): Value {
  const b = placed(x);
  const whole = shares.flatMap(({ value, at }) => (at === null ? [value] : []));
  const slices = shares.flatMap(({ value, at }) => (at === null ? [] : [{ ...at, value }]));
  const joined = layers(slices).map((layer) => assembled(b, x, layer[0].axis, layer));
  return rowsAtOnce([...whole, ...joined]).reduce((left, right) => b.add(left, right));
}

type Slice = Part & { readonly axis: number };

/** Slices of one axis, ascending and apart, in as few groups as are needed. */
function layers(slices: readonly Slice[]): Slice[][] {
  const found: Slice[][] = [];
  for (const slice of slices.toSorted((a, b) => a.start - b.start)) {
    const fits = found.find((layer) => layer[0].axis === slice.axis && layer[layer.length - 1].end <= slice.start);
    if (fits === undefined) {
      found.push([slice]);
    } else {
      fits.push(slice);
    }
  }
  return found;
}

/** Every `scatterAdd` onto the same zeros → one of all their pairs, in place of the first. */
function rowsAtOnce(values: readonly Value[]): Value[] {
  const scatters = values.filter(({ node }) => node.op === "scatterAdd");
  if (scatters.length < 2) {
    return [...values];
  }
  const [{ node }] = scatters;
  const { shape } = attributesOf(scatters[0], "scatterAdd");
  const like = shape === null ? node.inputs.slice(-1) : [];
  const alike = scatters.filter(
    (value) => shape !== null || value.node.inputs[value.node.inputs.length - 1] === like[0],
  );
  const pairs = alike.flatMap(({ node: { inputs } }) => (shape === null ? inputs.slice(0, -1) : inputs));
  const all = make("scatterAdd", [...pairs, ...like], { shape }, node);
  return values.flatMap((value) => (value === scatters[0] ? [all] : alike.includes(value) ? [] : [value]));
}
