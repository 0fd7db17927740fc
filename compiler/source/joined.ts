// A program as one text: the entry with the sections of its imports in the place of the imports.
import type { SectionNode } from "../../grammar/ast.ts";
import type { Program } from "./load.ts";

/** @param docs whether `///` lines stay */
export function joined({ entry, sections }: Program, docs = true): string {
  const { model, doc } = entry;
  const name =
    model === undefined
      ? []
      : [`${docs ? docText(doc) : ""}model ${model.span.source.text.slice(model.span.start, model.span.end)}`];
  return [...name, ...sections.map((section) => `${docs ? docText(section.doc) : ""}${own(section)}`)].join("\n\n");
}

const own = ({ span }: SectionNode): string => span.source.text.slice(span.start, span.end);

const docText = (doc: string | undefined): string =>
  doc === undefined
    ? ""
    : doc
        .split("\n")
        .map((line) => `${`/// ${line}`.trimEnd()}\n`)
        .join("");
