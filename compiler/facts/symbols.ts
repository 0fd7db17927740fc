// The names that a program gives, from its sections alone.
import type { Hole, Member, Name, SectionNode, Span } from "../../grammar/ast.ts";
import { blocks } from "../catalog/blocks.ts";
import type { Widths } from "../model/widths.ts";
import type { Program } from "../source/load.ts";
import type { DefinedSymbol, SymbolKind } from "./facts.ts";

/** Names as references look them up; of two that are alike the first counts, as for the checker. */
export interface Names {
  readonly symbols: readonly DefinedSymbol[];
  /** Named sections, and the groups by their keywords. */
  readonly sections: ReadonlyMap<string, DefinedSymbol>;
  /** Features and the cross features of histories, by their qualified names. */
  readonly members: ReadonlyMap<string, DefinedSymbol>;
  readonly labels: ReadonlyMap<string, DefinedSymbol>;
  /** Symbols by the node of their name. */
  readonly byName: ReadonlyMap<Name, DefinedSymbol>;
  /** The symbol of a section, by its node. */
  readonly ofSection: ReadonlyMap<SectionNode, DefinedSymbol>;
}

const groups: ReadonlySet<string> = new Set(["item", "user", "context", "candidate"]);

export function definitions(program: Program, widths: ReadonlyMap<string, Widths>): Names {
  const symbols: DefinedSymbol[] = [];
  const sections = new Map<string, DefinedSymbol>();
  const members = new Map<string, DefinedSymbol>();
  const labels = new Map<string, DefinedSymbol>();
  const byName = new Map<Name, DefinedSymbol>();
  const ofSection = new Map<SectionNode, DefinedSymbol>();

  const define = (
    kind: SymbolKind,
    node: Name,
    qualified: string,
    whole: { readonly span: Span; readonly doc?: string },
    owner: DefinedSymbol | null,
    of: string | null = null,
  ): DefinedSymbol => {
    const symbol: DefinedSymbol = {
      ...{ kind, name: node.text, qualified, span: node.span, owner, of },
      ...{ extent: whole.span, doc: whole.doc ?? "", widths: widths.get(qualified) ?? {} },
    };
    byName.set(node, symbol);
    symbols.push(symbol);
    return symbol;
  };
  const first = <K>(map: Map<K, DefinedSymbol>, key: K, symbol: DefinedSymbol): boolean => {
    if (map.has(key)) {
      return false;
    }
    map.set(key, symbol);
    return true;
  };
  const features = (body: Body, prefix: string, owner: DefinedSymbol, known: boolean): void => {
    for (const member of declarations(body)) {
      const qualified = `${prefix}.${member.name.text}`;
      const symbol = define("feature", member.name, qualified, member, owner, headOf(member));
      if (known) {
        first(members, qualified, symbol);
      }
    }
  };

  const { model, doc } = program.entry;
  if (model) {
    define("model", model, model.text, { span: model.span, ...(doc && { doc }) }, null);
  }
  for (const section of program.sections) {
    const { keyword, keywordSpan, name } = section;
    if (groups.has(keyword)) {
      const symbol = define("group", { text: keyword, span: keywordSpan }, keyword, section, null);
      ofSection.set(section, symbol);
      features(section, keyword, symbol, first(sections, keyword, symbol));
    } else if (keyword === "train") {
      ofSection.set(section, define("train", { text: keyword, span: keywordSpan }, keyword, section, null));
    } else if (name) {
      const symbol = define(keyword as SymbolKind, name, name.text, section, null);
      ofSection.set(section, symbol);
      const known = !Object.hasOwn(blocks, name.text) && first(sections, name.text, symbol);
      for (const block of section.members.filter((one) => one.kind === "block")) {
        if (!Object.hasOwn(blocks[keyword].blocks, block.name.text)) {
          continue;
        }
        if (keyword === "history") {
          const kind = block.name.text === "stats" ? "stats" : "cross";
          const group = define(kind, block.name, `${name.text}.${kind}`, block, symbol);
          if (known) {
            first(members, group.qualified, group);
          }
          features(block, kind === "stats" ? group.qualified : name.text, group, known);
          continue;
        }
        for (const member of block.name.text === "score" ? [] : declarations(block)) {
          first(
            labels,
            member.name.text,
            define("label", member.name, member.name.text, member, symbol, headOf(member)),
          );
        }
      }
    }
  }
  return { symbols, sections, members, labels, byName, ofSection };
}

interface Body {
  readonly members: readonly Member[];
  readonly holes?: readonly Hole[];
}

/** What a body declares; a name whose kind is still missing is a name. */
const declarations = ({ members, holes = [] }: Body): readonly (Member | Hole)[] =>
  holes.length === 0 ? members : [...members, ...holes].sort((a, b) => a.name.span.start - b.name.span.start);

const headOf = (member: Member | Hole): string | null =>
  "kind" in member && member.kind === "setting" && member.value.kind === "call" ? member.value.path[0].text : null;
