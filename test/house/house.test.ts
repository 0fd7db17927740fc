// The house rules that a test can check: who imports whom, sizes, names, first lines, what must never be committed.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 1 << 26,
})
  .split("\n")
  .filter((path) => path !== "");
const sources = tracked.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
const text = new Map(tracked.map((path) => [path, read(path)]));

function read(path: string): string {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return ""; // deleted in the working tree, not yet in the index
  }
}

const room = (path: string) => path.split("/")[0];

/** Relative imports of a source, as paths from the root; `typeOnly` where the whole import is `import type`. */
function imports(path: string): { target: string; typeOnly: boolean }[] {
  const found = [];
  const pattern = /^\s*(import|export)\s+(type\s+)?(?:[^;"']*?\sfrom\s+)?["'](\.{1,2}\/[^"']+)["']/gm;
  for (const match of text.get(path)!.matchAll(pattern))
    found.push({ target: relative(root, join(root, dirname(path), match[3])), typeOnly: match[2] !== undefined });
  const dynamic = /\bimport\(\s*["'](\.{1,2}\/[^"']+)["']\s*\)/g;
  for (const match of text.get(path)!.matchAll(dynamic))
    found.push({ target: relative(root, join(root, dirname(path), match[1])), typeOnly: false });
  return found;
}

const product = sources.filter((path) => ["grammar", "compiler", "runtime", "cli"].includes(room(path)));

describe("who may import whom", () => {
  const everything = ["grammar", "compiler", "runtime", "cli"];
  const allowed: Record<string, readonly string[]> = {
    grammar: ["grammar"],
    compiler: ["compiler", "grammar"],
    runtime: ["runtime"],
    cli: everything,
  };
  /** Pure format code of the runtime that the compiler may call: docs/decisions/0003. */
  const shared = ["runtime/safetensors.ts", "runtime/record.ts", "runtime/block-hashes.ts", "runtime/hash.ts"];
  /** Texts of others on a terminal: one printer for all rooms. */
  const printer = "grammar/width.ts";

  it("keeps the rooms apart", () => {
    const wrong = product.flatMap((path) =>
      imports(path)
        .filter(({ target, typeOnly }) => {
          if (room(path) === "runtime" && target === printer) return false;
          if (allowed[room(path)].includes(room(target))) return false;
          if (room(path) === "compiler" && room(target) === "runtime") return !typeOnly && !shared.includes(target);
          return true;
        })
        .map(({ target }) => `${path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("keeps grammar and compiler pure", () => {
    const impure = product.filter(
      (path) =>
        ["grammar", "compiler"].includes(room(path)) &&
        /from\s+["']node:|\bconsole\.[a-z]|\bprocess\.[a-z]|\bDate\.now\(|\bMath\.random\(/.test(text.get(path)!),
    );
    expect(impure).toEqual([]);
  });

  it("keeps protobuf in one file and DuckDB in one folder", () => {
    const users = (name: string) =>
      product.filter((path) => new RegExp(`from\\s+["']${name}["']`).test(text.get(path)!));
    expect(users("onnx-proto")).toEqual(["compiler/emit/onnx.ts"]);
    expect(users("@duckdb/node-api").filter((path) => !path.startsWith("runtime/data/"))).toEqual([]);
    // One place opens a database, and seals it.
    expect(product.filter((path) => /DuckDBInstance\.(create|fromCache)/.test(text.get(path)!))).toEqual([
      "runtime/data/source.ts",
    ]);
  });

  it("has no import cycles", () => {
    const state = new Map<string, "open" | "done">();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]) => {
      if (state.get(path) === "done") return;
      if (state.get(path) === "open") {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
        return;
      }
      state.set(path, "open");
      for (const { target, typeOnly } of imports(path))
        if (!typeOnly && text.has(target)) visit(target, [...trail, path]);
      state.set(path, "done");
    };
    for (const path of sources) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

describe("names from outside", () => {
  /** Code without comments and texts; a text within a text first. */
  const bare = (path: string): string => {
    let code = text
      .get(path)!
      .replaceAll(/\/\*[\s\S]*?\*\//g, "")
      .replaceAll(/^\s*\/\/.*$/gm, "")
      .replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""');
    for (let before = ""; before !== code; ) {
      before = code;
      code = code.replaceAll(/`(?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^{}`]|\{[^{}`]*\})*\})*`/g, '""');
    }
    return code;
  };

  it.each([
    ["a record with a prototype (runtime/record.ts has recordOf)", /\bObject\.fromEntries\(/g],
    [
      "an empty one, to be filled (emptyRecord)",
      /: (?:Record<string, [^=;{}]*> = \{\};|Readonly<Record<string, [^=;{}]*> = \{\}[,);])/g,
    ],
    [
      "a schema that loses names (runtime/named-schema.ts has named and strict)",
      /\bv\.(record\(\s*v\.(?!picklist)|strictObject\()/g,
    ],
    [
      "`in` for a name (Object.hasOwn)",
      /(?<=[\s(!])(?<!\bconst )[a-z_$][\w$]*(?:\.[\w$]+)* in (?!the\b|it\b)(?:this\.#)?[a-z_$]/g,
    ],
  ])("are never looked up among what every object inherits: %s", (_, pattern) => {
    const own = ["runtime/record.ts", "runtime/named-schema.ts"];
    const hits = product
      .filter((path) => !own.includes(path))
      .flatMap((path) => [...bare(path).matchAll(pattern)].map(([hit]) => `${path}: ${hit}`));
    expect(hits).toEqual([]);
  });
});

describe("sizes and names", () => {
  it("keeps every source within 400 lines, half of them within about 120", () => {
    const lines = (path: string) => text.get(path)!.split("\n").length - 1;
    expect(sources.filter((path) => lines(path) > 400)).toEqual([]);
    const sorted = product.map(lines).sort((a, b) => a - b);
    expect(sorted[sorted.length >> 1]).toBeLessThanOrEqual(120);
  });

  it("names files in kebab-case, and none after nothing", () => {
    const odd = sources.filter((path) => !/^[a-z0-9]+([-.][a-z0-9]+)*\.ts$/.test(basename(path)));
    expect(odd).toEqual([]);
    const empty = sources.filter((path) => /(^|\/)(utils?|helpers?|types|manager|common|misc)(\.ts|\/)/.test(path));
    expect(empty).toEqual([]);
  });

  it("says in the first line of a source what it is for", () => {
    const silent = sources.filter((path) => !/^(\/\/ \S|\/\*\*? |\/\*\*$)/.test(text.get(path)!.split("\n")[0]));
    expect(silent).toEqual([]);
  });

  it("has no top-level room that nobody named", () => {
    const rooms = new Set(tracked.filter((path) => path.includes("/")).map(room));
    const known = [".ci", "bench", "cli", "compiler", "docs", "grammar", "models", "runtime", "test"];
    expect([...rooms].filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe("what is never committed", () => {
  const own = "test/house/house.test.ts";
  it.each([
    ["work left open", /\b(TODO|FIXME|XXX)\b|\bnot implemented\b/],
    ["a test that is switched off", /\b(it|describe|test)\.(only|skip)\(/],
    ["a path of one machine", /(^|[\s"'`(=:])\/(work|home|root|Users|tmp\/[a-z])\/?[\w.-]*\//m],
    ["the host of a registry", /registry\.npmjs|files\.pythonhosted|deb\.debian\.org/],
    ["a third party's data", /^(userId|user_id),(movieId|movie_id),rating,timestamp/m],
  ])("%s", (_, pattern) => {
    const hits = tracked.filter(
      (path) => path !== own && /\.(ts|mjs|md|json|yaml|twin|txt|csv)$/.test(path) && pattern.test(text.get(path)!),
    );
    expect(hits).toEqual([]);
  });
});
