// What each part of a dotted name refers to.
import type { CallValue, Name } from "../../grammar/ast.ts";
import { calls } from "../by/kinds.ts";
import { blocks } from "../catalog/blocks.ts";
import { integer, mostKept, required, type Signature, signature, unnamed } from "../catalog/signature.ts";
import { codesDoc, namedParts, type Wanted } from "../catalog/wanted.ts";
import type { DefinedSymbol } from "./facts.ts";
import type { Trail, Where } from "./trail.ts";

/** `watched.last(50)` */
export const newest = signature("The newest behaviours of a history.", {
  count: unnamed(required(integer(1, mostKept), "How many of the newest behaviours.")),
});

/** The history that a symbol is, or stands in. */
export const historyOf = (symbol: DefinedSymbol | null): DefinedSymbol | null =>
  symbol === null || symbol.kind === "history" ? symbol : historyOf(symbol.owner);

const groups: ReadonlySet<string> = new Set(["item", "user", "context", "candidate"]);

/** Binds the parts of `call` at a place that takes `wanted`; gives the signature by which its arguments are to be read. */
export function bind(call: CallValue, wanted: Wanted, { symbol: owner }: Where, trail: Trail): Signature | null {
  const { names, references, unresolved, words } = trail;
  const [head, ...rest] = call.path;
  const refer = (name: Name, symbol: DefinedSymbol): void => {
    references.push({ span: name.span, symbol });
  };
  const word = ({ text: name, span }: Name, kind: "kind" | "part", doc: string): void => {
    words.push({ span, kind, name, doc, argument: null });
  };
  /** A name that must be a member of something, under its qualified name. */
  const member = (name: Name, qualified: string): boolean => {
    const symbol = names.members.get(qualified);
    if (symbol) {
      refer(name, symbol);
    } else {
      unresolved.push(name);
    }
    return symbol !== undefined;
  };

  const history = wanted.names.some((name) => name.startsWith("own ")) && rest.length === 0 ? historyOf(owner) : null;
  if (history) {
    member(head, `${history.name}.${head.text}`);
    return null;
  }
  if (head.text === "log" && rest.length === 0 && call.arguments) {
    word(head, "part", "The logarithm of a cluster's size.");
    const inner = call.arguments.length === 1 ? call.arguments[0].value : null;
    if (inner?.kind !== "call") {
      return null;
    }
    const history = names.sections.get(inner.path[0].text);
    if (history) {
      refer(inner.path[0], history);
    } else {
      unresolved.push(inner.path[0]);
    }
    if (inner.path[1]?.text === "size") {
      word(inner.path[1], "part", "How many behaviours a cluster holds.");
    }
    return null;
  }
  const target = names.sections.get(head.text);
  if (!target) {
    // A group that the program does not have is empty, and no name that is missing.
    if (groups.has(head.text)) {
      return null;
    }
    const kind = wanted.names.includes("by kind") && rest.length === 0 && calls.find(({ name }) => name === head.text);
    if (!kind) {
      unresolved.push(head);
      return null;
    }
    word(head, "kind", kind.call.signature.doc);
    return kind.call.signature;
  }
  refer(head, target);
  const [part, ...beyond] = rest;
  if (!part) {
    return null;
  }
  // One name that means nothing is one mistake: what follows it is not looked at.
  let found = true;
  switch (target.kind) {
    case "group":
      found = member(part, `${target.name}.${part.text}`);
      break;
    case "history": {
      if (part.text === "item") {
        const item = names.sections.get("item");
        if (item) {
          refer(part, item);
        } else {
          word(part, "part", blocks.item.doc);
        }
        if (beyond[0]) {
          member(beyond[0], `item.${beyond[0].text}`);
        }
        return null;
      }
      if (part.text === "last") {
        word(part, "part", newest.doc);
        return newest;
      }
      const none =
        (part.text === "cross" || part.text === "stats") && !names.members.has(`${target.name}.${part.text}`);
      if (none) {
        word(part, "part", blocks.history.blocks[part.text as "cross" | "stats"].doc);
      } else if (part.text === "stats" && beyond[0]) {
        member(part, `${target.name}.stats`);
        member(beyond[0], `${target.name}.stats.${beyond[0].text}`);
        return null;
      } else {
        found = member(part, `${target.name}.${part.text}`);
      }
      break;
    }
    case "metric":
    case "search":
    case "attend": {
      const known: readonly string[] = namedParts[target.kind];
      const settings: Signature["arguments"] = blocks[target.kind].arguments;
      found = known.includes(part.text);
      if (found) {
        word(part, "part", part.text === "codes" ? codesDoc : settings[part.text].doc);
      } else {
        unresolved.push(part);
      }
      break;
    }
    default:
      found = false;
      unresolved.push(part);
  }
  if (found && beyond[0]) {
    unresolved.push(beyond[0]);
  }
  return null;
}
