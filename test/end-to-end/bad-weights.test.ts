// `twin build --weights`: weights that do not fit the model, are damaged or lie; and build folders that must not be touched.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused, root } from "../kit/cli.ts";
import { contents } from "../kit/example-build.ts";

let model: string;
let weights: string;

beforeAll(async () => {
  const folder = temporary();
  model = join(folder, "mean.twin");
  for (const name of ["mean.twin", "features.twin"]) {
    copyFileSync(join(root, "models", name), join(folder, name));
  }
  // Its vocabulary is learned from data, which these tests do not need.
  const features = join(folder, "features.twin");
  writeFileSync(features, readFileSync(features, "utf8").replace(/vocabulary\(max: 50k, min_count: 2/, "id(vocab: 50"));
  await fine(["build", model, "-o", join(folder, "first")]);
  weights = join(folder, "first/weights.safetensors");
});
afterAll(cleanUp);

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}
type Header = Record<string, Entry>;

/** The weights file with its header and payload changed. */
function spoiled(change: (header: Header, payload: Buffer) => Buffer | undefined): string {
  const bytes = readFileSync(weights);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Header;
  const payload = Buffer.from(bytes.subarray(8 + length));
  const changed = change(header, payload) ?? payload;
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const path = join(temporary(), "weights.safetensors");
  writeFileSync(path, Buffer.concat([size, text, changed]));
  return path;
}

const tensors = (header: Header) => Object.keys(header).filter((name) => name !== "__metadata__");
const largest = (header: Header) =>
  tensors(header).reduce((a, b) => (header[a].data_offsets[1] > header[b].data_offsets[1] ? a : b));

/** The build fails, names the file, and leaves neither a folder nor a stage. */
async function fails(file: string, patterns: readonly RegExp[]): Promise<void> {
  const folder = temporary();
  await refused(1, ["build", model, "-o", join(folder, "out"), "--weights", file], [file, ...patterns]);
  expect(readdirSync(folder)).toEqual([]);
}

describe("weights", () => {
  it("builds with weights that fit, and the manifest says that they are given", async () => {
    const out = join(temporary(), "out");
    await fine(["build", model, "-o", out, "--weights", weights]);
    expect(readFileSync(join(out, "manifest.yaml"), "utf8")).toMatch(/^untrained: false$/m);
  });

  it("refuses a missing tensor, and names it", async () => {
    let name = "";
    await fails(
      spoiled((header, payload) => {
        name = largest(header);
        const [start] = header[name].data_offsets;
        delete header[name];
        return payload.subarray(0, start);
      }),
      [/missing|has no/],
    );
    expect(name).not.toBe("");
  });

  it("refuses an extra tensor, and names it", async () => {
    await fails(
      spoiled((header, payload) => {
        header["tower.surplus"] = {
          dtype: "F32",
          shape: [4],
          data_offsets: [payload.length, payload.length + 16],
        };
        return Buffer.concat([payload, Buffer.alloc(16)]);
      }),
      [/tower\.surplus/],
    );
  });

  it("refuses a tensor of another shape, with both shapes", async () => {
    await fails(
      spoiled((header) => {
        const name = tensors(header).find((one) => header[one].shape.length === 2)!;
        header[name].shape = [...header[name].shape].reverse();
        return undefined;
      }),
      [/\[\d+, ?\d+\].*\[\d+, ?\d+\]/],
    );
  });

  it.each([
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
  ])("refuses %s, and names tensor and place", async (_name, value) => {
    await fails(
      spoiled((_header, payload) => {
        payload.writeFloatLE(value, payload.length - 8);
        return undefined;
      }),
      [/NaN|[Ii]nfinit|finite/],
    );
  });

  it("refuses a truncated file, at any place", async () => {
    for (const keep of [0, 4, 8, 100, 5000, readFileSync(weights).length - 1]) {
      const path = spoiled(() => undefined);
      truncateSync(path, keep);
      await fails(path, [/truncated|bytes|header|ends/]);
    }
  });

  it("refuses a header that lies", async () => {
    const lies: Record<string, unknown>[] = [
      { data_offsets: [0, 4] },
      { data_offsets: [0, 1e15] },
      { data_offsets: [-8, 8] },
      { shape: [2 ** 31, 2 ** 31] },
      { dtype: "F99" },
      { shape: "wide" },
    ];
    for (const lie of lies) {
      const path = spoiled((header) => {
        Object.assign(header[largest(header)], lie);
        return undefined;
      });
      await fails(path, [/tensor|offset|dtype|shape|bytes/]);
    }
    await fails(
      spoiled((_header, payload) => Buffer.concat([payload, Buffer.alloc(64)])),
      [/tensors end at byte/],
    );
    const length = spoiled(() => undefined);
    const bytes = readFileSync(length);
    bytes.writeBigUInt64LE(2n ** 62n);
    writeFileSync(length, bytes);
    await fails(length, [/header/]);
  });

  it("refuses what is no safetensors file, or is not there", async () => {
    const foreign = join(temporary(), "weights.bin");
    writeFileSync(foreign, "PK\x03\x04 something else".repeat(100));
    await fails(foreign, [/safetensors/]);
    await fails(join(temporary(), "none.safetensors"), [/no such file/]);
    await fails(temporary(), [/not a file/]);
  });
});

describe("the output folder", () => {
  it("refuses a folder of other files, and a file, and changes neither", async () => {
    const folder = temporary();
    writeFileSync(join(folder, "thesis.txt"), "years of work");
    writeFileSync(join(folder, "file"), "x");
    mkdirSync(join(folder, "sub"));
    const before = contents(folder);
    await refused(1, ["build", model, "-o", folder], [folder, /not a build/, /new or empty folder/]);
    await refused(1, ["build", model, "-o", join(folder, "file")], [/is a file/]);
    await refused(1, ["build", model, "-o", join(folder, "file/out")], [/file/]);
    expect(contents(folder)).toEqual(before);
  });

  it("leaves nothing of a model that has errors, and keeps the build that is there", async () => {
    const folder = temporary();
    const out = join(folder, "out");
    await fine(["build", model, "-o", out]);
    const before = contents(folder);
    const wrong = join(temporary(), "wrong.twin");
    writeFileSync(wrong, readFileSync(join(root, "test/bad/unknown-setting.twin")));
    await refused(1, ["build", wrong, "-o", out], [/error\[unknown-setting\]/]);
    await refused(1, ["build", model, "-o", out, "--max-memory", "1000"], [/memory|bytes/]);
    await refused(1, ["build", model, "-o", out, "--features", join(folder, "none.twin")], [/none\.twin|features/]);
    await refused(1, ["build", model, "-o", out, "--data", join(folder, "none.yaml")], [/none\.yaml.*data binding/s]);
    await refused(1, ["build", join(root, "models/features.twin"), "-o", out], [/library/]);
    expect(contents(folder)).toEqual(before);
  });
});
