// Which bytes of the weights a graph reads: the external tensors of an ONNX file, found by walking its fields.
import { TwinError } from "./error.ts";

export interface ExternalRange {
  readonly location: string;
  readonly from: number;
  readonly to: number;
}

/** Fields that hold messages in which tensors may be, by message. */
const inner: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  // ModelProto: graph, functions.
  model: { 7: "graph", 25: "function" },
  // GraphProto: node, initializer, sparse_initializer.
  graph: { 1: "node", 5: "tensor" },
  // FunctionProto: node.
  function: { 7: "node" },
  // NodeProto: attribute.
  node: { 5: "attribute" },
  // AttributeProto: t, g, tensors, graphs.
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph" },
};

/** @param place of the file, for errors @throws TwinError where it is no ONNX file */
export function externalRanges(model: Uint8Array, place: string): ExternalRange[] {
  const found: ExternalRange[] = [];
  try {
    walk(model, "model", found);
  } catch (error) {
    throw new TwinError(`${place} is no ONNX file: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  return found;
}

function walk(bytes: Uint8Array, message: string, found: ExternalRange[]): void {
  if (message === "tensor") {
    readTensor(bytes, found);
    return;
  }
  const within = inner[message];
  for (const { field, body } of fields(bytes)) {
    const next = within[field];
    if (next !== undefined && body !== null) {
      walk(body, next, found);
    }
  }
}

/** TensorProto: external_data (13), of StringStringEntryProto: key (1), value (2). */
function readTensor(bytes: Uint8Array, found: ExternalRange[]): void {
  const entries = new Map<string, string>();
  const text = (body: Uint8Array | null) => new TextDecoder().decode(body ?? new Uint8Array(0));
  for (const { field, body } of fields(bytes)) {
    if (field !== 13 || body === null) {
      continue;
    }
    const parts = [...fields(body)];
    const part = (number: number) => text(parts.find((one) => one.field === number)?.body ?? null);
    entries.set(part(1), part(2));
  }
  const location = entries.get("location");
  if (location === undefined) {
    return;
  }
  const from = Number(entries.get("offset") ?? 0);
  const to = from + Number(entries.get("length"));
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from) {
    throw new Error("a tensor in another file has no proper place there");
  }
  found.push({ location, from, to });
}

/** The fields of a message in order; `body` is null of those that hold a number. */
function* fields(bytes: Uint8Array): Iterable<{ readonly field: number; readonly body: Uint8Array | null }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= bytes.length || scale > 2 ** 63) {
        throw new Error("it is cut short, or damaged");
      }
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) {
        return value;
      }
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    let body: Uint8Array | null = null;
    switch (tag % 8) {
      case 0:
        varint();
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        body = bytes.subarray(at, at + length);
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw new Error("it has fields of an unknown kind");
    }
    if (at > bytes.length) {
      throw new Error("it is cut short, or damaged");
    }
    yield { field, body };
  }
}
