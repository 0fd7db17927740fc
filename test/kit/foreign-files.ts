// Writes the files that others' weights come in: zip archives, NumPy arrays, PyTorch state dictionaries, hand-made pickles.
import { crc32, deflateRawSync } from "node:zlib";

export interface ZipPart {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deflate?: boolean;
  /** A lie about the content's length. */
  readonly claims?: number;
}

const join = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export function zipOf(parts: readonly ZipPart[]): Uint8Array {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes, deflate = false, claims = bytes.length } of parts) {
    const packed = deflate ? deflateRawSync(bytes) : bytes;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claims, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    local.push(Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name), packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    central.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, tail, Buffer.from(name));
    at += 30 + Buffer.byteLength(name) + packed.length;
  }
  const directory = join(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return join([...local, directory, end]);
}

export interface NpyPart {
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
  /** `<f4` */
  readonly descr?: string;
  readonly fortran?: boolean;
  readonly version?: 1 | 2 | 3;
}

/** The numbers are written as they lie in memory. */
export function npyOf({ shape, data, descr = "<f4", fortran = false, version = 1 }: NpyPart): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${dims}), }`;
  const before = version === 1 ? 10 : 12;
  const padded = `${text.padEnd(Math.ceil((before + text.length + 1) / 64) * 64 - before - 1)}\n`;
  const head = Buffer.alloc(before);
  head.write("\x93NUMPY", 0, "latin1");
  head[6] = version;
  if (version === 1) {
    head.writeUInt16LE(padded.length, 8);
  } else {
    head.writeUInt32LE(padded.length, 8);
  }
  return join([head, Buffer.from(padded), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

export const npzOf = (arrays: Readonly<Record<string, NpyPart>>, deflate = false): Uint8Array =>
  zipOf(Object.entries(arrays).map(([name, part]) => ({ name: `${name}.npy`, bytes: npyOf(part), deflate })));

/** Pieces of a pickle: texts are their bytes, numbers single bytes. */
export const pickle = (...pieces: readonly (string | number | Uint8Array)[]): Uint8Array =>
  join(
    pieces.map((piece) =>
      typeof piece === "string"
        ? Buffer.from(piece, "latin1")
        : typeof piece === "number"
          ? Uint8Array.of(piece)
          : piece,
    ),
  );

export function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** BINUNICODE */
export const text = (value: string): Uint8Array => pickle("X", int32(Buffer.byteLength(value)), Buffer.from(value));
const integer = (value: number): Uint8Array => pickle("J", int32(value));
const tuple = (values: readonly number[]): Uint8Array => pickle("(", ...values.map(integer), "t");

export interface TorchPart {
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
  /** `FloatStorage` */
  readonly storage?: string;
  readonly strides?: readonly number[];
  readonly offset?: number;
  /** Numbers that the storage claims to have. */
  readonly elements?: number;
  /** Shares the storage of this tensor. */
  readonly sharing?: string;
}

const rowMajor = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));

/** The opcodes that torch.save writes for one tensor. */
export function tensorPickle(key: string, part: TorchPart): Uint8Array {
  const { shape, data, storage = "FloatStorage", strides = rowMajor(shape), offset = 0 } = part;
  const elements = part.elements ?? data.byteLength / (data as Float32Array).BYTES_PER_ELEMENT;
  return pickle(
    "ctorch._utils\n_rebuild_tensor_v2\n((",
    text("storage"),
    `ctorch\n${storage}\n`,
    text(key),
    text("cpu"),
    integer(elements),
    "tQ",
    integer(offset),
    tuple(shape),
    tuple(strides),
    "\x89ccollections\nOrderedDict\n)RtR",
  );
}

/** The pickle of an ordered dictionary of tensors, with the remarks that PyTorch puts on it. */
export function statePickle(tensors: Readonly<Record<string, TorchPart>>): Uint8Array {
  const keys = Object.keys(tensors);
  const items = keys.map((name, i) => {
    const { sharing } = tensors[name];
    return pickle(text(name), tensorPickle(String(sharing === undefined ? i : keys.indexOf(sharing)), tensors[name]));
  });
  const remarks = pickle("}", text("_metadata"), "ccollections\nOrderedDict\n)Rsb");
  return pickle("\x80\x02ccollections\nOrderedDict\n)Rq\x00(", ...items, "u", remarks, ".");
}

/** What `torch.save(state, path)` writes; `data` is the pickle where it is not that of the tensors. */
export function torchOf(tensors: Readonly<Record<string, TorchPart>>, data = statePickle(tensors)): Uint8Array {
  const storages = Object.values(tensors).flatMap(({ data: numbers, sharing }, i) => {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    return sharing === undefined ? [{ name: `archive/data/${i}`, bytes }] : [];
  });
  const order = { name: "archive/byteorder", bytes: Buffer.from("little") };
  return zipOf([{ name: "archive/data.pkl", bytes: data }, order, ...storages]);
}
