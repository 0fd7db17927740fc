// `twin types`: what it writes compiles as a user's project has it, takes right requests and refuses wrong ones by their column.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { typesText } from "../../cli/declare/model-types.ts";
import { compile } from "../../compiler/compile.ts";
import { builtModels, small } from "../kit/built-models.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { here, root } from "../kit/cli.ts";
import { long } from "../kit/effort.ts";
import { compiled, smallSource } from "../kit/small-model.ts";

const app = temporary();
const tsc = join(root, "node_modules/.bin/tsc");
const source = (path: string): string => readFileSync(join(root, path), "utf8");

/** The package's declarations, where a project finds them. */
beforeAll(() => {
  const installed = join(app, "node_modules/twin-compiler");
  mkdirSync(installed, { recursive: true });
  const { exports, dependencies, optionalDependencies, peerDependencies } = JSON.parse(source("package.json"));
  writeFileSync(join(installed, "package.json"), JSON.stringify({ name: "twin-compiler", type: "module", exports }));
  writeFileSync(join(app, "package.json"), '{"name": "app", "private": true, "type": "module"}\n');
  for (const name of [
    ...Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }),
    "@types/node",
  ]) {
    mkdirSync(join(app, "node_modules", name, ".."), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(app, "node_modules", name));
  }
  const settings = ["--ignoreConfig", "--target", "es2023", "--module", "nodenext", "--strict", "--skipLibCheck"];
  const more = ["--exactOptionalPropertyTypes", "--verbatimModuleSyntax", "--types", "node"];
  const output = ["--declaration", "--emitDeclarationOnly", "--rewriteRelativeImportExtensions", "--rootDir", root];
  const faces = ["runtime/index.ts", "runtime/web/index.ts"];
  const types = join(installed, "dist/types");
  execFileSync(tsc, [...faces, ...settings, ...more, ...output, "--outDir", types], { cwd: root });
}, 120_000);
afterAll(cleanUp);

const entries = ["runtime", "web"];
const strict = ["--noEmit", "--ignoreConfig", "--strict", "--target", "es2023", "--types", "node", "--pretty"];
const resolutions = {
  nodenext: ["--module", "nodenext"],
  bundler: ["--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2023,dom"],
};
const exact = ["--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--verbatimModuleSyntax"];

function compiles(settings: readonly string[], files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(app, name), text);
  }
  const { status, stdout } = spawnSync(tsc, [...Object.keys(files), ...strict, ...settings], {
    cwd: app,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the compiler's colours are left out.
  return { status, said: stdout.replaceAll(/\u001b\[[0-9;]*m/g, "") };
}

const derived = (text: string) => [
  { feature: "seen.bought", kind: "at_least" as const, column: "amount", value: 1 },
  { feature: "seen.paid", kind: "known_at" as const, column: "paid_at" },
  { feature: "user.age", kind: "scale" as const, column: "born", by: -1, plus: 2020 },
  { feature: "item.words", kind: "split" as const, column: "title", by: text },
];
const everything = () => built(small(source("test/good/everything.twin")), { derived: derived(" */ ") });

const begin = (entry: string) => `import { keptOf, load, type Twin } from "twin-compiler/${entry}";
import type { Candidates, Histories, Model, Rank } from "./everything.d.ts";
const twin = await load<Model>("build");
const whole: Twin = twin;
const history: Histories = {
  seen: {
    item: ["a", "b"], time: [3, 2n],
    seconds: new Float32Array(2), bought: [true, null], paid: [1.5, 2n], paid_at: [null, 2],
    items: [{ brand: "x", labels: [1, 2] }, { picture: new Float32Array(16), fragile: undefined }],
  },
  bought: { item: [] },
};
const user = { user_id: 7n, age: 33, member: true, favourite: "x", home: null } as const;
const prepared = await twin.prepare({ user, time: 4, history });
const candidates: Candidates = { item: ["a"], discount: [0.1], score: new Float64Array(1), items: { category: [3] } };
const rank: Rank = { context: { hour: 9, rain: 0.5 }, candidates };
`;

const right = (entry: string) => `${begin(entry)}
const raw = { item: ["a"], time: [3], seconds: [1], amount: [2], paid: [null] };
await twin.prepare({ user: { born: 1990 }, history: { seen: raw, bought: { item: ["b"], time: new Int32Array([1]) } } });
const ranking = await prepared.rank(rank, { deadline: Date.now() + 80 });
const click: Float32Array = ranking.scores.click;
const amount: Float32Array = ranking.logits.amount;
const first: "alike" = ranking.kept.search;
const from: "seen" | "bought" = ranking.searches.usual.history;
const positions: Int32Array = keptOf(ranking.kept, 0);
const unknown = ranking.missing.includes("user.age");
for (const { scores, attends } of await prepared.explain(rank)) {
  const one: number = scores.view;
  for (const attend of attends) {
    if (attend.attend === "interest") {
      const over: "alike" = attend.over;
      console.log(one, over, attend.behaviours[0]?.weight);
    }
  }
}
console.log(whole, click, amount, first, from, positions, unknown, twin.status().requests.waiting);
await twin.close();
`;

/** A line that is wrong, and what the compiler has to say of it. */
const wrong: readonly (readonly [line: string, says: RegExp])[] = [
  ["await twin.prepare({ user: { agee: 3 }, history });", /'agee' does not exist in type 'User'/],
  ['await twin.prepare({ user: { age: "3" }, history });', /\nat age: /],
  ["await twin.prepare({ user: { member: 2 }, history });", /\nat member: /],
  ["await twin.prepare({});", /'history' is missing/],
  ["await twin.prepare({ history: { seen: { item: [] } } });", /'bought' is missing/],
  ['export const a: Histories = { ...history, bought: { item: ["a"] } };', /'time' is missing/],
  [
    'export const b: Histories["seen"] = { item: ["a"], time: [1], seconds: [1], paid: [1] };',
    /'(bought|amount)' is missing/,
  ],
  ['export const c: Histories["bought"] = { item: ["a"], time: [1], steps: [1] };', /'steps' does not exist/],
  ['export const d: Histories["bought"] = { item: ["a"], time: ["2023-12-31"] };', /to type 'Time'/],
  ['await prepared.rank({ candidates: { item: ["a"], score: [1] } });', /'discount' is missing/],
  [
    "await prepared.rank({ candidates: { item: [1n], score: [1], discount: [1] } });",
    /'bigint' is not assignable to type 'string'/,
  ],
  ['await prepared.rank({ candidates: { ...candidates, items: { labels: [[1], ["x"]] } } });', /'labels'/],
  ["await prepared.rank({ ...rank, context: { rain: true } });", /\nat rain: /],
  ["(await prepared.rank(rank)).scores.clik;", /'clik' does not exist/],
  ["(await prepared.rank(rank)).searches.usually;", /'usually' does not exist/],
];

// The package's own types are tried under both in pack.test.ts.
it.each(Object.entries(resolutions).filter(([name]) => long || name === "nodenext"))(
  "takes what is right, and refuses what is wrong by its name, under %s",
  async (_, resolution) => {
    const output = join(app, "everything.d.ts");
    expect((await here(["types", everything(), "-o", output])).stdout).toContain("the model everything");
    const rights = { "right-runtime.ts": right("runtime"), "right-web.ts": right("web") };
    expect(compiles([...resolution, ...exact], rights)).toEqual({ status: 0, said: "" });
    expect(compiles(resolution, rights)).toEqual({ status: 0, said: "" });
    const wrongs = entries.map((entry) => [`wrong-${entry}.ts`, begin(entry) + wrong.map(([line]) => line).join("\n")]);
    const { said } = compiles([...resolution, ...exact], Object.fromEntries(wrongs));
    const found = [...said.matchAll(/^wrong-(\w+)\.ts:(\d+):(\d+) - error [\s\S]*?(?=\n\n)/gm)];
    const first = begin("").split("\n").length;
    const faults = found.map(([text, entry, line, column]) => {
      const i = Number(line) - first;
      return { entry, i, says: `${text}\nat ${wrong[i]?.[0].slice(Number(column) - 1)}` };
    });
    for (const entry of entries) {
      for (const [i, [program, says]] of wrong.entries()) {
        const own = faults.filter((fault) => fault.entry === entry && fault.i === i);
        expect(own.map((fault) => fault.says).join("\n"), `${program}\n${said}`).toMatch(says);
      }
    }
    // Nothing else is wrong.
    expect(found.length, said).toBe(entries.length * wrong.length);
  },
  120_000,
);

it("compiles for every model, and each loaded folder is still a Twin", () => {
  const models = builtModels().map(([name]) => name);
  const files = models.map((name) => {
    const path = `models/${name}.twin`;
    const { manifest } = compile(path, { version: "1.0.0", resolve: (file) => small(source(file)) });
    if (manifest === null) {
      throw new Error(`${path} does not compile`);
    }
    return typesText(manifest);
  });
  files.push(typesText(compiled(hostile, { derived: ownNames }).manifest));
  const uses = files.map((text, i) => {
    writeFileSync(join(app, `model${i}.d.ts`), text);
    return `import type { Model as Model${i} } from "./model${i}.d.ts";
export const twin${i} = (twin: Typed<WebTwin, Model${i}>): Twin => twin;
`;
  });
  const last = files.length - 1;
  const program = `import type { Twin, Typed, WebTwin } from "twin-compiler/web";
${uses.join("")}
export const named = async (twin: Typed<WebTwin, Model${last}>) => {
  const prepared = await twin.prepare({ user: { constructor: 3 }, history: { hasOwnProperty: some } });
  const { scores, searches } = await prepared.rank({ candidates: { item: [1], toString: [2] } });
  await twin.prepare({ user: { constructor: null }, history: { hasOwnProperty: none } });
  await prepared.rank({ candidates: { item: [1], toString: [2], items: { author: ["a"], topics: ["x,y", [1, "z"], null] } } });
  return [scores.constructor.fill(0), scores.valueOf.length, searches.isPrototypeOf.history] as const;
};
const none = { item: [] } as const;
const some = { item: [1], time: [5], liked: [3, true, null], items: [{ topics: "x*/y" }, { topics: ["x"] }] } as const;
// @ts-expect-error a function is no score
export const never = (scores: Awaited<ReturnType<typeof named>>): (() => unknown) => scores[0];
`;
  for (const resolution of long ? Object.values(resolutions) : [resolutions.bundler]) {
    expect(compiles([...resolution, ...exact], { "models.ts": program })).toEqual({ status: 0, said: "" });
  }
}, 120_000);

/** Names that every object of JavaScript has, and documentation that would end its comment. */
const hostile = smallSource
  .replace("model small", "/// Ends */ here: export type Model = never;\n/// `and` more.\nmodel small")
  .replaceAll(/\bage:/g, "constructor:")
  .replaceAll(/\bprice: number/g, "toString: number(scale: none)\n  cost: number")
  .replaceAll(/\bwatched\b/g, "hasOwnProperty")
  .replaceAll(/\bnearest\b/g, "isPrototypeOf")
  .replaceAll(/\bclick: binary/g, "constructor: binary\n    valueOf: regression");

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");

const ageOfBirth = { feature: "user.age", kind: "scale" as const, column: "born", by: -1, plus: 2020 };

/** Made of columns that have the features' own names, or a name that means something else in a history. */
const ownNames = [
  { feature: "hasOwnProperty.liked", kind: "at_least" as const, column: "liked", value: 2 },
  { feature: "item.topics", kind: "split" as const, column: "topics", by: "*/" },
  { feature: "candidate.cost", kind: "scale" as const, column: "item", by: 2, plus: 0 },
  { feature: "item.author", kind: "map" as const, column: "author", values: { a: 1 }, otherwise: null },
];

it("says what the model's source says of what requests bring and get", () => {
  const documented = smallSource
    .replace("candidate {\n", "/// What is offered.\ncandidate {\n")
    .replace("  price: number", "  /// In cents, */ taxes\n  /// among them.\n  price: number")
    .replace("  age: bucketed", "  /// In years.\n  age: bucketed")
    .replace("  video: id", "  /// Ours.\n  video: id")
    .replace("    liked: flag", "    /// By a thumb.\n    liked: flag")
    .replace("history watched", "/// All of it.\nhistory watched")
    .replace("search nearest", "/// What is like it.\nsearch nearest")
    .replace("attend recent", "/// The last days.\nattend recent")
    .replace("    click: binary", "    /// Within a minute.\n    click: binary");
  const text = typesText(compiled(documented, { derived: [ageOfBirth] }).manifest);
  const comment = (...lines: readonly string[]) =>
    new RegExp(`/\\*\\*\\n(?: *\\* )${lines.map(escaped).join("\\n *\\* ")}\\n *\\*/\\n *`).source;
  for (const [lines, what] of [
    [["What is offered.", "Equally long columns."], "export type Candidates"],
    [["In cents, *\\/ taxes", "among them.", "A number."], "readonly price: "],
    [["In years.", "A number. Or bring `born`."], "readonly age\\?: "],
    [["Ours.", "Keys of the items."], "readonly item: "],
    [["By a thumb.", "True or false."], "readonly liked: "],
    [["All of it.", "The newest 50 count. Equally long columns; an empty one: `{ item: [] }`."], "readonly watched: "],
    [["What is like it.", "Keeps 6, by relevance."], "readonly nearest: "],
    [["The last days.", "Attends by relevance."], "readonly recent: "],
    [["Within a minute.", "A probability."], "readonly click: "],
  ] as const) {
    expect(text).toMatch(new RegExp(comment(...lines) + what));
  }
});

it("writes the same text for the same manifest, and says what is no build", async () => {
  const dir = everything();
  const [one, two] = [join(app, "one.d.ts"), join(app, "two.d.ts")];
  await here(["types", dir, "-o", one]);
  await here(["types", dir, "-o", two]);
  expect(readFileSync(one, "utf8")).toBe(readFileSync(two, "utf8"));
  expect(readFileSync(one, "utf8")).not.toContain(dir);
  const refused = await here(["types", app, "-o", two]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/is no build/);
});

it("has no column of a statistic, and asks for the times that one is counted by", () => {
  const typed = (stats: string) =>
    typesText(
      compiled(
        smallSource
          .replace("    ago: elapsed(at: [1h, 1d], dim: 3)\n", "")
          .replace("liked: flag(dim: 2)\n  }", `liked: flag(dim: 2)\n  }\n  stats { ${stats} }`)
          .replace("user, candidate]", "user, candidate, watched.stats]"),
      ).manifest,
    );
  const places = typed("seen: met(on: item.author) hot: recent(of: liked, half: 5) far: since(at: [1, 3], dim: 2)");
  expect(places).toContain("time?: Times");
  expect(places).not.toMatch(/\b(seen|hot|far|stats)\b/);
  for (const timed of ["hot: recent(of: liked, half: 7d)", "far: since(at: [1h], dim: 2)"]) {
    expect(typed(timed)).toContain("time: Times");
  }
});
