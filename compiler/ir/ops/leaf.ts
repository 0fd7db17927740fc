// Values that come from outside or are written in the graph: input, parameter, constant.
import type { Rule } from "../rule.ts";
import { ShapeError, showShape, size } from "../shape.ts";

/** An input of the graph: fed by name. */
export const input: Rule<"input"> = {
  infer(_, { name, dtype, shape }) {
    for (const dim of shape) {
      const fits = typeof dim === "number" ? Number.isInteger(dim) && dim >= 0 : dim !== "";
      if (!fits) {
        throw new ShapeError(`input ${name} has the dim ${dim}, which is neither a length nor a symbol`);
      }
    }
    return { dtype, shape };
  },
  evaluate(_, { name }) {
    throw new RangeError(`input ${name} is fed, not computed`);
  },
  gradient: "none",
  cost: () => 0,
  onnx: (_, __, node) => node.attributes.name,
};

/** A trained tensor: read by name. */
export const parameter: Rule<"parameter"> = {
  infer(_, { name, shape }) {
    if (!shape.every((dim) => Number.isInteger(dim) && dim >= 0)) {
      throw new ShapeError(`parameter ${name} has the shape ${showShape(shape)}, but needs known lengths`);
    }
    return { dtype: "float32", shape };
  },
  evaluate(_, { name }) {
    throw new RangeError(`parameter ${name} is read, not computed`);
  },
  gradient: "none",
  cost: () => 0,
  onnx: (_, __, node) => node.attributes.name,
};

/** Numbers written in the graph. */
export const constant: Rule<"constant"> = {
  infer(_, { dtype, shape, data }) {
    if (size(shape) !== data.length) {
      throw new ShapeError(`${data.length} values do not fill ${showShape(shape)}`);
    }
    const kind = data instanceof Float32Array ? "float32" : data instanceof Int32Array ? "int32" : "bool";
    if (kind !== dtype) {
      throw new ShapeError(`a ${dtype} constant holds ${kind} data`);
    }
    return { dtype, shape };
  },
  evaluate: (_, { shape, data }) => ({ shape, data }),
  gradient: "none",
  cost: () => 0,
  onnx: (emit, _, node) => emit.constant(node.attributes),
};
