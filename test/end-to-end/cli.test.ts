// Every verb of the command line on a small example: what it prints where, and its exit code.

import { copyFileSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../cli/doctor-probe.ts";
import { findingText } from "../../cli/verbs/doctor.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { escapes, fine, refused, root, twin } from "../kit/cli.ts";
import { ask } from "../kit/database.ts";
import { type ExampleBuild, exampleBuild } from "../kit/example-build.ts";

const tiny = (train: string) => `model tiny

item {
  video: id(vocab: 10, dim: 4, key: true)
}

tower ranking {
  input:  [item]
  hidden: [4]

  predict {
    click: binary
  }
}

${train}`;

let example: ExampleBuild;
beforeAll(async () => {
  example = await exampleBuild();
});
afterAll(cleanUp);

describe("check", () => {
  it("applies the safe fixes with --fix, says which, and keeps mode and links", async () => {
    const folder = temporary();
    const [file, link] = [join(folder, "tiny.twin"), join(folder, "link.twin")];
    const sound = tiny("");
    writeFileSync(file, `\uFEFF${sound}`.replace("dim: 4", "dim 4").replace("binary", "binray"), { mode: 0o640 });
    symlinkSync(file, link);
    const before = readFileSync(file);
    const { stderr } = await refused(1, ["check", link], []);
    expect(stderr).toContain("one of these has a fix that `twin check --fix` applies\n");
    expect(readFileSync(file)).toEqual(before);
    const { stdout } = await fine(["check", "--fix", link]);
    expect(stdout).toBe(
      [
        `${link}:4:27: Write a colon (missing-colon)`,
        `${link}:12:12: Write \`binary\` (unknown-name)`,
        `${link}: 2 fixes applied`,
        `${link}: model tiny, no errors\n`,
      ].join("\n"),
    );
    expect(readFileSync(file, "utf8")).toBe(`\uFEFF${sound}`);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it("with --fix --json, prints what it did and what is left with its fixes", async () => {
    const file = join(temporary(), "tiny.twin");
    writeFileSync(file, tiny("train { batch: 1 batch: 2 epohcs: 1 }\n"));
    const { stdout } = await refused(1, ["check", "--fix", "--json", file], [], /given-twice/, {});
    const { fixed, diagnostics } = JSON.parse(stdout);
    expect(fixed).toEqual([{ file, code: "unknown-setting", title: "Write `epochs`", line: 16, column: 27 }]);
    expect(diagnostics).toMatchObject([
      {
        file,
        code: "given-twice",
        fixes: [{ title: "Leave this out", safe: false, edits: [{ path: file, text: "" }] }],
      },
    ]);
    expect(readFileSync(file, "utf8")).toContain("batch: 1 batch: 2 epochs: 1");
  });

  it("says that a model and a library have no errors", async () => {
    const library = join(example.folder, "features.twin");
    const { stdout, stderr } = await fine(["check", example.model, library], {});
    expect(stdout).toBe(`${example.model}: model twin, no errors\n${library}: a library, no errors\n`);
    expect(stderr).toBe("");
  });

  it("reports every file's mistakes in one run, and the sound ones on stdout", async () => {
    const wrong = join(temporary(), "wrong.twin");
    writeFileSync(wrong, readFileSync(join(root, "test/bad/unknown-setting.twin")));
    const { stderr } = await refused(
      1,
      ["check", wrong, example.model, join(example.folder, "none.twin")],
      [],
      /^\S+twin\.twin: model twin, no errors\n$/,
    );
    expect(stderr).toContain("error[unknown-setting]");
    expect(stderr).toContain("error[missing-file]");
  });

  it("prints JSON for programs: places, texts, exit code 1 where there are errors", async () => {
    expect(JSON.parse((await fine(["check", "--json", example.model])).stdout)).toEqual([]);
    const wrong = join(root, "test/bad/unknown-setting.twin");
    const { stdout } = await refused(1, ["check", "--json", wrong, example.model], [], /unknown-setting/, {});
    const [first] = JSON.parse(stdout);
    expect(first).toMatchObject({ file: wrong, code: "unknown-setting", severity: "error" });
    expect(first.primary.path).toBe(wrong);
    expect(first.primary.start.line).toBeGreaterThan(0);
    expect(first.primary.start.offset).toBeLessThan(first.primary.end.offset);
    expect(first.primary.text.length).toBeGreaterThan(0);
  });

  it("gives no escape codes where nobody reads a terminal, whatever the environment says", async () => {
    const wrong = join(root, "test/bad/unknown-setting.twin");
    for (const env of [{ FORCE_COLOR: "1" }, { NO_COLOR: "1" }, { CI: "1" }, { TERM: "xterm-256color" }]) {
      expect((await twin(["check", wrong], { env })).stderr).not.toMatch(escapes);
    }
  });
});

describe("format", () => {
  it("leaves the canonical layout alone, and writes it where it is not", async () => {
    const file = join(temporary(), "model.twin");
    copyFileSync(join(root, "models/mean.twin"), file);
    const canonical = readFileSync(file, "utf8");
    await fine(["format", "--check", file]);
    const loose = canonical.replaceAll(/^ {2}/gm, "       ");
    writeFileSync(file, loose);
    await refused(1, ["format", "--check", file], [/not in the canonical layout.*twin format/]);
    expect(readFileSync(file, "utf8")).toBe(loose);
    await fine(["format", file]);
    expect(readFileSync(file, "utf8")).toBe(canonical);
  });
});

describe("show and explain", () => {
  it.each(["ast", "model", "graph", "cost", "parameters", "diagram", "kernel"])("shows the %s", async (what) => {
    const { stdout, stderr } = await fine(["show", what, example.model]);
    expect(stdout.length).toBeGreaterThan(200);
    expect(stderr).toBe("");
  });

  it("shows cost and parameters as JSON, and a single graph", async () => {
    const cost = JSON.parse((await fine(["show", "cost", example.model, "--candidates", "7", "--json"])).stdout);
    expect(JSON.stringify(cost)).toContain("7");
    expect(JSON.parse((await fine(["show", "parameters", example.model, "--json"])).stdout).length).toBeGreaterThan(10);
    const search = (await fine(["show", "graph", example.model, "--graph", "search"])).stdout;
    expect(search.length).toBeLessThan((await fine(["show", "graph", example.model])).stdout.length);
  });

  it("shows graphs and kernel as a build has them whose tables are large: outside", async () => {
    const folder = temporary();
    const file = join(folder, "large.twin");
    const small = readFileSync(join(root, "models/features.twin"), "utf8");
    const features = small.replace(/author_id: hashed\(buckets: \d+k/, "author_id: hashed(buckets: 40M");
    expect(features).not.toBe(small);
    writeFileSync(join(folder, "features.twin"), features);
    writeFileSync(file, readFileSync(join(root, "models/twin.twin"), "utf8"));
    const rows = "input item.author_id.rows";
    for (const what of ["graph", "kernel"]) {
      expect((await fine(["show", what, file])).stdout).toContain(rows);
      expect((await fine(["show", what, join(root, "models/twin.twin")])).stdout).not.toContain(rows);
    }
  });

  it("explains a diagnostic", async () => {
    expect((await fine(["explain", "unknown-setting"])).stdout).toContain("unknown-setting");
  });
});

describe("build and diff", () => {
  it("has built every artefact and says so", async () => {
    for (const name of ["manifest.yaml", "search.onnx", "rank.onnx", "weights.safetensors", "tables/video_keys.yaml"]) {
      expect(existsSync(join(example.dir, name)), name).toBe(true);
    }
    const again = join(temporary(), "again");
    const { stdout } = await fine(["build", example.model, "-o", again, "--data", example.data]);
    expect(stdout).toContain("model twin, untrained (start values)");
    for (const name of ["manifest.yaml", "request.onnx", "weights.safetensors"]) {
      expect(readFileSync(join(again, name)).equals(readFileSync(join(example.dir, name))), name).toBe(true);
    }
  });

  it("takes the start values' seed from the model, and --seed before it", async () => {
    const folder = temporary();
    const weights = async (name: string, seed: string, ...args: string[]) => {
      writeFileSync(join(folder, "seeded.twin"), tiny(seed));
      await fine(["build", join(folder, "seeded.twin"), "-o", join(folder, name), ...args]);
      return readFileSync(join(folder, name, "weights.safetensors"));
    };
    const [first, fifth] = [await weights("first", ""), await weights("fifth", "train {\n  seed: 5\n}\n")];
    expect(fifth.equals(first)).toBe(false);
    expect((await weights("told", "", "--seed", "5")).equals(fifth)).toBe(true);
    expect((await weights("over", "train {\n  seed: 5\n}\n", "--seed", "1")).equals(first)).toBe(true);
  });

  it("exits with 0 where nothing must be redone, with 1 where something must", async () => {
    const { stdout } = await fine(["diff", example.dir, example.model]);
    expect(stdout).not.toBe("");
    expect(JSON.parse((await fine(["diff", example.dir, example.model, "--json"])).stdout).redo).toBe(false);
    const folder = temporary();
    copyFileSync(join(example.folder, "features.twin"), join(folder, "features.twin"));
    const changed = join(folder, "twin.twin");
    writeFileSync(changed, readFileSync(example.model, "utf8").replace("heads: 4", "heads: 2"));
    await refused(1, ["diff", example.dir, changed], [], /video_keys/);
  });

  it("keeps the built tables of the folder when it builds again", async () => {
    await fine(["build", example.model, "-o", example.dir, "--data", example.data]);
    const { stdout } = await fine(["table", "verify", example.dir]);
    expect(stdout).toMatch(/sound {4}table video_keys/);
    expect(stdout).not.toMatch(/damaged|refused/);
  });
});

describe("tables, ranking, scores", () => {
  it("builds and verifies tables, from the items and from the store", async () => {
    const first = JSON.parse(
      (await fine(["table", "build", example.dir, "--data", example.data, "--json"])).stdout,
    ) as Record<string, unknown>;
    expect(first).toMatchObject({ items: 300 });
    const second = await fine(["table", "build", example.dir, "--from-store"]);
    expect(second.stdout).toContain(`generation ${Number(first.generation) + 1}, 300 items`);
    expect(JSON.parse((await fine(["table", "verify", example.dir, "--json"])).stdout)).toMatchObject({ sound: true });
  });

  it("ranks: results on stdout, notes on stderr", async () => {
    const { stdout, stderr } = await fine(["rank", example.dir, "--request", example.request, "--top", "3"], {});
    expect(stdout.split("\n").filter((line) => /^ +\d+ {2}\d+/.test(line))).toHaveLength(3);
    expect(stderr).toContain("start values");
  });

  it("ranks what comes on standard input", async () => {
    const words = ["rank", example.dir, "--top", "3", "--request"];
    const { stdout } = await fine([...words, example.request]);
    expect((await fine([...words, "-"], { input: readFileSync(example.request, "utf8") })).stdout).toBe(stdout);
    await refused(1, [...words, "-"], ["standard input is no JSON"], null, { input: "{" });
  });

  it("ranks and explains as JSON", async () => {
    const args = ["rank", example.dir, "--request", example.request, "--explain", "--json"];
    const result = JSON.parse((await fine(args)).stdout);
    expect(result.scores.click).toHaveLength(20);
    expect(result.explanations).toHaveLength(20);
    const text = await fine([...args.slice(0, -1), "--top", "1"]);
    expect(text.stdout).toContain("score = metric + bias");
  });

  it("warns of a provider that cannot be had, and goes on with the next", async () => {
    const plain = await fine(["rank", example.dir, "--request", example.request]);
    const asked = await fine(["rank", example.dir, "--request", example.request, "--providers", "dml,cpu"]);
    expect(asked.stderr).toMatch(/warning: execution provider dml cannot be had here .* runs on cpu/);
    expect(asked.stdout).toBe(plain.stdout);
    const { providers, kernel } = JSON.parse((await fine(["doctor", "--json"], {})).stdout);
    expect(kernel).toMatchObject({ runs: true, reason: "", lanes: Math.min(2, availableParallelism()) });
    const runs = providers.find(({ provider }: { provider: string }) => provider === "cuda").runs as boolean;
    const cuda = await fine(["rank", example.dir, "--request", example.request, "--providers", "cuda,cpu"], {});
    expect(/warning: execution provider cuda cannot be had here.* To have cuda: /.test(cuda.stderr)).toBe(!runs);
    const args = ["table", "build", example.dir, "--data", example.data, "--providers"];
    const built = await fine([...args, "cuda"], {});
    expect(/warning: execution provider cuda cannot be had here.*projector.onnx runs on cpu/.test(built.stderr)).toBe(
      !runs,
    );
    const self = await fine(["evaluate", example.dir, "--self-test", "--requests", "2", "--providers", "dml"]);
    expect(self.stderr).toMatch(/warning: execution provider dml cannot be had here/);
    await refused(2, [...args, "gpu"], ["`gpu` is no execution provider"]);
  });

  it("scores every row of a data set, readable by DuckDB", async () => {
    const file = join(temporary(), "scores.parquet");
    const { stdout } = await fine(["score", example.dir, "--data", example.data, "-o", file]);
    expect(stdout).toContain("1200 rows");
    const [row] = await ask(
      `SELECT count(*)::INT AS n, count(DISTINCT "row")::INT AS different, min("click.score") AS least, max("click.score") AS most, count("click.label")::INT AS labels FROM '${file}'`,
    );
    expect(row).toMatchObject({ n: 1200, different: 1200 });
    expect(row.least as number).toBeGreaterThan(0);
    expect(row.most as number).toBeLessThan(1);
    expect(row.labels as number).toBeGreaterThan(0);
  });

  it("proves itself", async () => {
    const { stdout } = await fine(["evaluate", example.dir, "--self-test", "--requests", "3"]);
    expect(stdout).toMatch(/oracle|parity/);
    const report = await fine(["evaluate", example.dir, "--self-test", "--requests", "2", "--json"]);
    expect(JSON.parse(report.stdout).passed).toBe(true);
  });
});

describe("the rest", () => {
  it("says which execution providers run", async () => {
    const report: { providers: Finding[] } = JSON.parse((await fine(["doctor", "--json"])).stdout);
    const of = (name: string) => report.providers.find(({ provider }) => provider === name);
    expect(of("cpu")).toMatchObject({
      runs: true,
      reason: "",
      remedy: null,
      nodes: { there: 3, all: 3 },
      tested: true,
    });
    expect(of("cpu")?.device).toMatch(/cores$/);
    expect(of("cpu")?.milliseconds?.run).toBeGreaterThan(0);
    for (const { provider, runs, reason, remedy } of report.providers) {
      expect([provider, reason === ""]).toEqual([provider, runs]);
      expect(runs && remedy !== null, provider).toBe(false);
    }
    const { stdout } = await fine(["doctor"]);
    expect(stdout).toMatch(
      /^cpu +runs\n +.*cores\n +nodes on the device: 3 of 3; opened in [\d.]+ ms, a run in [\d.]+ ms$/m,
    );
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    const cuda = of("cuda");
    if (cuda !== undefined) {
      expect(cuda.tested).toBe(false);
      expect(stdout).toContain("untested: no test of Twin has run its graphs on this provider");
    }
  });

  it("calls a provider that ran some nodes elsewhere, or gave wrong numbers, one that does not run", () => {
    const found: Finding = {
      provider: "cuda",
      runs: false,
      reason: "1 of 3 nodes ran elsewhere",
      remedy: null,
      device: "NVIDIA H100",
      nodes: { there: 2, all: 3 },
      milliseconds: { open: 12, run: 0.5 },
      tested: false,
    };
    expect(findingText(found)).toBe(
      [
        "cuda      does not run",
        "          1 of 3 nodes ran elsewhere",
        "          NVIDIA H100",
        "          nodes on the device: 2 of 3; opened in 12.0 ms, a run in 0.50 ms",
        "          untested: no test of Twin has run its graphs on this provider",
      ].join("\n"),
    );
  });

  it("prints help and version on stdout with exit code 0", async () => {
    expect((await fine(["--help"])).stdout).toContain("quickstart");
    expect((await fine(["rank", "--help"])).stdout).toContain("--explain");
    expect((await fine(["--version"], {})).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
