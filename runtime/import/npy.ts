// NumPy's array format (NEP 1): versions 1 to 3, C and Fortran order, both byte orders.
import { elementCount } from "../../contract/element-count.ts";
import { TwinError } from "../../contract/error.ts";
import { type ElementType, gatherStrided, rowMajor, toFloats, widthOf } from "./elements.ts";
import { isShape } from "./foreign-weights.ts";

export interface NpyHeader {
  /** As NumPy writes it: `<f4`. */
  readonly dtype: string;
  readonly type: ElementType;
  readonly order: "little" | "big";
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Bytes before the numbers. */
  readonly start: number;
}

/** Bytes of a file that hold any header that is read: its own length field may ask for 4 GB. */
export const npyHeadBytes = 1 << 16;

const elements: readonly ElementType[] = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"];

/**
 * Reads a header from the file's first bytes.
 * @param fileBytes length of the whole file, which must be that of header and numbers
 * @param path of the file (and the array in it), for errors
 */
export function parseNpy(head: Uint8Array, fileBytes: number, path: string): NpyHeader {
  const fail = (why: string): never => {
    throw new TwinError(`${path} is not a NumPy array of numbers: ${why}. Save it anew with numpy.save or numpy.savez`);
  };
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (head.length < 12 || magic.some((byte, i) => head[i] !== byte)) {
    return fail("it does not begin as one");
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const version = head[6];
  if (version < 1 || version > 3) {
    return fail(`it has version ${version} of the format, and 1 to 3 are read`);
  }
  const long = version > 1;
  const start = (long ? 12 : 10) + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  if (start > head.length) {
    return fail(`its header claims ${start} bytes, and at most ${head.length} are read`);
  }
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(head.subarray(long ? 12 : 10, start));
  const { descr, fortran, dims } =
    headerFields(text) ?? fail("its header does not name `descr`, `fortran_order` and `shape`");
  const sizes = dims.join(", ");
  const called = descr === "|b1" ? "u1" : descr.slice(1);
  const type = elements.find((one) => one === called);
  if (!/^[<>|=]/.test(descr) || type === undefined || (descr[0] === "|") !== (widthOf(type) === 1)) {
    return fail(`its numbers are of the type \`${descr}\`; floats and integers of 8 to 64 bits are read`);
  }
  if (!isShape(dims)) {
    return fail(`its shape (${sizes}) is none, or too large`);
  }
  const header: NpyHeader = {
    dtype: descr,
    type,
    order: descr[0] === ">" ? "big" : "little",
    fortran,
    shape: dims,
    start,
  };
  const due = start + elementCount(dims) * widthOf(header.type);
  if (due !== fileBytes) {
    return fail(`header and numbers are ${due} bytes, but it has ${fileBytes}`);
  }
  return header;
}

/** The three fields of the Python dictionary; nothing else of Python is understood. */
function headerFields(text: string): { descr: string; fortran: boolean; dims: number[] } | null {
  if (!/^\{[^{}]*\}\s*$/.test(text)) {
    return null;
  }
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([\d\sL,]*)\)/.exec(text)?.[1];
  if (descr === undefined || fortran === undefined || shape === undefined) {
    return null;
  }
  const dims = shape.split(",").map((size) => size.trim().replace(/L$/, ""));
  return { descr, fortran: fortran === "True", dims: dims.filter((size) => size !== "").map(Number) };
}

/** The numbers behind the header, row-major. */
export function npyFloats({ type, order, fortran, shape }: NpyHeader, numbers: Uint8Array): Float32Array {
  const values = toFloats(numbers, type, order);
  if (!fortran || shape.length < 2) {
    return values;
  }
  const strides = rowMajor([...shape].reverse()).reverse();
  return gatherStrided(values, shape, strides);
}
