// Imports: which file is meant, which are refused, and what comes of cycles and diamonds.
import { describe, expect, it } from "vitest";
import { load } from "../../../compiler/source/load.ts";
import { inside, join, normalise } from "../../../compiler/source/paths.ts";

const program = (files: Readonly<Record<string, string>>, entry = "models/main.twin") => {
  const asked: string[] = [];
  const loaded = load(entry, (path) => {
    asked.push(path);
    return files[path] ?? { error: "there is no such file" };
  });
  return { ...loaded, asked, codes: loaded.diagnostics.map(({ code }) => code) };
};

describe("load", () => {
  it("puts imported sections in the import's place, each file once", () => {
    const { codes, asked, sections, files } = program({
      "models/main.twin": 'model a import "./left.twin" import "./right.twin" train { }',
      "models/left.twin": 'import "./deep/base.twin" user { }',
      "models/right.twin": 'import "./deep/../deep/base.twin" context { }',
      "models/deep/base.twin": "item { }",
    });
    expect(codes).toEqual([]);
    expect(asked).toEqual(["models/main.twin", "models/left.twin", "models/deep/base.twin", "models/right.twin"]);
    expect(sections.map(({ keyword }) => keyword)).toEqual(["item", "user", "context", "train"]);
    expect(files.map(({ source }) => source.path)).toEqual(asked.slice(0, 4));
  });

  it.each(["../b.twin", "./../b.twin", "deep/../../b.twin", "/etc/passwd", "C:\\b.twin", "..\\b.twin", ""])(
    "refuses %s without reading it",
    (path) => {
      const { codes, asked } = program({ "models/main.twin": `import "${path.replaceAll("\\", "\\\\")}"` });
      expect(codes).toEqual(["import-outside"]);
      expect(asked).toEqual(["models/main.twin"]);
    },
  );

  it("lets a file in a folder below import from the entry's folder", () => {
    const { codes } = program({
      "models/main.twin": 'import "./deep/a.twin"',
      "models/deep/a.twin": 'import "../b.twin"',
      "models/b.twin": "",
    });
    expect(codes).toEqual([]);
  });

  it("breaks cycles, of one file too", () => {
    expect(program({ "models/main.twin": 'import "./main.twin"' }).codes).toEqual(["import-cycle"]);
    const { diagnostics } = program({
      "models/main.twin": 'import "./a.twin"',
      "models/a.twin": 'import "./b.twin"',
      "models/b.twin": 'import "./main.twin"',
    });
    expect(diagnostics.map(({ code }) => code)).toEqual(["import-cycle"]);
    expect(diagnostics[0].also.map(({ span }) => span.source.path)).toEqual(["models/main.twin", "models/a.twin"]);
  });

  it("says what could not be read", () => {
    expect(program({}).diagnostics[0]).toMatchObject({
      code: "missing-file",
      primary: { text: "there is no such file" },
    });
    expect(program({ "models/main.twin": 'import "./a.twin"' }).codes).toEqual(["missing-file"]);
  });
});

describe("paths", () => {
  it("are joined and compared as text", () => {
    expect(normalise("a/./b/../c//d")).toBe("a/c/d");
    expect(normalise("../a/../../b")).toBe("../../b");
    expect(normalise("/../a")).toBe("/a");
    expect(join("", "./a.twin")).toBe("a.twin");
    expect(join("/", "a.twin")).toBe("/a.twin");
    expect(inside("ab/c", "a")).toBe(false);
    expect(inside("../a", "")).toBe(false);
    expect(inside("../m/a", "../m")).toBe(true);
  });
});
