// The house rules that a test can check: who imports whom, sizes, names, first lines, what must never be committed.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { describe, expect, it } from "vitest";
import { calls } from "../../compiler/by/kinds.ts";

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
const rooms = ["contract", "grammar", "compiler", "runtime", "cli"];
const inCompiler = (folder: string) => `compiler/${folder}`;
const inRuntime = (folder: string) => `runtime/${folder}`;

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

/** Relative imports of a source, types included, as paths from the root. */
function imports(path: string): Import[] {
  const found: Import[] = [];
  const add = (source: { readonly value: unknown } | null, typeOnly: boolean) => {
    const name = String(source?.value ?? "");
    if (name.startsWith(".")) {
      found.push({ target: relative(root, join(root, dirname(path), name)), typeOnly });
    }
  };
  const { program, errors } = parseSync(path, text.get(path)!);
  if (errors.length > 0) {
    throw new Error(`${path}: ${errors[0].message}`);
  }
  new Visitor({
    ImportDeclaration: (node) => add(node.source, node.importKind === "type"),
    ExportNamedDeclaration: (node) => add(node.source, node.exportKind === "type"),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === "type"),
    ImportExpression: (node) => node.source.type === "Literal" && add(node.source, false),
    TSImportType: (node) => add(node.source, true),
  }).visit(program);
  return found;
}

const product = sources.filter((path) => rooms.includes(room(path)));

/**
 * From the ground up: a folder imports from itself and from what stands before it, types included. Folders that are not
 * named count as the one above them; a face may be named by itself.
 */
const floors = [
  "contract",
  "grammar",
  ...["diagnostics", "hints", "source", "model", "catalog", "ir", "lower", "by", "parameters", "show"].map(inCompiler),
  ...["facts", "check", "graphs", "passes", "gradient"].map(inCompiler),
  ...["train", "values", "plan", "emit"].map(inCompiler),
  "compiler",
  ...[
    "threads",
    "bytes",
    "host",
    "session",
    "vectors",
    "encode",
    "cluster",
    "stats",
    "metrics",
    "table",
    "delta",
    "kernel",
    "request",
    "twin",
  ].map(inRuntime),
  ...["projection", "learn", "hit-rate", "planted", "web", "redis", "store", "release", "serve", "capacity"].map(
    inRuntime,
  ),
  ...["data/database", "data/files", "data", "data/draft", "data/convert"].map(inRuntime),
  ...["data/prepare", "data/cluster", "data/check", "data/prepared.ts", "data/index.ts"].map(inRuntime),
  ...["train/page", "train", "build-table", "evaluate", "refresh", "import", "example"].map(inRuntime),
  "runtime",
  "cli",
];

/** Rooms whose files are each a thing of their own that all others speak of, and are imported by their names. */
const ground = [
  "threads",
  "bytes",
  "host",
  "session",
  "vectors",
  "encode",
  "cluster",
  "stats",
  "metrics",
  "table",
  "delta",
].map(inRuntime);

/** Faces beside `index.ts`, of what must be had without the rest of its room: neither may reach the database. */
const narrowFaces = ["runtime/data/prepared.ts", "runtime/evaluate/served.ts"];

/** Which floor a file stands on. */
function floor(path: string): number {
  for (let place = path; place !== "."; place = dirname(place)) {
    const found = floors.indexOf(place);
    if (found >= 0) {
      return found;
    }
  }
  throw new Error(`${path} stands on no floor: name its folder`);
}

describe("who may import whom", () => {
  it("lets every folder import from those before it only", () => {
    const upwards = product.flatMap((path) =>
      imports(path)
        .filter(({ target }) => floor(target) > floor(path))
        .map(({ target }) => `${path} → ${target}`),
    );
    expect(upwards).toEqual([]);
  });

  it("keeps the runtime apart from compiler and grammar: a server that ranks ships no parser", () => {
    const across = product.flatMap((path) =>
      imports(path)
        .filter(({ target }) => room(path) === "runtime" && !["runtime", "contract"].includes(room(target)))
        .map(({ target }) => `${path} → ${target}`),
    );
    expect(across).toEqual([]);
  });

  it("lets every room of the runtime above the ground be entered by its face only", () => {
    const inside = (path: string) => path.split("/").slice(0, 2).join("/");
    const around = product.flatMap((path) =>
      imports(path)
        .filter(({ target }) => room(target) === "runtime" && target.split("/").length > 2)
        .filter(({ target }) => inside(target) !== inside(path) && !ground.includes(inside(target)))
        .filter(({ target }) => target !== `${inside(target)}/index.ts` && !narrowFaces.includes(target))
        .map(({ target }) => `${path} → ${target}`),
    );
    expect(around).toEqual([]);
  });

  it("has a floor for every folder, and a folder for every floor", () => {
    const folders = new Set(product.map((path) => dirname(path)));
    expect(floors.filter((one) => !folders.has(one) && !sources.includes(one))).toEqual([]);
  });

  it("keeps contract, grammar and compiler pure", () => {
    const impure = product.filter(
      (path) =>
        ["contract", "grammar", "compiler"].includes(room(path)) &&
        /from\s+["']node:|\bconsole\.[a-z]|\bprocess\.[a-z]|\bDate\.now\(|\bMath\.random\(/.test(text.get(path)!),
    );
    expect(impure).toEqual([]);
  });

  it("keeps the cores free of the host: no module of Node, no helper of this machine, types neither", () => {
    const cores = [
      "threads",
      "bytes",
      "encode",
      "metrics",
      "table",
      "kernel",
      "request",
      "twin",
      "projection",
      "learn",
      "hit-rate",
      "planted",
      "web",
    ].map(inRuntime);
    const bound = product
      .filter((path) => cores.includes(dirname(path)))
      .filter(
        (path) =>
          /from\s+["']node:|\bprocess\.[a-z]|\bBuffer\b/.test(text.get(path)!) ||
          imports(path).some(({ target }) => /^runtime\/(host|session\/session-node)/.test(target)),
      );
    expect(bound).toEqual([]);
  });

  it("keeps protobuf and the client of Redis in one file each, and DuckDB in one folder", () => {
    const users = (name: string) =>
      product.filter((path) => new RegExp(`from\\s+["']${name}["']`).test(text.get(path)!));
    expect(users("onnx-proto")).toEqual(["compiler/emit/onnx.ts"]);
    expect(users("@duckdb/node-api").filter((path) => !path.startsWith("runtime/data/"))).toEqual([]);
    expect(
      [...text].filter(([path, one]) => product.includes(path) && /["']ioredis["']/.test(one)).map(([path]) => path),
    ).toEqual(["runtime/redis/client.ts"]);
    // One place opens a database, and seals it.
    expect(product.filter((path) => /DuckDBInstance\.(create|fromCache)/.test(text.get(path)!))).toEqual([
      "runtime/data/database/source.ts",
    ]);
  });

  it("asks what a stage goes by of the table of kinds only: compiler/by/", () => {
    const call = new Set<unknown>(calls.map(({ name }) => name));
    const asked = sources
      .filter((path) => [...rooms, "bench"].includes(room(path)) && dirname(path) !== "compiler/by")
      // What a build's manifest says of it is asked of the contract, likewise in one place.
      .filter((path) => path !== "contract/by-spec.ts")
      .flatMap((path) => {
        const code = text.get(path)!;
        const hits: string[] = [];
        const ofBy = (node: { readonly start: number; readonly end: number }) =>
          /\b(by|measure)\??\.kind$/.test(code.slice(node.start, node.end));
        // Tags are pooled by their mean, and metrics match the mean of nothing: a name alone is asked for by `kind`.
        const named = (node: { readonly type: string; readonly value?: unknown }, other: string) =>
          node.type === "Literal" && call.has(node.value) && /\bkind$/.test(other);
        const add = ({ start }: { readonly start: number }) =>
          hits.push(`${path}:${code.slice(0, start).split("\n").length}`);
        new Visitor({
          BinaryExpression: (node) => {
            const [left, right] = [node.left, node.right].map((one) => code.slice(one.start, one.end));
            if (ofBy(node.left) || ofBy(node.right) || named(node.left, right) || named(node.right, left)) {
              add(node);
            }
          },
          SwitchStatement: (node) => ofBy(node.discriminant) && add(node),
          MemberExpression: (node) => node.computed && ofBy(node.property) && add(node),
          ObjectPattern: (node) => {
            if (/^\{[^{}]*\bby: \{[^{}]*\bkind\b/.test(code.slice(node.start, node.end))) {
              add(node);
            }
            if (/\bkind\b/.test(code.slice(node.start, node.end)) && /^ = [\w.]*\bby;/.test(code.slice(node.end))) {
              add(node);
            }
          },
        }).visit(parseSync(path, code).program);
        return hits;
      });
    expect(asked).toEqual([]);
  });

  it("has no import cycles", () => {
    const state = new Map<string, "open" | "done">();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]) => {
      if (state.get(path) === "done") {
        return;
      }
      if (state.get(path) === "open") {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
        return;
      }
      state.set(path, "open");
      for (const { target, typeOnly } of imports(path)) {
        if (!typeOnly && text.has(target)) {
          visit(target, [...trail, path]);
        }
      }
      state.set(path, "done");
    };
    for (const path of sources) {
      visit(path, []);
    }
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
    ["a record with a prototype (contract/record.ts has recordOf)", /\bObject\.fromEntries\(/g],
    [
      "an empty one, to be filled (emptyRecord)",
      /: (?:Record<string, [^=;{}]*> = \{\};|Readonly<Record<string, [^=;{}]*> = \{\}[,);])/g,
    ],
    [
      "a schema that loses names (contract/named-schema.ts has named and strict)",
      /\bv\.(record\(\s*v\.(?!picklist)|strictObject\()/g,
    ],
    [
      "`in` for a name (Object.hasOwn)",
      /(?<=[\s(!])(?<!\bconst )[a-z_$][\w$]*(?:\.[\w$]+)* in (?!the\b|it\b)(?:this\.#)?[a-z_$]/g,
    ],
  ])("are never looked up among what every object inherits: %s", (_, pattern) => {
    const own = ["contract/record.ts", "contract/named-schema.ts"];
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
    const known = [
      ".ci",
      ".github",
      "bench",
      "cli",
      "compiler",
      "contract",
      "docs",
      "examples",
      "grammar",
      "kernel",
      "models",
      "runtime",
      "test",
    ];
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
