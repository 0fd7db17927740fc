// A safetensors file as foreign weights.
import { openTensors } from "../host/tensor-file.ts";
import type { ForeignWeights } from "./foreign-weights.ts";

const floats = ["F64", "F32", "F16", "BF16"];

export function openSafetensors(path: string): ForeignWeights {
  const file = openTensors(path);
  return {
    path,
    arrays: new Map(
      [...file.entries].map(([name, { shape, dtype, start, end }]) => [
        name,
        { name, shape, dtype, place: end > start ? `${start}` : name },
      ]),
    ),
    unreadable: new Map(),
    async read(name) {
      const { dtype } = file.entries.get(name) ?? { dtype: "F32" };
      return floats.includes(dtype) ? file.read(name) : Float32Array.from(file.readInt32(name));
    },
    close: () => file.close(),
  };
}
