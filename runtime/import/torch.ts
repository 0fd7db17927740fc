// A PyTorch state dictionary (`torch.save(model.state_dict(), path)`) as foreign weights, without PyTorch and without Python.

import { closeSync, openSync } from "node:fs";
import { elementCount } from "../../contract/element-count.ts";
import { TwinError } from "../../contract/error.ts";
import { attempt, readFully } from "../host/files.ts";
import { gatherStrided, rowMajor, toFloats, widthOf } from "./elements.ts";
import type { ForeignWeights } from "./foreign-weights.ts";
import { mostPickleBytes, unpickle } from "./pickle.ts";
import type { PickleValue } from "./pickle-values.ts";
import { isTensor, type TorchTensor, torchReader } from "./torch-pickle.ts";
import { openZip, type ZipArchive } from "./zip.ts";

const what = "a PyTorch state dictionary";

/** How deep dictionaries may lie in each other: `{"model": {…}}` is 2. */
const deepest = 8;

/** Letters of a key that is taken for a name; a pickle can repeat a long one for two bytes each. */
const longest = 1000;

/** Opens the file; of its tensors shapes are read, the numbers when they are asked for. */
export async function openTorch(path: string): Promise<ForeignWeights> {
  refuseOther(path);
  const zip = await openZip(path, what);
  try {
    const pickles = [...zip.entries].filter(([name]) => /(^|\/)data\.pkl$/.test(name));
    if (pickles.length !== 1) {
      throw new TwinError(
        `${path} is not ${what}: its archive has ${pickles.length} files data.pkl, and one is due. ${cure}`,
      );
    }
    const [[pickle, { bytes }]] = pickles;
    const root = pickle.slice(0, -"data.pkl".length);
    if (zip.entries.has(`${root}constants.pkl`)) {
      throw new TwinError(`${path} is a TorchScript module, which holds a program. ${cure}`);
    }
    if (bytes > mostPickleBytes) {
      throw new TwinError(`${path} is refused: its pickle has ${bytes} bytes, and at most ${mostPickleBytes} are read`);
    }
    const tensors = stateOf(unpickle(await zip.read(pickle), path, torchReader));
    if (tensors.size === 0) {
      throw new TwinError(`${path} holds no tensor under a name. ${cure}`);
    }
    const order = await byteOrder(zip, `${root}byteorder`);
    return {
      path,
      arrays: new Map(
        [...tensors].map(([name, { shape, storage, offset, strides }]) => [
          name,
          { name, shape, dtype: storage.dtype, place: `${storage.key} ${offset} ${strides} ${shape}` },
        ]),
      ),
      unreadable: new Map(),
      async read(name) {
        const tensor = tensors.get(name);
        if (!tensor) {
          throw new TwinError(`${path} has no tensor called \`${name}\``);
        }
        return readTensor(zip, `${root}data/${tensor.storage.key}`, tensor, order);
      },
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

const cure = "Save it with `torch.save(model.state_dict(), path)`";

/** Files that are no zip archive: PyTorch's format before 1.6, and all else. */
function refuseOther(path: string): void {
  const file = attempt("read", path, () => openSync(path, "r"));
  const head = new Uint8Array(2);
  try {
    attempt("read", path, () => readFully(file, head, 0));
  } finally {
    closeSync(file);
  }
  if (head[0] === 0x50 && head[1] === 0x4b) {
    return;
  }
  if (head[0] === 0x80) {
    throw new TwinError(
      `${path} is a bare pickle, as PyTorch wrote before version 1.6, and is not read. Save it anew: \`torch.save(torch.load(path, weights_only=True), path)\``,
    );
  }
  throw new TwinError(`${path} is not ${what}: it is no zip archive. ${cure}`);
}

/**
 * The tensors by name. Where the file wraps one dictionary of tensors (`{"model": …, "epoch": …}`) that one is taken; with
 * several, names are dotted paths. A common `module.` (DataParallel) is left out.
 */
function stateOf(value: PickleValue): Map<string, TorchTensor> {
  const direct = (from: PickleValue) => from instanceof Map && [...from.values()].some(isTensor);
  let root = value;
  if (root instanceof Map && !direct(root)) {
    const inner = [...root.values()].filter(direct);
    if (inner.length === 1) {
      root = inner[0];
    }
  }
  const found = new Map<string, TorchTensor>();
  const seen = new Set<PickleValue>();
  const walk = (from: PickleValue, path: readonly string[]) => {
    if (!(from instanceof Map) || path.length >= deepest || seen.has(from)) {
      return;
    }
    seen.add(from);
    for (const [key, entry] of from) {
      if ((typeof key !== "string" || key.length > longest) && typeof key !== "number") {
        continue;
      }
      if (isTensor(entry)) {
        found.set([...path, key].join("."), entry);
      } else {
        walk(entry, [...path, String(key)]);
      }
    }
  };
  walk(root, []);
  const common = "module.";
  const all = [...found];
  return all.every(([name]) => name.startsWith(common))
    ? new Map(all.map(([name, tensor]) => [name.slice(common.length), tensor]))
    : found;
}

async function byteOrder(zip: ZipArchive, name: string): Promise<"little" | "big"> {
  const entry = zip.entries.get(name);
  if (entry === undefined) {
    return "little";
  }
  const order = new TextDecoder().decode(await zip.read(name, 0, Math.min(16, entry.bytes))).trim();
  if (order !== "little" && order !== "big") {
    throw new TwinError(`${zip.path} is not ${what}: its byte order is ${JSON.stringify(order)}. ${cure}`);
  }
  return order;
}

/** The bytes of the view alone are read, from its first number to its last. */
async function readTensor(
  zip: ZipArchive,
  entry: string,
  { storage, shape, strides, offset }: TorchTensor,
  order: "little" | "big",
): Promise<Float32Array> {
  if (elementCount(shape) === 0) {
    return new Float32Array(0);
  }
  const width = widthOf(storage.type);
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis], offset);
  const values = toFloats(await zip.read(entry, offset * width, (last + 1) * width), storage.type, order);
  const dense = rowMajor(shape).every((step, axis) => step === strides[axis] || shape[axis] === 1);
  return dense ? values : gatherStrided(values, shape, strides);
}
