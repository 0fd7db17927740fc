// The schema's bytes and the number of rows at a Parquet file's end, read without the database: it takes as long for each of
// thousands of small files as for reading their rows.
import { closeSync, fstatSync, openSync } from "node:fs";
import { attempt, readFully } from "../../host/files.ts";

export interface ParquetFooter {
  /** As they are written: files with equal ones have one schema. */
  readonly schema: string;
  readonly rows: number;
}

/** Most footers of small files are shorter: one read then is enough. */
const usual = 16 * 1024;

/** Null where the end is not understood: the database says what is wrong, if anything is. */
export function parquetFooter(file: string): ParquetFooter | null {
  const bytes = attempt("read", file, () => footerBytes(file));
  if (bytes === null) {
    return null;
  }
  try {
    return new Compact(bytes).footer();
  } catch {
    return null;
  }
}

function footerBytes(file: string): Uint8Array | null {
  const opened = openSync(file, "r");
  try {
    const { size } = fstatSync(opened);
    const tail = new Uint8Array(Math.min(usual, size));
    readFully(opened, tail, size - tail.length);
    if (tail.length < 12 || Buffer.from(tail.subarray(-4)).toString("latin1") !== "PAR1") {
      return null;
    }
    const length = new DataView(tail.buffer).getUint32(tail.length - 8, true);
    if (length + 8 <= tail.length) {
      return tail.subarray(tail.length - 8 - length, tail.length - 8);
    }
    if (length + 12 > size) {
      return null;
    }
    const footer = new Uint8Array(length);
    readFully(opened, footer, size - 8 - length);
    return footer;
  } finally {
    closeSync(opened);
  }
}

/** Fields of `FileMetaData`. */
const [schemaField, rowsField] = [2, 3];

/** Thrift's compact protocol, of which only lengths matter. Throws beyond the end. */
class Compact {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  footer(): ParquetFooter | null {
    let schema: string | null = null;
    for (let field = 0; ; ) {
      const head = this.#byte();
      if (head === 0) {
        return null;
      }
      field = head >>> 4 === 0 ? this.#zigzag() : field + (head >>> 4);
      const start = this.#at;
      if (field === rowsField && schema !== null) {
        return { schema, rows: this.#zigzag() };
      }
      this.#skip(head & 15);
      if (field === schemaField) {
        schema = Buffer.from(this.#bytes.subarray(start, this.#at)).toString("base64");
      }
    }
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) {
      throw new RangeError("beyond the end");
    }
    return this.#bytes[this.#at++];
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        return value;
      }
    }
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #skip(type: number): void {
    if (type === 1 || type === 2) {
      return;
    }
    if (type === 3) {
      this.#at += 1;
    } else if (type >= 4 && type <= 6) {
      this.#varint();
    } else if (type === 7) {
      this.#at += 8;
    } else if (type === 8) {
      const length = this.#varint();
      this.#at += length;
    } else if (type === 9 || type === 10) {
      this.#skipList();
    } else if (type === 12) {
      this.#skipStruct();
    } else {
      throw new RangeError("a type that no schema has");
    }
  }

  #skipList(): void {
    const head = this.#byte();
    const count = head >>> 4 === 15 ? this.#varint() : head >>> 4;
    const type = head & 15;
    for (let i = 0; i < count; i++) {
      if (type === 1 || type === 2) {
        this.#byte();
      } else {
        this.#skip(type);
      }
    }
  }

  #skipStruct(): void {
    for (let head = this.#byte(); head !== 0; head = this.#byte()) {
      if (head >>> 4 === 0) {
        this.#varint();
      }
      this.#skip(head & 15);
    }
  }
}
