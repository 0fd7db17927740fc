// The restricted unpickler before hostile pickles: nothing runs, and time and memory stay within the pickle's own length.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TwinError } from "../../../contract/error.ts";
import { unpickle } from "../../../runtime/import/pickle.ts";
import { torchReader } from "../../../runtime/import/torch-pickle.ts";
import { int32, pickle, statePickle, text } from "../../kit/foreign-files.ts";

const read = (...pieces: readonly (string | Uint8Array)[]) => unpickle(pickle(...pieces), "w.pt", torchReader);
const many = 300_000;

describe("hostile pickles", () => {
  it.each([
    ["os.system", ["\x80\x02cos\nsystem\n", text("touch x"), "\x85R."], "byte 2 .* asks for `os.system`"],
    [
      "posix.system of protocol 4",
      ["\x80\x04", text("posix"), text("system"), "\x93", text("id"), "\x85R."],
      "asks for `posix.system`",
    ],
    ["builtins.eval", ["\x80\x02cbuiltins\neval\n", text("1"), "\x85R."], "asks for `builtins.eval`"],
    ["a name within an allowed module", ["ctorch._utils\nos.system\n."], "asks for `torch._utils.os.system`"],
    [
      "an attribute of an allowed name",
      ["ccollections\nOrderedDict.__init__\n."],
      "asks for `collections.OrderedDict.__init__`",
    ],
    ["Python 2's INST", ["(ios\nsystem\n."], "opcode 0x69"],
    ["OBJ", ["(cos\nsystem\no."], "asks for `os.system`"],
    ["NEWOBJ", ["ccollections\nOrderedDict\n)\x81."], "opcode 0x81"],
    ["an extension of copyreg", ["\x82\x01."], "opcode 0x82"],
    ["a call of a list", ["])R."], "no function of tensors"],
    ["a call of a name that is not for calling", ["ctorch\nFloatStorage\n)R."], "no function of tensors"],
    ["a state for a list", ["]}b."], "state of an object that has none"],
    ["a reference to something outside", [text("file:///etc/passwd"), "Q."], "no storage of numbers"],
    ["a text longer than the file", ["X", int32(-1), "abc."], "4294967295 bytes are promised"],
    ["bytes of 2^63", ["\x8d", new Uint8Array(8).fill(0x7f), "."], "are promised"],
    ["an integer of a gigabyte", ["\x8b", int32(1 << 30), "."], "opcode 0x8b"],
    ["a long integer", ["\x8a\x09", new Uint8Array(9), "."], "an integer of 9 bytes"],
    ["a memory of what was never stored", ["j", int32(-2), "."], "value 4294967294, which was never stored"],
    ["a mark that was never set", ["t."], "a mark is needed"],
    ["an empty stack", ["."], "a value is needed"],
    ["a dictionary without a value", ["}(Nu."], "no dictionary"],
    ["an unknown protocol", ["\x80\x09."], "protocol 9"],
    ["a text that is no UTF-8", ["\x8c\x01\xff."], "no UTF-8"],
    ["more opcodes than any state dictionary", ["N".repeat(3_000_001)], "more than 3000000 opcodes"],
    ["no end", ["\x80\x02N"], "1 bytes are promised, and 0 are left"],
  ] as const)("%s", (_, pieces, message) => {
    expect(() => read(...pieces)).toThrow(new RegExp(message));
    expect(() => read(...pieces)).toThrow(TwinError);
  });

  it("shows no control characters of a name", () => {
    expect(() => read("cos\nsys\x1b[31mtem\n.")).toThrow(/`os\.sys\?\[31mtem`/);
  });

  it.each([
    ["lists in lists", ["]".repeat(many), "a".repeat(many - 1), "."]],
    ["marks on marks", ["(".repeat(many), "t".repeat(many), "."]],
    ["a list that holds itself", ["]q\x00", "h\x00a".repeat(many), "."]],
    ["dictionaries that double", [`}q\x00${"]q\x00(".concat("h\x00".repeat(10), "e").repeat(many / 25)}`, "."]],
    [
      "one value stored in far places",
      ["N", pickle(...Array.from({ length: 20_000 }, (_, i) => pickle("r", int32(i * 100_000)))), "."],
    ],
  ])("%s take time and memory in line with their length", (_, pieces) => {
    const started = performance.now();
    read(...pieces);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it("random bytes and cut state dictionaries end in a TwinError or a value", () => {
    const whole = statePickle({ w: { shape: [2, 2], data: new Float32Array(4) } });
    const damaged = fc
      .tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(whole.length))
      .map(([at, byte, length]) => whole.with(at, byte).slice(0, length));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        try {
          unpickle(bytes, "w.pt", torchReader);
        } catch (error) {
          expect(error).toBeInstanceOf(TwinError);
        }
      }),
      { seed: 11, numRuns: 2000 },
    );
  });
});
