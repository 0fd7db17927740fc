// Which sides of its Ifs a graph takes: ONNX bytes that say so in outputs of their own.
import pkg from "onnx-proto";

const { onnx } = pkg;
type NodeProto = InstanceType<typeof onnx.NodeProto>;
type GraphProto = InstanceType<typeof onnx.GraphProto>;

export interface Marked {
  readonly bytes: Uint8Array;
  /** Names of the Ifs, those inside others included. The output `side/NAME` is 1 for then, 2 for else, 0 where it never ran. */
  readonly ifs: readonly string[];
}

export function markSides(bytes: Uint8Array): Marked {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph as GraphProto;
  const ifs = mark(graph);
  const { FLOAT } = onnx.TensorProto.DataType;
  for (const name of ifs) {
    graph.output!.push(onnx.ValueInfoProto.create({ name: side(name), type: { tensorType: { elemType: FLOAT } } }));
  }
  return { bytes: onnx.ModelProto.encode(model).finish(), ifs };
}

const side = (name: string) => `side/${name}`;

/** Lets every If of a graph return its own side and those of the Ifs inside it; gives their names. */
function mark(graph: GraphProto): string[] {
  const all: string[] = [];
  for (const node of graph.node as NodeProto[]) {
    if (node.opType !== "If") {
      continue;
    }
    const bodies = ["then_branch", "else_branch"].map(
      (name) => node.attribute!.find((attribute) => attribute.name === name)!.g as GraphProto,
    );
    const inside = bodies.map(mark);
    const own = node.name!;
    const told = [own, ...inside.flat()];
    bodies.forEach((body, index) => {
      for (const name of told) {
        // A name is one scope's own: what a body computes goes out under another than the If gives it.
        const output = `${side(name)}/${own}/${index}`;
        const node: NodeProto = inside[index].includes(name)
          ? onnx.NodeProto.create({ opType: "Identity", name: output, input: [side(name)], output: [output] })
          : constant(output, name === own ? index + 1 : 0);
        (body.node as NodeProto[]).push(node);
        body.output!.push(onnx.ValueInfoProto.create({ name: output }));
      }
    });
    inside.forEach((names, index) => {
      rename(bodies[index], names, `${own}/${index}/inner`);
    });
    node.output!.push(...told.map(side));
    all.push(...told);
  }
  return all;
}

/** Gives the sides that a body's own Ifs return names that no outer scope has. */
function rename(body: GraphProto, names: readonly string[], suffix: string): void {
  const wanted = new Map(names.map((name) => [side(name), `${side(name)}/${suffix}`]));
  for (const node of body.node as NodeProto[]) {
    node.input = node.input!.map((name) => wanted.get(name) ?? name);
    node.output = node.output!.map((name) => wanted.get(name) ?? name);
  }
}

function constant(output: string, value: number): NodeProto {
  const { FLOAT } = onnx.AttributeProto.AttributeType;
  const attribute = [onnx.AttributeProto.create({ name: "value_float", type: FLOAT, f: value })];
  return onnx.NodeProto.create({ opType: "Constant", name: output, output: [output], attribute });
}

/** Operators with all that is inside them, in order. */
const told = (nodes: readonly NodeProto[]): string =>
  nodes
    .map(({ opType, attribute }) => {
      const bodies = (attribute ?? []).flatMap(({ g }) => (g ? [told(g.node as NodeProto[])] : []));
      return `${opType}${bodies.length > 0 ? `(${bodies.join("|")})` : ""}`;
    })
    .join();

/** The operators of a graph, in order. */
export const operatorsOf = (bytes: Uint8Array): string =>
  told(onnx.ModelProto.decode(bytes).graph!.node as NodeProto[]);

/** Those of a search's walk: alike where the walk is. */
export function walkOf(bytes: Uint8Array): string {
  const { node } = onnx.ModelProto.decode(bytes).graph!;
  return told((node as NodeProto[]).filter(({ opType, name }) => opType === "If" && name!.startsWith("nearest/")));
}
