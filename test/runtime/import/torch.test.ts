// PyTorch state dictionaries: tensors as views of storages, wrapped dictionaries, and the forms that are not read.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openTorch } from "../../../runtime/import/torch.ts";
import { npyOf, pickle, statePickle, type TorchPart, text, torchOf, zipOf } from "../../kit/foreign-files.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-test-"));
const file = (bytes: Uint8Array): string => {
  writeFileSync(join(folder, "state.pt"), bytes);
  return join(folder, "state.pt");
};
const open = (tensors: Record<string, TorchPart>, data?: Uint8Array) => openTorch(file(torchOf(tensors, data)));
const six = Float32Array.of(1, 2, 3, 4, 5, 6);

describe("a state dictionary", () => {
  it("reads every storage", async () => {
    const state = await open({
      f: { shape: [2, 3], data: six },
      d: { shape: [2], data: Float64Array.of(0.1, -7), storage: "DoubleStorage" },
      h: { shape: [2], data: Uint16Array.of(0x3c00, 0xc100), storage: "HalfStorage" },
      b: { shape: [2], data: Uint16Array.of(0x3f80, 0xc000), storage: "BFloat16Storage" },
      l: { shape: [], data: BigInt64Array.of(20n), storage: "LongStorage" },
      i: { shape: [2], data: Int32Array.of(-1, 9), storage: "IntStorage" },
      t: { shape: [2], data: Uint8Array.of(1, 0), storage: "BoolStorage" },
    });
    const all = await Promise.all([...state.arrays.keys()].map(async (name) => [name, [...(await state.read(name))]]));
    expect(Object.fromEntries(all)).toEqual({
      f: [...six],
      d: [Math.fround(0.1), -7],
      h: [1, -2.5],
      b: [1, -2],
      l: [20],
      i: [-1, 9],
      t: [1, 0],
    });
    expect(state.arrays.get("l")?.shape).toEqual([]);
    state.close();
  });

  it("reads transposed, sliced, repeated and shared views", async () => {
    const state = await open({
      whole: { shape: [2, 3], data: six },
      turned: { shape: [3, 2], strides: [1, 3], data: six, sharing: "whole" },
      slice: { shape: [2, 2], strides: [3, 1], offset: 1, data: six, sharing: "whole" },
      repeated: { shape: [2, 2], strides: [0, 1], offset: 4, data: six, sharing: "whole" },
      empty: { shape: [0, 3], data: new Float32Array(0) },
    });
    expect([...(await state.read("turned"))]).toEqual([1, 4, 2, 5, 3, 6]);
    expect([...(await state.read("slice"))]).toEqual([2, 3, 5, 6]);
    expect([...(await state.read("repeated"))]).toEqual([5, 6, 5, 6]);
    expect([...(await state.read("empty"))]).toEqual([]);
    expect(state.arrays.get("whole")?.place).not.toBe(state.arrays.get("turned")?.place);
    state.close();
  });

  it("is found in the dictionary that wraps it, without the prefix of DataParallel", async () => {
    const tensors = { "module.a.weight": { shape: [6], data: six } };
    const inner = statePickle(tensors).slice(2, -1);
    const data = pickle("\x80\x02}(", text("epoch"), "K\x03", text("model"), inner, text("optimizer"), "}u.");
    const state = await open(tensors, data);
    expect([...state.arrays.keys()]).toEqual(["a.weight"]);
    expect([...(await state.read("a.weight"))]).toEqual([...six]);
    state.close();
  });

  it("has dotted names where several dictionaries hold tensors", async () => {
    const tensors = { w: { shape: [6], data: six } };
    const inner = statePickle(tensors).slice(2, -1);
    const state = await open(tensors, pickle("\x80\x02}(", text("model"), inner, text("ema"), inner, "u."));
    expect([...state.arrays.keys()]).toEqual(["model.w", "ema.w"]);
    state.close();
  });
});

describe("what is refused", () => {
  const beyond = (part: Partial<TorchPart>) => torchOf({ w: { shape: [6], data: six, ...part } });
  it.each([
    ["a view that ends beyond its storage", beyond({ offset: 1 }), /arguments that make no tensor/],
    ["a view whose steps lead beyond it", beyond({ shape: [3, 3], strides: [3, 1] }), /arguments that make no tensor/],
    ["a shape beyond memory", beyond({ shape: [65536, 65537], strides: [0, 0] }), /arguments that make no tensor/],
    ["negative steps", beyond({ shape: [2], strides: [-1], offset: 1 }), /arguments that make no tensor/],
    ["an unknown storage", beyond({ storage: "QInt8Storage" }), /asks for `torch\.QInt8Storage`/],
    ["a whole model", torchOf({}, pickle("\x80\x02c__main__\nNet\n)\x81.")), /asks for `__main__\.Net`.*state_dict/],
    ["no tensors", torchOf({}), /holds no tensor/],
    ["a bare pickle of old", pickle("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), /before version 1\.6.*Save it anew/],
    [
      "a TorchScript module",
      zipOf(["data", "constants"].map((one) => ({ name: `m/${one}.pkl`, bytes: statePickle({}) }))),
      /TorchScript/,
    ],
    [
      "an archive of something else",
      zipOf([{ name: "x.npy", bytes: npyOf({ shape: [6], data: six }) }]),
      /0 files data\.pkl/,
    ],
    ["a text", new TextEncoder().encode("weights"), /no zip archive/],
  ])("%s", async (_, bytes, message) => {
    await expect(openTorch(file(bytes))).rejects.toThrow(message);
  });

  it("a storage that is shorter than it claims, when it is read", async () => {
    const state = await open({ w: { shape: [8], data: six, elements: 8 } });
    await expect(state.read("w")).rejects.toThrow(/bytes 0 to 32 .* has 24/);
    state.close();
  });

  it("a packed pickle that claims less than it holds", async () => {
    const bytes = statePickle({});
    const part = { name: "a/data.pkl", bytes: new Uint8Array(1 << 25), deflate: true, claims: bytes.length };
    await expect(openTorch(file(zipOf([part])))).rejects.toThrow(/opcode 0x00|damaged/);
  });

  it("a pickle larger than any state dictionary's, before it is unpacked", async () => {
    const part = { name: "a/data.pkl", bytes: new Uint8Array((64 << 20) + 1), deflate: true };
    await expect(openTorch(file(zipOf([part])))).rejects.toThrow(/at most 67108864 are read/);
  });
});
