// The driver: which files there are, that they are valid and always the same bytes, and what bad sources give.
import { createHash } from "node:crypto";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { compile } from "../../compiler/index.ts";
import { hasher } from "../../contract/hash.ts";
import { ManifestSchema } from "../../contract/manifest.ts";
import { TableSpecSchema } from "../../contract/table-spec.ts";
import { bytesOf, compiled, smallSource, textOf } from "../kit/small-model.ts";

const manifestIn = (files: Parameters<typeof textOf>[0]) => parseYaml(textOf(files, "manifest.yaml"));

describe("the artefacts", () => {
  const { files, manifest } = compiled();

  it("are what artifacts.md lists, manifest.yaml last", () => {
    expect(files.map(({ path }) => path).sort()).toEqual(
      [
        ...[
          "explain",
          "explain_fresh",
          "kernel_head",
          "kernel_query",
          "kernel_user",
          "kernel_user_fresh",
          "oracle",
          "projector",
          "rank",
          "rank_fresh",
          "request",
          "request_fresh",
          "search",
        ].map((graph) => `${graph}.onnx`),
        "manifest.json",
        "manifest.yaml",
        "parity.safetensors",
        "parity.small.safetensors",
        "tables/video_keys.yaml",
        ...["oracle", "score", "search", "step", "update"].map((graph) => `train/${graph}.onnx`),
        "vocabularies/item.topics.jsonl",
        "weights.safetensors",
      ].sort(),
    );
    expect(files.slice(-2).map(({ path }) => path)).toEqual(["manifest.json", "manifest.yaml"]);
  });

  it("are the same bytes each time, and with any digest", () => {
    const digest = () => {
      const hash = createHash("sha256");
      return { update: (data: Uint8Array) => void hash.update(data), hex: () => hash.digest("hex") };
    };
    const again = compiled(undefined, { digest });
    for (const [index, file] of files.entries()) {
      expect(again.files[index].sha256).toBe(file.sha256);
      expect(Buffer.from(bytesOf(again.files[index])).equals(bytesOf(file)), file.path).toBe(true);
    }
  });

  it("are for training its graphs, vocabularies and weights alone, the same bytes, under the same contract", () => {
    const training = compiled(undefined, { only: "training" });
    const due = files.filter(({ path }) => !/^[^/]*\.onnx$|^parity|^manifest/.test(path));
    expect(training.files.slice(0, -2).map(({ path, sha256 }) => [path, sha256])).toEqual(
      due.map(({ path, sha256 }) => [path, sha256]),
    );
    const { files: listed, checksum: _, ...said } = training.manifest!;
    const { files: all, checksum: __, ...whole } = manifest!;
    expect(said).toEqual(whole);
    expect(
      Object.keys(listed).every((path) => path === "manifest.json" || listed[path].sha256 === all[path].sha256),
    ).toBe(true);
  });

  it("are listed in the manifest with their lengths and digests, and tensors with a hash a MiB", async () => {
    const hash = await hasher();
    const { files: listed } = manifestIn(files);
    expect(Object.keys(listed)).toEqual(files.slice(0, -1).map(({ path }) => path));
    for (const file of files.slice(0, -1)) {
      const bytes = bytesOf(file);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const blocks = Array.from({ length: Math.ceil(bytes.length / 2 ** 20) }, (_, i) =>
        hash
          .bytes(bytes.subarray(i * 2 ** 20, (i + 1) * 2 ** 20))
          .toString(16)
          .padStart(16, "0"),
      );
      const hashed = file.path.endsWith(".safetensors") ? { blocks: blocks.join("") } : {};
      expect(listed[file.path], file.path).toEqual({ bytes: bytes.length, sha256, ...hashed });
    }
  });

  it("have a manifest and table specs that their schemas accept", () => {
    const read = manifestIn(files);
    expect(v.parse(ManifestSchema, read)).toEqual(read);
    const text = textOf(files, "manifest.yaml");
    const before = text.slice(0, text.lastIndexOf("checksum: "));
    const checksum = `sha256:${createHash("sha256").update(before).digest("hex")}`;
    expect(read).toEqual({ ...manifest, checksum });
    expect(v.parse(TableSpecSchema, parseYaml(textOf(files, "tables/video_keys.yaml")))).toMatchObject({
      key: { feature: "video", type: "int64" },
      row: {
        layout: ["heads", "dim"],
        parts: [
          { of: { kind: "keys", metric: "relevance" }, heads: 2, dim: 4 },
          { of: { kind: "values", attend: "interest" }, heads: 2, dim: 4 },
        ],
        precision: "uint8",
        bytes: 8 + 8 + 4 * 8,
      },
      producer: {
        graph: "projector.onnx",
        output: "video_keys",
        fingerprint: manifest.fingerprints.producer.video_keys,
      },
      metrics: { relevance: { fingerprint: manifest.fingerprints.metric.relevance } },
      size: { rows: 40, bytes: 40 * 48 },
    });
  });

  it("hold the vocabulary in row order, under a header", () => {
    expect(textOf(files, "vocabularies/item.topics.jsonl")).toBe(
      '{"format":1,"feature":"item.topics","entries":3}\n"drama"\n"comedy"\n"5"\n',
    );
  });

  it("explain every port, and say how long a history has to be", () => {
    for (const graph of Object.values(manifest.graphs)) {
      for (const port of [...graph!.inputs, ...graph!.outputs]) {
        expect(port.meaning.length).toBeGreaterThan(10);
      }
    }
    expect(manifest.histories).toEqual([
      { name: "watched", max: 50, minimum: 8, cross: ["watched.ago", "watched.liked"] },
    ]);
    expect(manifest.graphs.rank!.keys).toBe("cached");
    expect(manifest.graphs.rank_fresh!.keys).toBe("fresh");
    expect(manifest.searches[0]).toMatchObject({ kept: "kept", table: "video_keys", scores: "scores" });
  });
});

describe("the plan", () => {
  it("keeps large tables outside and says why, and drops the request graph with an item table", () => {
    const { manifest } = compiled(undefined, { outsideAbove: 600 });
    const outside = manifest.embeddings.filter(({ placement }) => placement.kind === "outside");
    expect(outside).toEqual([
      {
        parameter: "item.video.table",
        rows: 41,
        dim: 4,
        readers: ["item.video"],
        placement: { kind: "outside", input: "item.video.rows" },
      },
    ]);
    expect(manifest.graphs.request).toBeUndefined();
    expect(manifest.graphs.rank!.inputs.map(({ name }) => name)).toContain("item.video.rows");
    expect(manifest.plan[0]).toEqual({
      choice: "item.video.table is outside: its rows come in as item.video.rows",
      because: "it has 656 bytes, and tables above 600 bytes are kept outside",
    });
  });

  it("does as it is told", () => {
    const placed = (outside: "all" | "none") =>
      compiled(undefined, { outside, outsideAbove: 1 }).manifest.embeddings.filter(
        ({ placement }) => placement.kind === "outside",
      );
    expect(placed("none")).toEqual([]);
    expect(placed("all").map(({ parameter }) => parameter)).toEqual([
      "item.video.table",
      "item.author.table",
      "item.topics.table",
    ]);
  });

  it("does not change a fingerprint", () => {
    expect(compiled(undefined, { outside: "all" }).manifest.fingerprints).toEqual(compiled().manifest.fingerprints);
  });

  it("says which vocabularies nobody learned", () => {
    const { manifest } = compiled(undefined, { vocabularies: new Map() });
    expect(manifest.vocabularies).toEqual([
      { name: "item.topics", file: "vocabularies/item.topics.jsonl", entries: 0 },
    ]);
    expect(manifest.plan.map(({ choice }) => choice).join()).toContain("the vocabulary of item.topics is empty");
  });
});

describe("sources that cannot be built", () => {
  const run = (text: string, maxBytes?: number) =>
    compile("small.twin", { version: "1", resolve: () => text, ...(maxBytes !== undefined && { maxBytes }) });

  it.each([
    ["a mistake", smallSource.replace("by: relevance", "by: relevence"), "unknown-name"],
    ["a syntax error", smallSource.replace("model small", "model small }"), ""],
  ])("give diagnostics and no files: %s", (_, text, code) => {
    const { diagnostics, files, manifest } = run(text);
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    expect(errors.length).toBeGreaterThan(0);
    if (code !== "") {
      expect(errors.map((error) => error.code)).toContain(code);
    }
    expect(files).toEqual([]);
    expect(manifest).toBeNull();
  });

  it("are refused above an explicit limit", () => {
    const { diagnostics, files } = run(smallSource, 1000);
    expect(diagnostics.map(({ code }) => code)).toContain("too-large");
    expect(files).toEqual([]);
  });
});
