// An entry file and all it imports, as one program. Pure: texts come through `read`.
import type { FileNode, ImportNode, SectionNode, Source } from "../../grammar/ast.ts";
import { sourceOf } from "../../grammar/decode.ts";
import { at, type Diagnostic } from "../../grammar/diagnostic.ts";
import { parse } from "../../grammar/parse.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import { folderOf, inside, join, normalise } from "./paths.ts";

/**
 * Gives a file's text, or its bytes (which may be no text), or says why there is none. Paths are the entry's as given, and for imports that path's
 * folder joined with what the import says, without `.` and `..`.
 */
export type Read = (path: string) => string | Uint8Array | { readonly error: string };

export interface Program {
  readonly entry: FileNode;
  /** Every file that took part, once, the entry first. */
  readonly files: readonly FileNode[];
  /** All sections, those of an import in the import's place. */
  readonly sections: readonly SectionNode[];
  /** Syntax errors and errors of importing. The checker stays silent on what may follow from them. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads and parses `entry` and its imports. Throws nothing; what goes wrong is in `diagnostics`. */
export function load(entry: string, read: Read): Program {
  const root = folderOf(normalise(entry));
  const files: FileNode[] = [];
  const sections: SectionNode[] = [];
  const diagnostics: Diagnostic[] = [];
  const loaded = new Map<string, FileNode>();
  /** Files being loaded, with the import that led into each. */
  const open: { path: string; by: ImportNode | null }[] = [];

  const failed = (source: Source, by: ImportNode | null, reason: string): void => {
    const place = by ?? { span: { source, start: 0, end: 0 }, path: source.path };
    diagnostics.push(
      diagnose("missing-file", { path: place.path }, at(place.span, reason), {
        help: by ? help.missingFile : [],
      }),
    );
  };

  const visit = (path: string, by: ImportNode | null): FileNode | null => {
    const shown = by ? path : entry;
    const content = read(shown);
    if (typeof content !== "string" && !(content instanceof Uint8Array)) {
      failed({ path: shown, text: "" }, by, content.error);
      return null;
    }
    const source = typeof content === "string" ? { path: shown, text: content } : sourceOf(shown, content);
    const parsed = parse(source);
    for (const diagnostic of parsed.diagnostics) {
      diagnostics.push(diagnostic);
    }
    loaded.set(path, parsed.file);
    files.push(parsed.file);
    open.push({ path, by });
    for (const next of parsed.file.imports) {
      follow(next, path);
    }
    open.pop();
    for (const section of parsed.file.sections) {
      sections.push(section);
    }
    return parsed.file;
  };

  const follow = (node: ImportNode, from: string): void => {
    const path = join(folderOf(from), node.path);
    if (!inside(path, root) || node.path === "") {
      diagnostics.push(
        diagnose("import-outside", { path: node.path }, at(node.span, "leads out of it"), {
          help: help.importOutside,
        }),
      );
      return;
    }
    const cycle = open.findIndex((file) => file.path === path);
    if (cycle >= 0) {
      const chain = open.slice(cycle + 1).flatMap(({ by }) => (by === null ? [] : [at(by, "by way of this import")]));
      diagnostics.push(
        diagnose("import-cycle", { path }, at(node.span, "leads back to it"), {
          also: chain,
          help: help.importCycle,
        }),
      );
      return;
    }
    if (loaded.has(path)) {
      return;
    }
    const file = visit(path, node);
    if (file?.model) {
      diagnostics.push(
        diagnose("model-imported", { path: node.path }, at(node.span, "imported here"), {
          also: [at(file.model, "makes this file a model of its own")],
          help: help.modelImported,
        }),
      );
    }
  };

  const file = visit(normalise(entry), null);
  const nothing: Source = { path: entry, text: "" };
  return { entry: file ?? { source: nothing, imports: [], sections: [] }, files, sections, diagnostics };
}
