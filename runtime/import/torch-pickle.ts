// The handful of names that a PyTorch state dictionary's pickle needs, each stood in for by plain data.
import type { ElementType } from "./elements.ts";
import { isShape } from "./foreign-weights.ts";
import { isGlobal, isList, type PickleObject, type PickleReader, type PickleValue } from "./pickle-values.ts";

/** Numbers in a file of the archive: `data/KEY`. */
export interface TorchStorage extends PickleObject {
  readonly kind: "storage";
  readonly key: string;
  /** `FloatStorage` */
  readonly dtype: string;
  readonly type: ElementType;
  readonly elements: number;
}

/** A view of a storage: offset and steps in numbers. */
export interface TorchTensor extends PickleObject {
  readonly kind: "tensor";
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const storages = new Map<string, ElementType>([
  ["FloatStorage", "f4"],
  ["DoubleStorage", "f8"],
  ["HalfStorage", "f2"],
  ["BFloat16Storage", "bf2"],
  ["LongStorage", "i8"],
  ["IntStorage", "i4"],
  ["ShortStorage", "i2"],
  ["CharStorage", "i1"],
  ["ByteStorage", "u1"],
  ["BoolStorage", "u1"],
]);

export const isTensor = (value: PickleValue | undefined): value is TorchTensor =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "tensor";

const isStorage = (value: PickleValue | undefined): value is TorchStorage =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "storage";

export const torchReader: PickleReader = {
  names: new Set([...storages.keys()].map((name) => `torch.${name}`)),
  calls: new Map<string, (args: readonly PickleValue[]) => PickleValue | null>([
    // A new one for each call: a pickle may fill it.
    ["collections.OrderedDict", (args) => (args.length === 0 ? new Map() : null)],
    ["torch.Size", ([sizes]) => (isList(sizes) ? sizes : null)],
    ["torch._utils._rebuild_tensor", tensor],
    ["torch._utils._rebuild_tensor_v2", tensor],
    ["torch._utils._rebuild_parameter", ([data]) => (isTensor(data) ? data : null)],
  ]),
  reference: storage,
};

const isSize = (value: PickleValue): value is number => isShape([value]);

/** ("storage", class, key, device, numbers) */
function storage(id: PickleValue): TorchStorage | null {
  if (!isList(id) || id.length !== 5 || id[0] !== "storage") {
    return null;
  }
  const [, kind, key, , elements] = id;
  if (!isGlobal(kind) || typeof key !== "string" || !isSize(elements)) {
    return null;
  }
  const dtype = kind.name.replace(/^torch\./, "");
  const type = storages.get(dtype);
  return type === undefined ? null : { kind: "storage", key, dtype, type, elements };
}

/** (storage, offset, sizes, strides, …): every number of the view must lie within the storage. */
function tensor(args: readonly PickleValue[]): TorchTensor | null {
  const [from, offset, shape, strides] = args;
  if (!isStorage(from) || !isList(shape) || !isList(strides) || !isShape(shape) || !isSize(offset)) {
    return null;
  }
  if (strides.length !== shape.length || !strides.every(isSize)) {
    return null;
  }
  const empty = shape.includes(0);
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis], offset);
  if (!empty && (!Number.isSafeInteger(last) || last >= from.elements)) {
    return null;
  }
  return { kind: "tensor", storage: from, offset, shape, strides };
}
