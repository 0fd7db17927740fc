// Bad `.twin` files on the command line: each a clear diagnostic with place and way out, exit code 1, no trace, no hang.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { random } from "../../contract/random.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { refused, twin } from "../kit/cli.ts";

afterAll(cleanUp);

function file(name: string, content: string | Uint8Array): string {
  const path = join(temporary(), name);
  writeFileSync(path, content);
  return path;
}

/** Every verb that reads a model. */
const readers = (path: string): string[][] => [
  ["check", path],
  ["format", "--check", path],
  ["show", "ast", path],
  ["show", "cost", path],
  ["build", path, "-o", join(temporary(), "out")],
];

const valid = `model small
item {
  video: id(vocab: 10, dim: 4, key: true)
}
tower ranking {
  input:  [item]
  hidden: [4]
  predict { click: binary }
}
`;

describe("text that is no model", () => {
  it("refuses a file in another encoding in every verb, and leaves it as it is", async () => {
    const latin1 = Buffer.from(`// caf\xe9 \xca\xd6\xbb\xfa\n${valid.replace("  hidden", "      hidden")}`, "latin1");
    const path = file("latin1.twin", latin1);
    const ast = ["show", "ast", path];
    expect((await twin(ast)).stderr).toContain("error[not-text]");
    for (const args of [...readers(path).filter((one) => one[1] !== "ast"), ["format", path]]) {
      await refused(1, args, [/error\[not-text\]/, /latin1\.twin:1:7/, /0xe9/, /UTF-8/]);
    }
    expect(readFileSync(path)).toEqual(latin1);
  });

  it("refuses a broken file in every verb, with the line", async () => {
    const path = file("broken.twin", valid.replace("dim: 4", "dim 4"));
    for (const args of readers(path)) {
      await refused(1, args, [/error\[[a-z-]+\]/, "broken.twin:3:"], args.includes("ast") ? /./ : /^$/);
    }
  });

  it("refuses random bytes in every verb", async () => {
    const draw = random(7, 1);
    const path = file(
      "random.twin",
      Uint8Array.from({ length: 5000 }, () => draw.below(256)),
    );
    for (const args of readers(path)) {
      await refused(1, args, [/error\[[a-z-]+\]/, /random\.twin:\d+:\d+/], args.includes("ast") ? /^/ : /^$/);
    }
  });

  it("refuses an empty file that is to be built, and text in UTF-16", async () => {
    await refused(1, ["build", file("empty.twin", ""), "-o", join(temporary(), "out")], ["empty.twin"]);
    await refused(1, ["check", file("wide.twin", Buffer.from(`\ufeff${valid}`, "utf16le"))], [/wide\.twin:\d+:\d+/]);
  });

  it("refuses a file of 50 MB without reading through it", async () => {
    const path = file("large.twin", Buffer.alloc(50_000_000, valid));
    for (const args of readers(path)) {
      const start = performance.now();
      await refused(1, args, ["large.twin", /too large|at most/], args.includes("ast") ? /^/ : /^$/);
      expect(performance.now() - start).toBeLessThan(20_000);
    }
  });

  it("reports 10,000 errors in one run", async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `  f${i}: idd(vocab: 10, dim: 4)`);
    const path = file("many.twin", `model many\nitem {\n${lines.join("\n")}\n}\n`);
    const { stdout } = await twin(["check", "--json", path]);
    const found = JSON.parse(stdout) as { code: string; primary: { start: { line: number } } }[];
    expect(found.filter(({ primary }) => primary.start.line > 2).length).toBeGreaterThanOrEqual(10_000);
    const start = performance.now();
    await refused(1, ["check", path], ["many.twin:3:", /and 9,9\d\d errors more/]);
    expect(performance.now() - start).toBeLessThan(30_000);
  });
});

describe("imports", () => {
  it("refuses a cycle and shows it", async () => {
    const folder = temporary();
    writeFileSync(join(folder, "a.twin"), `import "./b.twin"\n${valid}`);
    writeFileSync(join(folder, "b.twin"), 'import "./c.twin"\n');
    writeFileSync(join(folder, "c.twin"), 'import "./b.twin"\n');
    await refused(1, ["check", join(folder, "a.twin")], ["error[import-cycle]", /[bc]\.twin:1:/]);
  });

  it("refuses what lies outside the model's folder: by .., by an absolute path, by a link", async () => {
    const folder = temporary();
    const inner = join(folder, "inner");
    mkdirSync(inner);
    writeFileSync(join(folder, "secret.twin"), "user {\n  age: flag(dim: 4)\n}\n");
    symlinkSync(join(folder, "secret.twin"), join(inner, "link.twin"));
    symlinkSync(folder, join(inner, "up"));
    for (const target of ["../secret.twin", join(folder, "secret.twin"), "./link.twin", "./up/secret.twin"]) {
      const path = join(inner, "main.twin");
      writeFileSync(path, valid.replace("model small\n", `model small\nimport "${target}"\n`));
      const { stderr } = await refused(1, ["check", path], [/main\.twin:2:/]);
      expect(stderr, target).toMatch(/import-outside|leads out of the model's folder/);
    }
  });

  it("says that an imported file is missing, or a folder, and where it is imported", async () => {
    const folder = temporary();
    mkdirSync(join(folder, "dir.twin"));
    const path = join(folder, "main.twin");
    for (const [name, why] of [
      ["none.twin", "no such file"],
      ["dir.twin", "folder"],
    ]) {
      writeFileSync(path, valid.replace("model small\n", `model small\nimport "./${name}"\n`));
      await refused(1, ["check", path], [/main\.twin:2:/, why]);
    }
  });
});

describe("wrong use", () => {
  it.each([
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["chekc", "x.twin"], /Did you mean check\?/],
    [["check", "--frob", "x.twin"], /unknown option '--frob'/],
    [["check"], /missing required argument 'file'/],
    [["build", "x.twin"], /-o, --output/],
    [["build", "x.twin", "-o", "out", "--seed", "minus"], /whole number/],
    [["build", "x.twin", "-o", "out", "--embeddings", "sideways"], /auto, inside, outside/],
    [["show", "everything", "x.twin"], /`show` knows ast, model, graph, cost/],
    [["show", "constructor", "x.twin"], /`show` knows ast, model, graph, cost/],
    [["explain", "unknwn-setting"], /did you mean `unknown-setting`\?/],
    [["table", "build", "dir"], /--data data\.yaml, or --from-store/],
    [["table", "burn", "dir"], /unknown command 'burn'/],
    [["evaluate", "dir"], /--self-test/],
    [["rank", "dir", "--request", "r.json", "--providers", "gpu"], /`gpu` is no execution provider; known: cpu, cuda/],
    [["rank", "dir", "--request", "r.json", "--providers", "cpu,"], /an empty name is no execution provider/],
    [["rank", "dir", "--request", "r.json", "--max-staleness", "soon"], /soon.*15min/],
    [["rank", "dir", "--request", "r.json", "--threads", "0"], /threads.*from 1 on/],
  ])("%j exits with 2 and says what would be right", async (args, pattern) => {
    const path = file("x.twin", valid);
    const request = file("r.json", "{}");
    const full = args.map((word) => (word === "x.twin" ? path : word === "r.json" ? request : word));
    await refused(2, full, [pattern]);
  });
});
