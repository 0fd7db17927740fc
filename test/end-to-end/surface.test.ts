// What a version number promises is there (docs/versions.md): entries and what they export, verbs and options, diagnostics' codes.
// test/compat/surface.txt holds them; a release writes down what is new (UPDATE=1). What is gone from it breaks somebody.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { codes } from "../../compiler/hints/explain.ts";
import { here, root } from "../kit/cli.ts";

const file = join(root, "test/compat/surface.txt");

/** What a verb's help lists: options by their long names, and verbs below it. */
async function helped(words: readonly string[]): Promise<{ options: string[]; verbs: string[] }> {
  const { stdout } = await here([...words, "--help"]);
  const [, options = "", verbs = ""] = /\nOptions:\n([\s\S]*?)(?:\nCommands:\n([\s\S]*))?$/.exec(stdout) ?? [];
  const named = (text: string, form: RegExp) => [...text.matchAll(form)].map(([, name]) => name);
  return {
    options: named(options, /^ {2}(?:-\w, )?(--[a-z-]+)/gm).filter((name) => name !== "--help"),
    verbs: named(verbs, /^ {2}([a-z]+)\b/gm).filter((name) => name !== "help"),
  };
}

async function commands(words: readonly string[]): Promise<string[]> {
  const { options, verbs } = await helped(words);
  const own = options.map((option) => ["option", ...words, option].join(" "));
  const below = await Promise.all(verbs.map((verb) => commands([...words, verb])));
  return [...(words.length === 0 ? [] : [["verb", ...words].join(" ")]), ...own, ...below.flat()];
}

async function surface(): Promise<string[]> {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const entries: Readonly<Record<string, object>> = {
    compiler: await import("../../compiler/index.ts"),
    runtime: await import("../../runtime/index.ts"),
    web: await import("../../runtime/web/index.ts"),
  };
  const exported = Object.entries(entries).flatMap(([entry, module]) =>
    Object.keys(module).map((name) => `export ${entry} ${name}`),
  );
  const paths = Object.keys(exports).map((path) => `entry ${path}`);
  return [...paths, ...exported, ...(await commands([])), ...codes().map((code) => `code ${code}`)].sort();
}

it("has nothing taken from it that was there", async () => {
  const now = await surface();
  const before = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
  if (process.env.UPDATE === "1") {
    writeFileSync(file, `${now.join("\n")}\n`);
    return;
  }
  expect(
    before.filter((line) => !now.includes(line)),
    "gone: a major version, and the changelog",
  ).toEqual([]);
  for (const kind of [
    "entry",
    "export compiler",
    "export runtime",
    "export web",
    "verb table",
    "option build",
    "code",
  ]) {
    expect(
      before.some((line) => line.startsWith(`${kind} `)),
      kind,
    ).toBe(true);
  }
}, 240_000);
