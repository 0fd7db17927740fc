// The smallest graph that proves an execution provider: y = relu(x).
import { builder } from "../ir/build.ts";
import { emitOnnx } from "./onnx.ts";

export function probeModel(): Uint8Array {
  const b = builder("probe");
  const x = b.input("x", "float32", [2]);
  const graph = { name: "probe", doc: "", inputs: [x], outputs: [{ name: "y", value: b.relu(x), doc: "" }] };
  return emitOnnx(graph, {
    external: (name) => {
      throw new Error(`no parameter ${name}`);
    },
    metadata: {},
    producerVersion: "",
  });
}
