// A restricted unpickler: Python's pickle format as a list of values. It imports nothing, calls nothing of Python, and
// refuses by name whatever its reader does not stand in for.
import { TwinError } from "../../contract/error.ts";
import { isGlobal, isList, type PickleReader, type PickleValue } from "./pickle-values.ts";

/** Longest pickle that is read: a state dictionary takes some 200 bytes a tensor. */
export const mostPickleBytes = 64 << 20;

/** Most opcodes that are run; a state dictionary takes some thirty a tensor. */
const mostSteps = 3_000_000;

/**
 * Reads one pickle of protocols 2 to 5. Time and memory are bounded: no opcode makes more than the bytes that it stands in
 * and one value, and the number of both is limited.
 * @throws TwinError naming the byte and the opcode or global that is refused
 */
export function unpickle(bytes: Uint8Array, path: string, reader: PickleReader): PickleValue {
  if (bytes.length > mostPickleBytes) {
    throw new TwinError(
      `${path} is refused: its pickle has ${bytes.length} bytes, and at most ${mostPickleBytes} are read`,
    );
  }
  return new Machine(bytes, path, reader).run();
}

type Step = (machine: Machine) => void;

const text = new TextDecoder("utf-8", { fatal: true });

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  readonly #reader: PickleReader;
  /** Of the opcode that runs. */
  #start = 0;
  #at = 0;
  #stack: PickleValue[] = [];
  /** Stacks below the marks. */
  readonly #below: PickleValue[][] = [];
  readonly #memo = new Map<number, PickleValue>();
  #done = false;

  constructor(bytes: Uint8Array, path: string, reader: PickleReader) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
    this.#reader = reader;
  }

  run(): PickleValue {
    for (let step = 0; !this.#done; step++) {
      this.#start = this.#at;
      if (step === mostSteps) {
        this.fail(`it has more than ${mostSteps} opcodes`);
      }
      const code = this.length(1);
      const run = steps.get(code);
      if (!run) {
        this.fail(`its opcode 0x${code.toString(16).padStart(2, "0")} is not among those that are read`);
      } else {
        run(this);
      }
    }
    return this.pop();
  }

  fail(why: string): never {
    throw new TwinError(
      `${this.#path} is refused: at byte ${this.#start} of its pickle, ${why}. Nothing of it was run; save \`model.state_dict()\`, or safetensors`,
    );
  }

  finish(): void {
    this.#done = true;
  }

  take(count: number): Uint8Array {
    this.#skip(count);
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #skip(count: number): void {
    const end = this.#at + count;
    if (end > this.#bytes.length) {
      this.fail(`${count} bytes are promised, and ${this.#bytes.length - this.#at} are left`);
    }
    this.#at = end;
  }

  /** An unsigned little-endian integer of 1, 2, 4 or 8 bytes. */
  length(width: 1 | 2 | 4 | 8): number {
    const at = this.#at;
    this.#skip(width);
    if (width === 8) {
      return Number(this.#view.getBigUint64(at, true));
    }
    if (width === 4) {
      return this.#view.getUint32(at, true);
    }
    return width === 2 ? this.#view.getUint16(at, true) : this.#bytes[at];
  }

  int32(): number {
    this.take(4);
    return this.#view.getInt32(this.#at - 4, true);
  }

  /** Big-endian, unlike all else. */
  float64(): number {
    this.take(8);
    return this.#view.getFloat64(this.#at - 8, false);
  }

  string(count: number): string {
    try {
      return text.decode(this.take(count));
    } catch (error) {
      if (error instanceof TwinError) {
        throw error;
      }
      return this.fail("a text is no UTF-8");
    }
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) {
      this.fail("a line does not end");
    }
    const line = this.string(end - this.#at);
    this.#at = end + 1;
    return line;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.pop();
    return value === undefined ? this.fail("a value is needed, and none is there") : value;
  }

  top(): PickleValue {
    const value = this.#stack.at(-1);
    return value === undefined ? this.fail("a value is needed, and none is there") : value;
  }

  mark(): void {
    this.#below.push(this.#stack);
    this.#stack = [];
  }

  /** All since the last mark. */
  popMark(): PickleValue[] {
    const taken = this.#stack;
    this.#stack = this.#below.pop() ?? this.fail("a mark is needed, and none was set");
    return taken;
  }

  store(index: number): void {
    this.#memo.set(index, this.top());
  }

  storeNext(): void {
    this.store(this.#memo.size);
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) {
      this.fail(`it recalls the value ${index}, which was never stored`);
    } else {
      this.push(value);
    }
  }

  global(module: string, name: string): void {
    const whole = `${module}.${name}`;
    const { calls, names } = this.#reader;
    if (!calls.has(whole) && !names.has(whole)) {
      this.fail(`it asks for \`${printable(whole)}\`, which a file of weights does not need`);
    }
    this.push({ kind: "global", name: whole });
  }

  call(): void {
    const args = this.pop();
    const callee = this.pop();
    const made = isGlobal(callee) && isList(args) ? this.#reader.calls.get(callee.name)?.(args) : undefined;
    if (made === undefined) {
      this.fail("it calls something that is no function of tensors");
    } else if (made === null) {
      this.fail(`it calls \`${isGlobal(callee) ? callee.name : ""}\` with arguments that make no tensor`);
    } else {
      this.push(made);
    }
  }

  reference(): void {
    const object = this.#reader.reference(this.pop());
    if (object === null) {
      this.fail("it refers to something outside that is no storage of numbers");
    } else {
      this.push(object);
    }
  }

  /** The state of an ordered dictionary is its remarks (`_metadata`), which nobody needs; nothing else has a state. */
  build(): void {
    this.pop();
    if (!(this.top() instanceof Map)) {
      this.fail("it sets the state of an object that has none");
    }
  }

  setItems(items: readonly PickleValue[]): void {
    const dictionary = this.top();
    if (!(dictionary instanceof Map) || items.length % 2 !== 0) {
      this.fail("it fills something that is no dictionary");
    } else {
      for (let i = 0; i < items.length; i += 2) {
        dictionary.set(items[i], items[i + 1]);
      }
    }
  }

  append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!isList(list)) {
      this.fail("it appends to something that is no list");
    } else {
      for (const item of items) {
        list.push(item);
      }
    }
  }

  tuple(count: number): void {
    const items = Array.from({ length: count }, () => this.pop());
    this.push(items.reverse());
  }

  /** Two's complement, little-endian; longer ones than 64 bits are no size or index. */
  long(count: number): void {
    if (count > 8) {
      this.fail(`an integer of ${count} bytes is no size or index`);
    }
    let value = 0n;
    this.take(count).forEach((byte, i) => {
      value |= BigInt(byte) << BigInt(8 * i);
    });
    const signed = BigInt.asIntN(8 * count, value);
    const number = Number(signed);
    this.push(Number.isSafeInteger(number) ? number : signed);
  }
}

const printable = (name: string): string => name.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 200);

/** The opcodes that a state dictionary is written with, by their byte; every other one is refused. */
const steps: ReadonlyMap<number, Step> = new Map<number, Step>([
  [0x80, (m) => protocol(m)], // PROTO
  [0x95, (m) => void m.take(8)], // FRAME
  [0x2e, (m) => m.finish()], // STOP
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popMark()], // POP_MARK
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.int32())], // BININT
  [0x4b, (m) => m.push(m.length(1))], // BININT1
  [0x4d, (m) => m.push(m.length(2))], // BININT2
  [0x8a, (m) => m.long(m.length(1))], // LONG1
  [0x47, (m) => m.push(m.float64())], // BINFLOAT
  [0x8c, (m) => m.push(m.string(m.length(1)))], // SHORT_BINUNICODE
  [0x58, (m) => m.push(m.string(m.length(4)))], // BINUNICODE
  [0x8d, (m) => m.push(m.string(m.length(8)))], // BINUNICODE8
  [0x43, (m) => m.push(m.take(m.length(1)))], // SHORT_BINBYTES
  [0x42, (m) => m.push(m.take(m.length(4)))], // BINBYTES
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x61, (m) => appendOne(m)], // APPEND
  [0x65, (m) => m.append(m.popMark())], // APPENDS
  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x85, (m) => m.tuple(1)], // TUPLE1
  [0x86, (m) => m.tuple(2)], // TUPLE2
  [0x87, (m) => m.tuple(3)], // TUPLE3
  [0x74, (m) => m.push(m.popMark())], // TUPLE
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x73, (m) => setOne(m)], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS
  [0x71, (m) => m.store(m.length(1))], // BINPUT
  [0x72, (m) => m.store(m.length(4))], // LONG_BINPUT
  [0x94, (m) => m.storeNext()], // MEMOIZE
  [0x68, (m) => m.recall(m.length(1))], // BINGET
  [0x6a, (m) => m.recall(m.length(4))], // LONG_BINGET
  [0x63, (m) => m.global(m.line(), m.line())], // GLOBAL
  [0x93, (m) => stackGlobal(m)], // STACK_GLOBAL
  [0x52, (m) => m.call()], // REDUCE
  [0x51, (m) => m.reference()], // BINPERSID
  [0x62, (m) => m.build()], // BUILD
]);

function protocol(m: Machine): void {
  const version = m.length(1);
  if (version > 5) {
    m.fail(`it has protocol ${version}, and 2 to 5 are read`);
  }
}

function appendOne(m: Machine): void {
  const item = m.pop();
  m.append([item]);
}

function setOne(m: Machine): void {
  const value = m.pop();
  const key = m.pop();
  m.setItems([key, value]);
}

function stackGlobal(m: Machine): void {
  const name = m.pop();
  const module = m.pop();
  if (typeof name !== "string" || typeof module !== "string") {
    m.fail("it names a global by something that is no text");
  } else {
    m.global(module, name);
  }
}
