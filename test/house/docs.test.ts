// The documentation is held to the code: its links, verbs, options and tables, and the programs it shows. UPDATE=1 writes
// the tables of docs/language.md anew.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { passes } from "../../compiler/passes/index.ts";
import { load } from "../../compiler/source/load.ts";
import { ManifestSchema } from "../../contract/manifest.ts";
import { parse } from "../../grammar/index.ts";
import { catalogueTables, table } from "../kit/catalogue-tables.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .map((path) => join("docs", path))
  .filter((path) => path.endsWith(".md"))
  .sort();
const pages = ["README.md", "grammar/README.md", ...docs].filter((path) => existsSync(join(root, path)));
const texts = new Map(pages.map((path) => [path, read(path)]));

/** Text without code blocks, which may hold brackets of their own. */
const prose = (text: string): string => text.replaceAll(/^```[\s\S]*?^```$/gm, "");
const fences = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, body]) => body);

/** Anchors of a page's headings, as the usual viewers make them. */
const anchors = (text: string): string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );

describe("links", () => {
  it.each(pages)("of %s lead to something", (page) => {
    const links = [...prose(texts.get(page)!).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) {
        return false;
      }
      const [path, anchor] = link.split("#");
      const target = path === "" ? page : relative(root, join(root, dirname(page), path));
      if (!existsSync(join(root, target))) {
        return true;
      }
      return anchor !== undefined && !anchors(read(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it("of the index name every page, once", () => {
    const index = prose(texts.get("docs/index.md")!);
    const named = [...index.matchAll(/\]\(([^)\s]+\.md)\)/g)].map(([, link]) => join("docs", link));
    const others = docs.filter((path) => path !== "docs/index.md");
    expect(named.filter((path) => path.startsWith("docs/")).sort()).toEqual(others);
  });
});

describe("the command line", () => {
  const source = readdirSync(join(root, "cli"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => read(`cli/${file}`))
    .join("\n");
  const verbs = [...source.matchAll(/\bverb\("([a-z]+)/g)].map(([, name]) => name);
  const subverbs = [...source.matchAll(/\b([a-z]+)\s*\.command\("([a-z]+)/g)]
    .filter(([, group]) => group !== "program")
    .map(([, group, name]) => `${group} ${name}`);
  const groups = [...new Set(subverbs.map((name) => name.split(" ")[0]))];
  const grouped = `(?:${groups.join("|")}) [a-z]+`;
  const options = [...source.matchAll(/"(?:-\w, )?(--[a-z-]+)/g)].map(([, name]) => name);

  it("has the verbs that the pages name", () => {
    const used = pages.flatMap((page) =>
      [...texts.get(page)!.matchAll(new RegExp(`(?:\`|\\$ |npx )twin (${grouped}|[a-z]+)\\b`, "gm"))].map(
        ([, name]) => `${page}: ${name}`,
      ),
    );
    expect(verbs).toContain("check");
    expect(used.length).toBeGreaterThan(40);
    expect(used.filter((use) => ![...verbs, ...subverbs].includes(use.split(": ")[1]))).toEqual([]);
  });

  it("has every verb and option on its page, and no other", () => {
    const page = texts.get("docs/command-line.md")!;
    const headings = [...page.matchAll(new RegExp(`^## \`twin (${grouped}|[a-z]+)`, "gm"))].map(([, name]) => name);
    expect(headings.sort()).toEqual([...verbs.filter((name) => !groups.includes(name)), ...subverbs].sort());
    const documented = new Set([...page.matchAll(/--[a-z][a-z-]+/g)].map(([name]) => name));
    expect([...documented].sort()).toEqual([...new Set(options)].sort());
  });
});

describe("programs in the pages", () => {
  const programs = pages.flatMap((page) => fences(texts.get(page)!, "twin").map((text, i) => ({ page, i, text })));

  it("are there", () => {
    expect(programs.length).toBeGreaterThan(1);
  });

  it.each(programs)("$page, number $i, parses and checks", ({ i, text }) => {
    const path = `models/page-${i}.twin`;
    expect(parse({ path, text }).diagnostics).toEqual([]);
    const { diagnostics } = check(
      load(path, (file) => (file === path ? text : read(file))),
      { library: true },
    );
    // The grammar's page shows how things are written; what lacks a tower is no whole model, and held to syntax alone.
    if (!/^tower /m.test(text)) {
      return;
    }
    const wrong = diagnostics.filter(({ severity }) => severity === "error");
    expect(wrong.map(({ code, title }) => `${code}: ${title}`)).toEqual([]);
  });
});

describe("docs/language.md", () => {
  const page = "docs/language.md";

  it("has the catalogue's tables", () => {
    const tables = { ...catalogueTables(), models: models() };
    const marked = [...texts.get(page)!.matchAll(/<!-- begin (.+) -->/g)].map(([, name]) => name);
    expect(marked.sort()).toEqual(Object.keys(tables).sort());
    const now = Object.entries(tables).reduce((text, [name, body]) => {
      const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
      expect(text).toContain(end);
      return `${text.slice(0, text.indexOf(begin) + begin.length)}\n${body}\n${text.slice(text.indexOf(end))}`;
    }, texts.get(page)!);
    if (process.env.UPDATE === "1") {
      writeFileSync(join(root, page), now);
    }
    expect(now).toBe(read(page));
  });
});

/** Each model with its first line. */
function models(): string {
  const rows = readdirSync(join(root, "models"))
    .filter((file) => file.endsWith(".twin"))
    .sort()
    .map((file) => {
      const path = `models/${file}`;
      return [
        `[${file}](../${path})`,
        read(path)
          .split("\n")[0]
          .replace(/^\/\/ /, ""),
      ];
    });
  return table(["file", "is"], rows);
}

describe("other pages", () => {
  const rows = (page: string, name: string): string[] => {
    const body = new RegExp(`<!-- begin ${name} -->([\\s\\S]*?)<!-- end ${name} -->`).exec(texts.get(page)!)![1];
    return [...body.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell]) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, one]) => one),
    );
  };

  it("semantics.md lists the passes in their order", () => {
    expect(rows("docs/semantics.md", "passes")).toEqual(passes.map(({ name }) => name));
  });

  it("artefacts.md lists the manifest's fields", () => {
    expect(rows("docs/artefacts.md", "manifest").sort()).toEqual(Object.keys(ManifestSchema.entries).sort());
  });
});
