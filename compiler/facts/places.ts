// Walks all sections by the catalogue: which value or name each place takes, the words of the language, and what names refer to.
import { emptyRecord, recordOf } from "../../contract/record.ts";
import type { Block, CallValue, Hole, Member, Name, Setting, Span, Value } from "../../grammar/ast.ts";
import { type BlockKind, blocks } from "../catalog/blocks.ts";
import { featureKinds } from "../catalog/features.ts";
import { type Argument, type Arguments, call as callOf, required, type Signature } from "../catalog/signature.ts";
import { scoreWeight, tasks } from "../catalog/training.ts";
import type { GroupName } from "../model/model.ts";
import type { Program } from "../source/load.ts";
import { bind } from "./bind.ts";
import type { Names } from "./symbols.ts";
import type { Found, Trail, Where } from "./trail.ts";

export function walk({ sections }: Program, names: Names): Found {
  const trail: Trail = { names, references: [], unresolved: [], words: [], places: [] };
  sections.forEach((section, i) => {
    const where: Where = { section, symbol: names.ofSection.get(section) ?? null };
    const { keyword, keywordSpan, name } = section;
    const kind: BlockKind = blocks[keyword];
    trail.words.push({ span: keywordSpan, kind: "section", name: keyword, doc: kind.doc, argument: null });
    const next = sections.slice(i + 1).find(({ span }) => span.source === section.span.source);
    const head = (name ?? { span: keywordSpan }).span.end;
    const group = kind.declares === "features" ? (keyword as GroupName) : null;
    body(section, kind, group ? features(group) : null, inside(section.span, head, next?.span.start), where, trail);
  });
  const { references, unresolved, words, places } = trail;
  return { references, unresolved, words, places };
}

interface Declares {
  readonly holds: "features" | "tasks";
  readonly argument: Argument;
}

/** What the members of a group declare: a kind that may stand there. */
function features(group: GroupName): Declares {
  const here = emptyRecord<Signature>();
  for (const [name, kind] of Object.entries(featureKinds)) {
    if ((kind.groups as readonly GroupName[]).includes(group)) {
      here[name] = kind as unknown as Signature;
    }
  }
  return { holds: "features", argument: required(callOf("a kind of feature", here), "What the data holds.") };
}
const labels: Declares = {
  holds: "tasks",
  argument: required(callOf("a task", tasks), "What kind of label it is."),
};

/** From behind the bracket that opens after `head` to the one that closes; to `next` where that is missing. */
function inside({ source, end }: Span, head: number, next = source.text.length): Span {
  const { text } = source;
  const open = text.slice(head, end).search(/[{(]/);
  const start = open < 0 ? end : head + open + 1;
  const closed = open >= 0 && end > start && (text[end - 1] === "}" || text[end - 1] === ")");
  return { source, start, end: closed ? end - 1 : Math.max(end, open < 0 ? end : next) };
}

interface Body {
  readonly members: readonly Member[];
  readonly holes?: readonly Hole[];
}

/** The members of a section or a block; `declares` where each is a declaration and no setting. */
function body(own: Body, kind: BlockKind, declares: Declares | null, span: Span, where: Where, trail: Trail): void {
  const { members, holes = [] } = own;
  const given = [...members, ...holes].map(({ name }) => name.text);
  const place = declares
    ? { holds: declares.holds, arguments: {}, blocks: {} }
    : { holds: "settings" as const, arguments: kind.arguments, blocks: kind.blocks };
  trail.places.push({ kind: "names", span, ...place, given });
  const argumentOf = ({ name }: { readonly name: Name }): Argument | null =>
    declares ? declares.argument : argumentNamed(kind.arguments, name.text);
  const at = ({ name }: { readonly name: Name }): Where =>
    declares ? { ...where, symbol: trail.names.byName.get(name) ?? where.symbol } : where;
  for (const hole of holes) {
    const argument = argumentOf(hole);
    if (!argument) {
      continue;
    }
    if (!declares) {
      setting(hole.name, argument, "setting", trail);
    }
    valuePlace(hole.span, hole.name.text, argument, at(hole), trail);
  }
  for (const member of members) {
    if (member.kind === "block") {
      nested(member, kind, declares, where, trail);
    } else {
      oneSetting(member, argumentOf(member), declares, at(member), trail);
    }
  }
}

const argumentNamed = (args: Arguments, name: string): Argument | null =>
  Object.hasOwn(args, name) ? args[name] : null;

function oneSetting(
  { name, value }: Setting,
  argument: Argument | null,
  declares: Declares | null,
  where: Where,
  trail: Trail,
) {
  if (!argument) {
    return;
  }
  if (!declares) {
    setting(name, argument, "setting", trail);
  }
  read(value, name.text, argument, where, trail);
}

function nested(block: Block, kind: BlockKind, declares: Declares | null, where: Where, trail: Trail): void {
  const { name } = block;
  if (declares || !Object.hasOwn(kind.blocks, name.text)) {
    return;
  }
  const own = kind.blocks[name.text];
  trail.words.push({ span: name.span, kind: "block", name: name.text, doc: own.doc, argument: null });
  const span = inside(block.span, name.span.end, where.section.span.end);
  if (own.declares === "settings") {
    body(block, { ...own, named: false, declares: null, blocks: {} }, null, span, where, trail);
    return;
  }
  if (own.declares === "weights") {
    weights(block, span, where, trail);
    return;
  }
  const what = own.declares;
  body(block, kind, what === "features" ? features(name.text as GroupName) : labels, span, where, trail);
}

/** Labels with their weights: each a reference. */
function weights({ members, holes = [] }: Body, span: Span, where: Where, trail: Trail): void {
  const labels = [...trail.names.labels].filter(([, { of }]) => of !== "regression");
  const args = recordOf(labels.map(([called]) => [called, { ...scoreWeight, required: false }] as const));
  const given = [...members, ...holes].map(({ name }) => name.text);
  trail.places.push({ kind: "names", span, holds: "settings", arguments: args, blocks: {}, given });
  for (const { name, span } of holes) {
    label(name, trail);
    valuePlace(span, name.text, scoreWeight, where, trail);
  }
  for (const member of members) {
    label(member.name, trail);
    if (member.kind === "setting") {
      read(member.value, member.name.text, scoreWeight, where, trail);
    }
  }
}

const setting = (
  { text: name, span }: Name,
  argument: Argument,
  kind: "setting" | "argument",
  { words }: Trail,
): void => {
  words.push({ span, kind, name, doc: argument.doc, argument });
};

const valuePlace = (span: Span, name: string, argument: Argument, { symbol }: Where, { places }: Trail): void => {
  places.push({ kind: "value", span, name, argument, within: symbol });
};

/** A value: its place, and what the names in it mean. */
function read(value: Value, name: string, argument: Argument, where: Where, trail: Trail): void {
  valuePlace(value.span, name, argument, where, trail);
  const { sort } = argument;
  switch (sort.kind) {
    case "references":
      for (const item of value.kind === "list" ? value.items : [value]) {
        if (value.kind === "list") {
          valuePlace(item.span, name, argument, where, trail);
        }
        if (item.kind === "call") {
          refer(item, argument, where, trail);
        }
      }
      return;
    case "reference":
      if (value.kind === "call") {
        refer(value, argument, where, trail);
      }
      return;
    case "name":
      if (sort.of === "label" && value.kind === "call" && value.path.length === 1) {
        label(value.path[0], trail);
      }
      return;
    case "choice":
    case "flag": {
      const known = sort.kind === "flag" ? ["true", "false"] : sort.of;
      if (value.kind !== "call" || !known.includes(value.path[0].text)) {
        return;
      }
      const [{ text, span }] = value.path;
      trail.words.push({ span, kind: "choice", name: text, doc: argument.doc, argument: null });
      return;
    }
    case "edges":
    case "call":
      if (value.kind === "call") {
        kindCall(value, sort.kind === "edges" ? sort.calls : sort.of, where, trail);
      }
  }
}

function refer(call: CallValue, argument: Argument, where: Where, trail: Trail): void {
  const { sort } = argument;
  if (sort.kind !== "reference" && sort.kind !== "references") {
    return;
  }
  const signature = bind(call, sort.wanted, where, trail);
  if (signature) {
    args(call, signature.arguments, where, trail);
  }
}

function label(name: Name, { names, references, unresolved }: Trail): void {
  const symbol = names.labels.get(name.text);
  if (symbol) {
    references.push({ span: name.span, symbol });
  } else {
    unresolved.push(name);
  }
}

/** A call of one of a catalogue's kinds. */
function kindCall(call: CallValue, of: Readonly<Record<string, Signature>>, where: Where, trail: Trail): void {
  const [head] = call.path;
  if (call.path.length > 1 || !Object.hasOwn(of, head.text)) {
    return;
  }
  const signature = of[head.text];
  trail.words.push({ span: head.span, kind: "kind", name: head.text, doc: signature.doc, argument: null });
  args(call, signature.arguments, where, trail);
}

function args(call: CallValue, signature: Arguments, where: Where, trail: Trail): void {
  const { arguments: given, holes = [], path } = call;
  if (!given) {
    return;
  }
  const named = [...given.flatMap(({ name }) => name ?? []), ...holes.map(({ name }) => name)].map(({ text }) => text);
  const span = inside(call.span, path[path.length - 1].span.end, call.span.end);
  trail.places.push({ kind: "names", span, holds: "arguments", arguments: signature, blocks: {}, given: named });
  for (const { name, span: due } of holes) {
    const argument = argumentNamed(signature, name.text);
    if (!argument) {
      continue;
    }
    setting(name, argument, "argument", trail);
    valuePlace(due, name.text, argument, where, trail);
  }
  const byPlace = Object.keys(signature).filter((name) => signature[name].unnamed);
  let place = 0;
  for (const { name, value } of given) {
    const known = name ? name.text : byPlace[place++];
    const argument = known === undefined ? null : argumentNamed(signature, known);
    if (!argument) {
      continue;
    }
    if (name) {
      setting(name, argument, "argument", trail);
    }
    read(value, known, argument, where, trail);
  }
}
