// What a port, a feature or a label is, its record says (`source`, `result`, `group`): nobody tells it from the spelling of a name.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Where names come from elsewhere, or are of a form that the file itself gives them. */
const allowed: Readonly<Record<string, string>> = {
  "contract/manifest-upgrade.ts": "manifests of earlier versions say it by names alone",
  "contract/parity-place.ts": "reads the names that it writes",
  "contract/port-names.ts": "manifests of earlier versions say it by names alone",
  "runtime/data/bound-rows.ts": "keys of nested data, as data.yaml writes them",
  "runtime/data/check/check.ts": "without a model nothing but data.yaml says what is a label",
  "runtime/import/fuxictr.ts": "arrays are called as FuxiCTR calls them",
  "runtime/session/session-node.ts": "a session's own name: graph and stored type",
};

const ends = /^\.(valid|logit|scale|kept|scores|rows|weights|metric|bias|item|time)$/;
const begins = /^(item|candidate|user|context|cross|predict)\.$/;

/** Lines on which a name is tested by what it begins or ends with, or cut at its dots. */
function testsByName(path: string, code: string): number[] {
  const found: number[] = [];
  new Visitor({
    CallExpression({ callee, arguments: [first], start }) {
      if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier" || first === undefined) {
        return;
      }
      const method = callee.property.name;
      const literal = first.type === "Literal" && typeof first.value === "string" ? first.value : null;
      const quasis = first.type === "TemplateLiteral" ? first.quasis.map(({ value }) => value.raw) : [];
      const bad =
        (method === "endsWith" && literal !== null && ends.test(literal)) ||
        (method === "startsWith" && literal !== null && begins.test(literal)) ||
        (method === "startsWith" && quasis.length > 1 && quasis[0] === "" && quasis.at(-1) === ".") ||
        (method === "endsWith" && quasis.length > 1 && quasis[0] === "." && quasis.at(-1) === "") ||
        (method === "split" && literal === "." && !path.startsWith("compiler/"));
      if (bad) {
        found.push(code.slice(0, start).split("\n").length);
      }
    },
  }).visit(parseSync(path, code).program);
  return found;
}

const rooms = ["contract", "compiler", "runtime", "cli"];

describe("names of ports, features and labels", () => {
  it("are tested by their spelling nowhere", () => {
    const sources = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", ...rooms], {
      cwd: root,
      encoding: "utf8",
    })
      .split("\n")
      .filter((path) => path.endsWith(".ts") && existsSync(join(root, path)));
    const hits = sources.flatMap((path) =>
      testsByName(path, readFileSync(join(root, path), "utf8")).map((line) => ({ path, line })),
    );
    expect(hits.filter(({ path }) => !Object.hasOwn(allowed, path))).toEqual([]);
    expect(Object.keys(allowed).filter((path) => !hits.some((hit) => hit.path === path))).toEqual([]);
  });

  it.each([
    'if (name.endsWith(".valid")) {}',
    'const group = feature.startsWith("item.");',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a piece of a source
    "const own = names.find((one) => one.startsWith(`${history}.`));",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a piece of a source
    "const own = names.find((one) => one.endsWith(`.${feature}`));",
    'const [history] = port.name.split(".");',
  ])("would be told of `%s`", (code) => {
    expect(testsByName("runtime/x.ts", code)).toEqual([1]);
  });

  it.each([
    'if (file.endsWith(".safetensors")) {}',
    'const rest = version.split("-");',
    'const part = port.source.kind === "valid";',
  ])("are not seen in `%s`", (code) => {
    expect(testsByName("runtime/x.ts", code)).toEqual([]);
  });
});
