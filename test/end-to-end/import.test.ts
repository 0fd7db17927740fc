// `twin import` as a user runs it: a FuxiCTR model under our names, proved by its logits, and every mistake caught by them.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openTensors } from "../../runtime/host/tensor-file.ts";
import { fine, refused } from "../kit/cli.ts";
import { npzOf, type TorchPart, torchOf } from "../kit/foreign-files.ts";
import {
  featureMap,
  featureVocabularies,
  fuxiParameters,
  fuxiSamples,
  fuxiSource,
  fuxiState,
} from "../kit/fuxi-state.ts";

const dir = mkdtempSync(join(tmpdir(), "twin-test-"));
const put = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
};
const read = fuxiParameters();
const state = fuxiState(read);
const model = put("fuxi.twin", fuxiSource);
const weights = put("fuxi.pt", torchOf(state));
const features = put("feature_map.json", JSON.stringify(featureMap));
const vocabulary = put("feature_vocab.json", JSON.stringify(featureVocabularies));
const samples = put("samples.npz", fuxiSamples(read));
const out = join(dir, "out/weights.safetensors");
const common = ["--model", model, "-o", out];
const fuxi = ["--from", "fuxictr", "--features", features];

/** The state dictionary with one array changed. */
const changed = (name: string, part: Partial<TorchPart>): string =>
  put("changed.pt", torchOf({ ...state, [name]: { ...state[name], ...part } }));

describe("a FuxiCTR model", () => {
  describe("whose short window is masked as FuxiCTR does it", () => {
    const masked = put("masked.npz", fuxiSamples(read, { ownMask: true }));

    it("is told from wrong weights: where the rows agree, why the others do not, and how to go on", async () => {
      await refused(
        1,
        ["import", weights, ...fuxi, "--verify", masked, ...common],
        [
          /nothing is wrong with the weights/,
          /clicked of 1–2 behaviours loses its oldest one in recent.*largest difference \d\.\de-\d/,
          /clicked of 0: \d\.\de-\d in 12 samples, which agree; clicked of 1–2: 0\.\d+ in 24 samples; clicked of 3: \S+ in 12 samples, which agree; clicked of 4 or more: \S+ in 22 samples, which agree/,
          /--accept-fuxictr-mask/,
        ],
      );
      expect(existsSync(out)).toBe(false);
      const accept = ["import", weights, ...fuxi, "--verify", masked, "--accept-fuxictr-mask", ...common];
      const { stdout } = await fine(accept);
      expect(stdout).toMatch(/verified but for FuxiCTR's mask: 70 logits/);
      const { stdout: json } = await fine([...accept, "--json"]);
      expect(JSON.parse(json).verified).toMatchObject({
        passed: false,
        fuxictrMask: { attend: "recent", history: "clicked", count: 2 },
      });
      rmSync(out);
    });

    it("does not hide wrong weights, nor is the flag for other sources", async () => {
      const wrong = changed("dnn.mlp.4.bias", { data: state["dnn.mlp.5.bias"].data });
      await refused(
        1,
        ["import", wrong, ...fuxi, "--verify", masked, "--accept-fuxictr-mask", ...common],
        [/does not compute what .*By number of behaviours: clicked of 0: /],
      );
      await refused(2, ["import", weights, ...fuxi, "--accept-fuxictr-mask", ...common], ["goes with"]);
    });
  });

  it("computes here what it computed there", async () => {
    const { stdout, stderr } = await fine([
      "import",
      weights,
      ...fuxi,
      "--vocabulary",
      vocabulary,
      "--verify",
      samples,
      ...common,
    ]);
    expect(stdout).toMatch(/verified: 70 logits of 70 samples, largest difference \d\.\de-\d/);
    expect(stdout).toMatch(
      /item\.item_id\.table .* unknown: its row 11, padding: its row 0, rows 1 to 10: its rows 1 to 10/,
    );
    expect(stdout).toMatch(/31 of 31 parameters/);
    expect(stderr).toBe("");
    const file = openTensors(out);
    expect(file.metadata).toMatchObject({ model: "fuxi", untrained: "false", imported_from: "fuxictr: fuxi.pt" });
    for (const name of ["long.query", "ranking.hidden.0.weight", "interest.values.item", "ranking.hidden.1.variance"]) {
      expect([...file.read(name)]).toEqual([...read(name).data]);
    }
    file.close();
    expect(readdirSync(join(dir, "out")).sort()).toEqual(["vocabularies", "weights.safetensors"]);
  });

  it("can be built, with its vocabularies", async () => {
    const folder = join(dir, "out/vocabularies");
    await fine(["build", model, "--weights", out, "--vocabularies", folder, "-o", join(dir, "built")]);
    const built = readdirSync(join(dir, "built/vocabularies")).sort();
    expect(built).toEqual(["item.cate_id.jsonl", "user.age.jsonl"]);
    await refused(
      1,
      ["build", model, "--weights", out, "--vocabularies", dir, "-o", join(dir, "built")],
      ["holds no vocabulary"],
    );
  });

  it("reads the same from an archive of NumPy, and says it as JSON", async () => {
    const arrays = Object.entries(state).filter(([, { storage }]) => storage === undefined);
    const npz = put("fuxi.npz", npzOf(Object.fromEntries(arrays)));
    const { stdout } = await fine(["import", npz, "--from", "fuxictr", "--verify", samples, "--json", ...common]);
    const report = JSON.parse(stdout);
    expect(report.verified).toMatchObject({ passed: true, samples: 70 });
    expect(report.verified.largest).toBeLessThan(1e-5);
    expect(report.taken).toHaveLength(31);
    expect(report.unnamed).toEqual(["item.cate_id", "user.age"]);
  });

  it("gives its embeddings alone, and says what keeps its start values", async () => {
    const { stdout } = await fine(["import", weights, ...fuxi, "--partial", ...common]);
    expect(stdout).toMatch(/start values: long\.query, /);
    expect(stdout).toMatch(/3 of 31 parameters .* embeddings only/);
  });
});

describe("a mistake", () => {
  const verify = ["--verify", samples];
  const items = "embedding_layer.embedding_layer.embedding_layers.item_id.weight";
  const ids = state[items].data as Float32Array;
  it.each([
    ["another layer's shift for a bias", "dnn.mlp.4.bias", { data: state["dnn.mlp.5.bias"].data }],
    [
      "the query's weights for the keys",
      "long_attention.W_h.weight",
      { data: state["long_attention.W_q.weight"].data },
    ],
    ["an unknown row at another place", items, { data: ids.map((_, i) => ids.at(i - 4)!) }],
    ["a table of too many rows", "embedding_layer.embedding_layer.embedding_layers.cate_id.weight", { shape: [24, 1] }],
  ] as const)("in the weights is caught: %s", async (_, name, part) => {
    await refused(
      1,
      ["import", changed(name, part), "--from", "fuxictr", ...verify, ...common],
      [/logits differ by up to|does not make the weights/],
    );
  });

  it("of orientation is caught where a map makes it", async () => {
    const map = put(
      "map.yaml",
      "format: 1\nmap:\n  - {from: dnn.mlp.4.weight, to: ranking.hidden.1.weight, transpose: false}\n",
    );
    await refused(
      1,
      ["import", weights, ...fuxi, "--map", map, ...common],
      [/ranking\.hidden\.1\.weight: dnn\.mlp\.4\.weight is \[4, 6\]/],
    );
  });

  it("in the samples is named", async () => {
    const none = put("none.npz", npzOf({ logits: { shape: [2], data: Float32Array.of(0, 1) } }));
    await refused(
      1,
      ["import", weights, ...fuxi, "--verify", none, ...common],
      [/user\.age \[2\] is missing/, /clicked\.valid \[2, behaviours\] is missing/],
    );
    const nothing = put("nothing.npz", npzOf({ x: { shape: [2], data: Float32Array.of(0, 1) } }));
    await refused(1, ["import", weights, ...fuxi, "--verify", nothing, ...common], [/says no logits/]);
  });

  it("of files and options is named, and nothing is written", async () => {
    const other = put("other.json", JSON.stringify({ features: [{ age: { type: "categorical" } }] }));
    await refused(
      1,
      ["import", weights, "--from", "fuxictr", "--features", other, ...common],
      ["does not know cate_id"],
    );
    await refused(1, ["import", weights, "--from", "fuxictr", "--features", model, ...common], ["no JSON text"]);
    await refused(
      1,
      ["import", weights, "--from", "torch", ...common],
      [/long\.query \[2, 7, 3\] is missing; by its shape it could be/],
    );
    await refused(1, ["import", join(dir, "none.pt"), ...fuxi, ...common], ["no such file"]);
    await refused(2, ["import", weights, "--from", "torch", "--features", features, ...common], ["--from fuxictr"]);
    await refused(2, ["import", weights, ...fuxi, "--partial", ...verify, ...common], ["--partial"]);
    await refused(2, ["import", weights, "--from", "keras", ...common], ["Allowed choices"]);
    const fresh = join(dir, "fresh/weights.safetensors");
    await refused(1, ["import", weights, "--from", "torch", "--model", model, "-o", fresh], ["is missing"]);
    expect(readdirSync(join(dir, "fresh"))).toEqual([]);
  });

  it("of a hostile pickle ends the import, and nothing runs", async () => {
    const mark = join(dir, "ran");
    const evil = Buffer.concat([
      Buffer.from("\x80\x02cos\nsystem\n(X", "latin1"),
      Buffer.from([mark.length + 6, 0, 0, 0]),
      Buffer.from(`touch ${mark}tR.`),
    ]);
    const bad = put("evil.pt", torchOf({}, evil));
    await refused(1, ["import", bad, ...fuxi, ...common], ["asks for `os.system`"]);
    expect(readdirSync(dir)).not.toContain("ran");
  });

  it("of a number that is none is named", async () => {
    const data = Float32Array.from({ length: 6 }, (_, i) => (i === 4 ? Number.NaN : 1));
    await refused(
      1,
      ["import", changed("dnn.mlp.0.bias", { data }), ...fuxi, ...common],
      [/dnn\.mlp\.0\.bias holds NaN \(number 4 of ranking\.hidden\.0\.bias\)/],
    );
  });
});
