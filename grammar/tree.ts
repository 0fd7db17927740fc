// Chevrotain's concrete tree → ours. The only file that knows both. Takes damaged trees: what is missing is left out.
import { type CstElement, type CstNode, type IToken, tokenMatcher } from "chevrotain";
import type {
  Argument,
  Block,
  CallValue,
  Hole,
  ImportNode,
  Member,
  Name,
  SectionKeyword,
  SectionNode,
  Setting,
  Source,
  Span,
  Value,
} from "./ast.ts";
import { docAbove } from "./comments.ts";
import { endOf, startOf } from "./lex.ts";
import { unquote } from "./literal.ts";
import { quantity } from "./quantity.ts";
import { span } from "./source.ts";
import { AnyName, Colon, OpenString, SingleQuoted } from "./tokens.ts";

/** What the tree's makers need of the file: its text and its comments in order. */
export interface Origin {
  readonly source: Source;
  readonly comments: readonly IToken[];
}

const isNode = (element: CstElement): element is CstNode => "children" in element;

/** The sub-trees of one name. */
const nodes = (node: CstNode | undefined, name: string): CstNode[] => (node?.children[name] ?? []).filter(isNode);

/** The tokens of one name, without those that Chevrotain put in to go on. */
const words = (node: CstNode | undefined, name: string): IToken[] =>
  (node?.children[name] ?? []).filter((e): e is IToken => !isNode(e) && e.isInsertedInRecovery !== true);

const spanOf = ({ source }: Origin, first: IToken, last: IToken = first): Span =>
  span(source, startOf(first), endOf(last));

const nameOf = (origin: Origin, token: IToken): Name => ({
  text: token.image.replaceAll("-", "_"),
  span: spanOf(origin, token),
});

const documented = ({ source, comments }: Origin, token: IToken): { doc?: string } => {
  const doc = docAbove(source.text, comments, startOf(token));
  return doc === undefined ? {} : { doc };
};

/** `model NAME`, from the header's tokens. */
export function modelOf(origin: Origin, tokens: readonly IToken[]): { model?: Name; doc?: string } {
  return tokens.length > 1 ? { model: nameOf(origin, tokens[1]), ...documented(origin, tokens[0]) } : {};
}

/** `import "PATH"`, from the header's tokens; undefined where there is no sound path. */
export function importOf(origin: Origin, tokens: readonly IToken[]): ImportNode | undefined {
  const path = tokens.length > 1 ? textOf(tokens[1]) : undefined;
  return path === undefined ? undefined : { path, span: spanOf(origin, tokens[1]) };
}

/** A section from its tokens and its tree, which may be missing or damaged; `keyword` is what its first word means. */
export function sectionOf(
  origin: Origin,
  keyword: SectionKeyword,
  tokens: readonly IToken[],
  tree: CstNode | undefined,
): SectionNode {
  const [first] = tokens;
  // `item video_id: …` lacks its brace, not its name
  const named = tokens.length > 1 && tokenMatcher(tokens[1], AnyName) && !(tokens[2] && tokenMatcher(tokens[2], Colon));
  const name = named ? tokens[1] : undefined;
  return {
    keyword,
    keywordSpan: spanOf(origin, first),
    ...(name && { name: nameOf(origin, name) }),
    ...documented(origin, first),
    ...insideOf(origin, nodes(tree, "body")[0]),
    span: spanOf(origin, first, tokens[tokens.length - 1]),
  };
}

function insideOf(origin: Origin, body: CstNode | undefined): { members: Member[]; holes?: Hole[] } {
  const all = nodes(body, "member");
  const members = all.flatMap((node) => memberOf(origin, node) ?? []);
  return { members, ...holesOf(origin, all) };
}

/** The names of members or arguments that have a colon and no value. */
function holesOf(origin: Origin, all: readonly CstNode[]): { holes?: Hole[] } {
  const holes = all.flatMap((node): Hole[] => {
    const [name] = words(node, "AnyName");
    const [colon] = words(node, "Colon");
    if (!name || !colon || nodes(node, "body").length > 0 || valueFrom(origin, nodes(node, "value")[0])) {
      return [];
    }
    const start = endOf(colon);
    const { text } = origin.source;
    let end = start;
    while (text[end] === " " || text[end] === "\t") {
      end++;
    }
    return [{ name: nameOf(origin, name), span: span(origin.source, start, end) }];
  });
  return holes.length > 0 ? { holes } : {};
}

function memberOf(origin: Origin, node: CstNode): Member | undefined {
  const [first] = words(node, "AnyName");
  if (!first) {
    return undefined;
  }
  const common = { name: nameOf(origin, first), ...documented(origin, first) };
  const start = startOf(first);
  const [body] = nodes(node, "body");
  if (body) {
    const { members, holes } = insideOf(origin, body);
    const [brace] = words(body, "RightBrace");
    const end = brace ? endOf(brace) : (members.at(-1)?.span.end ?? endOf(words(body, "LeftBrace")[0] ?? first));
    return {
      kind: "block",
      ...common,
      members,
      ...(holes && { holes }),
      span: span(origin.source, start, end),
    } satisfies Block;
  }
  const value = valueFrom(origin, nodes(node, "value")[0]);
  return (
    value && ({ kind: "setting", ...common, value, span: span(origin.source, start, value.span.end) } satisfies Setting)
  );
}

function valueFrom(origin: Origin, node: CstNode | undefined): Value | undefined {
  const [number] = words(node, "Number");
  if (number) {
    const found = quantity(number.image);
    return "problem" in found
      ? undefined
      : { kind: "number", ...found, text: number.image, span: spanOf(origin, number) };
  }
  const [string] = words(node, "AnyString");
  if (string) {
    const value = textOf(string);
    return value === undefined ? undefined : { kind: "string", value, span: spanOf(origin, string) };
  }
  const [list] = nodes(node, "list");
  if (list) {
    return listOf(origin, list);
  }
  const [call] = nodes(node, "call");
  return call && callOf(origin, call);
}

function listOf(origin: Origin, node: CstNode): Value | undefined {
  const [open] = words(node, "LeftBracket");
  if (!open) {
    return undefined;
  }
  const items = valuesOf(origin, node);
  const [close] = words(node, "RightBracket");
  const end = close ? endOf(close) : (items.at(-1)?.span.end ?? endOf(open));
  return { kind: "list", items, span: span(origin.source, startOf(open), end) };
}

const valuesOf = (origin: Origin, node: CstNode): Value[] =>
  nodes(node, "value").flatMap((value) => valueFrom(origin, value) ?? []);

function callOf(origin: Origin, node: CstNode): CallValue | undefined {
  const path = words(node, "AnyName");
  if (path.length === 0) {
    return undefined;
  }
  const [open] = words(node, "LeftParen");
  const found = nodes(node, "argument").flatMap((argument) => argumentOf(origin, argument) ?? []);
  const [close] = words(node, "RightParen");
  const lastName = path[path.length - 1];
  const end = close ? endOf(close) : (found.at(-1)?.span.end ?? endOf(open ?? lastName));
  return {
    kind: "call",
    path: path.map((token) => nameOf(origin, token)),
    ...(open && { arguments: found, ...holesOf(origin, nodes(node, "argument")) }),
    span: span(origin.source, startOf(path[0]), end),
  };
}

function argumentOf(origin: Origin, node: CstNode): Argument | undefined {
  const value = valueFrom(origin, nodes(node, "value")[0]);
  if (!value) {
    return undefined;
  }
  const [name] = words(node, "AnyName");
  const start = name ? startOf(name) : value.span.start;
  return { ...(name && { name: nameOf(origin, name) }), value, span: span(origin.source, start, value.span.end) };
}

/** The text of a sound string literal. */
function textOf(token: IToken): string | undefined {
  if (tokenMatcher(token, OpenString)) {
    return undefined;
  }
  if (tokenMatcher(token, SingleQuoted)) {
    return token.image.slice(1, -1);
  }
  const text = unquote(token.image);
  return typeof text === "string" ? text : undefined;
}
