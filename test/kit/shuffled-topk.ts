// A device that gives ties in another order: ONNX bytes whose TopK over scores sees them in an order of the test's choice.
import pkg from "onnx-proto";

const { onnx } = pkg;
type NodeProto = InstanceType<typeof onnx.NodeProto>;

/** The order in which a list's places are offered to one TopK: a permutation of 0 … length-1; ties go to what comes first. */
export type Offered = (node: number, list: number, length: number) => readonly number[];

export interface Shuffled {
  readonly bytes: Uint8Array;
  /** TopK nodes over scores, numbered from 0 in the order of the file, those in subgraphs included. */
  readonly nodes: number;
}

/**
 * Every TopK over the last axis of a tensor of `shape` reads its lists in the order that `offered` gives, and its indices are
 * mapped back. The lists of one that reads a sample of the rows are numbered as those of the whole tensor.
 */
export function shuffleTopK(bytes: Uint8Array, shape: readonly number[], offered: Offered): Shuffled {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph!;
  const [heads, rows, length] = shape;
  let nodes = 0;
  const permutation = (node: number, sampled: number, flat: boolean): string => {
    const order = BigInt64Array.from(
      Array.from({ length: heads * sampled }, (_, list) =>
        offered(node, Math.floor(list / sampled) * rows + (list % sampled), length),
      ).flat(),
      BigInt,
    );
    const name = `offered_${node}`;
    const rawData = new Uint8Array(order.buffer);
    graph.initializer!.push(
      onnx.TensorProto.create({
        name,
        dataType: 7,
        dims: flat ? [sampled, length] : [heads, sampled, length],
        rawData,
      }),
    );
    return name;
  };
  const made = new Map<string, string>();
  const rewritten = (list: readonly NodeProto[]): NodeProto[] =>
    list.flatMap((node) => {
      for (const output of node.output!) {
        made.set(output, node.opType!);
      }
      for (const attribute of node.attribute ?? []) {
        if (attribute.g) {
          attribute.g.node = rewritten(attribute.g.node as NodeProto[]);
        }
      }
      const axis = node.attribute?.find(({ name }) => name === "axis");
      if (node.opType !== "TopK" || Number(axis?.i ?? -1) !== -1) {
        return [node];
      }
      const [scores, count] = node.input!;
      const maker = made.get(scores);
      const order = permutation(nodes++, maker === "Slice" ? Math.min(rows, 2) : rows, maker === "Squeeze");
      const [values, indices] = node.output!;
      const along = [onnx.AttributeProto.create({ name: "axis", type: onnx.AttributeProto.AttributeType.INT, i: -1 })];
      const step = (opType: string, input: string[], output: string[], name: string) =>
        onnx.NodeProto.create({ opType, name, input, output, attribute: along });
      return [
        step("GatherElements", [scores, order], [`${values}/offered`], `${node.name}/offer`),
        step("TopK", [`${values}/offered`, count], [values, `${values}/places`], node.name!),
        step("GatherElements", [order, `${values}/places`], [indices], `${node.name}/back`),
      ];
    });
  graph.node = rewritten(graph.node as NodeProto[]);
  return { bytes: onnx.ModelProto.encode(model).finish(), nodes };
}
