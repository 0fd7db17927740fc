// Reads the settings of a block, or the arguments of a call, by their signature.

import { near } from "../../contract/nearest.ts";
import { emptyRecord } from "../../contract/record.ts";
import type { CallValue, Member, Name, Span, Value } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { type Fix, fix, instead, without } from "../../grammar/fix.ts";
import { valueText } from "../../grammar/value-text.ts";
import type { Arguments, Given, Readings } from "../catalog/signature.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { list, type Scope } from "./scope.ts";
import { readValue } from "./values.ts";

interface Owner {
  /** As a title names it: "`search`", "`adam`". */
  readonly text: string;
  readonly span: Span;
  /** "setting" or "argument". */
  readonly sort: "setting" | "argument";
  /** Nested blocks that the owner has. */
  readonly blocks: readonly string[];
}

interface Entry {
  readonly name: string;
  readonly nameSpan: Span;
  readonly value: Value;
  /** Name and value. */
  readonly span: Span;
}

const start = ({ source, start }: Span): Span => ({ source, start, end: start });

/** Reads the settings among `members`; nested blocks named in `nested` are left to the caller. */
export function readSettings<A extends Arguments>(
  args: A,
  members: readonly Member[],
  owner: { readonly text: string; readonly span: Span },
  nested: readonly string[],
  scope: Scope,
): Readings<A> {
  const full: Owner = { ...owner, sort: "setting", blocks: nested };
  const entries: Entry[] = [];
  const spoilt = new Set<string>();
  const blocks = new Map<string, Span>();
  for (const member of members) {
    const name = member.name.text;
    if (member.kind === "block") {
      const first = blocks.get(name) ?? entries.find((entry) => entry.name === name)?.nameSpan;
      if (Object.hasOwn(args, name) && !nested.includes(name)) {
        spoilt.add(name);
        scope.report(diagnose("needs-value", { name }, at(member.name, `write \`${name}: …\``)));
      } else if (!nested.includes(name)) {
        unknown(full, member.name, [...nested, ...Object.keys(args)], spoilt, scope);
      } else if (first) {
        scope.report(again(name, member.name.span, first));
      } else {
        blocks.set(name, member.name.span);
      }
    } else if (blocks.has(name) && Object.hasOwn(args, name)) {
      spoilt.add(name);
      scope.report(again(name, member.name.span, blocks.get(name)!));
    } else if (nested.includes(name) && !Object.hasOwn(args, name)) {
      scope.report(diagnose("needs-block", { name }, at(member.name, `write \`${name} { … }\``)));
    } else {
      entries.push({ name, nameSpan: member.name.span, value: member.value, span: member.span });
    }
  }
  return readEntries(args, entries, spoilt, full, scope);
}

/** Reads the arguments of `call`; those the signature allows may stand without their name, in its order. */
export function readArguments<A extends Arguments>(args: A, call: CallValue, scope: Scope): Readings<A> {
  const head = call.path.map((part) => part.text).join(".");
  const owner: Owner = { text: `\`${head}\``, span: call.span, sort: "argument", blocks: [] };
  const byPlace = Object.keys(args).filter((name) => args[name].unnamed);
  const entries: Entry[] = [];
  const spoilt = new Set<string>();
  let place = 0;
  for (const argument of call.arguments ?? []) {
    if (argument.name) {
      entries.push({
        name: argument.name.text,
        nameSpan: argument.name.span,
        value: argument.value,
        span: argument.span,
      });
      continue;
    }
    const name = byPlace[place++];
    if (name !== undefined) {
      entries.push({ name, nameSpan: argument.value.span, value: argument.value, span: argument.span });
      continue;
    }
    const open = Object.keys(args).filter(
      (key) => args[key].required && !(call.arguments ?? []).some((a) => a.name?.text === key),
    );
    for (const key of open) {
      spoilt.add(key);
    }
    const said =
      Object.keys(args).length === 0
        ? "it takes no arguments"
        : `write \`${open[0] ?? "name"}: ${shown(argument.value)}\``;
    scope.report(
      diagnose("unnamed-argument", { owner: owner.text, value: shown(argument.value) }, at(argument.value, said), {
        fixes: open.map((key) => fix(`Write \`${key}:\``, start(argument.value.span), `${key}: `, open.length === 1)),
      }),
    );
  }
  return readEntries(args, entries, spoilt, owner, scope);
}

/** Says that a setting is needed. @param doc of the setting */
export function missingSetting(owner: Pick<Owner, "text" | "span">, name: string, doc: string, scope: Scope): void {
  scope.report(diagnose("missing-setting", { owner: owner.text, name }, at(owner.span, hint(name, doc))));
}

function readEntries<A extends Arguments>(
  args: A,
  entries: readonly Entry[],
  spoilt: Set<string>,
  owner: Owner,
  scope: Scope,
): Readings<A> {
  const readings: Record<string, Given<unknown> | null> = emptyRecord();
  const seen = new Map<string, Entry>();
  for (const entry of entries) {
    const { name, nameSpan, value } = entry;
    const first = seen.get(name);
    if (!Object.hasOwn(args, name)) {
      unknown(owner, { text: name, span: nameSpan }, [...Object.keys(args), ...owner.blocks], spoilt, scope);
    } else if (first) {
      const same = valueText(first.value) === valueText(value);
      scope.report(again(name, nameSpan, first.nameSpan, [without("Leave this out", entry.span, same)]));
    } else {
      seen.set(name, entry);
      const read = readValue(args[name].sort, name, value, scope.report);
      readings[name] = read === null ? null : { value: read, span: value.span, written: true };
    }
  }
  for (const [name, { required, unless, fallback, doc }] of Object.entries(args)) {
    if (Object.hasOwn(readings, name)) {
      continue;
    }
    if (!required || (unless !== undefined && seen.has(unless))) {
      readings[name] = { value: fallback, span: owner.span, written: false };
    } else {
      readings[name] = null;
      if (!spoilt.has(name)) {
        missingSetting(owner, name, doc, scope);
      }
    }
  }
  return readings as Readings<A>;
}

const hint = (name: string, doc: string): string =>
  `\`${name}\`: ${doc.charAt(0).toLowerCase()}${doc.slice(1).replace(/\.$/, "")}`;

const again = (name: string, second: Span, first: Span, fixes: readonly Fix[] = []) =>
  diagnose("given-twice", { name }, at(second, "given again"), { also: [at(first, "first given here")], fixes });

/** A misspelt name stands for the nearest one, which is then not missing: that goes into `spoilt`. */
function unknown(owner: Owner, name: Name, candidates: readonly string[], spoilt: Set<string>, scope: Scope): void {
  const names = near(name.text, candidates);
  const none =
    candidates.length === 0
      ? "it takes none"
      : `it has ${list(
          candidates.map((c) => `\`${c}\``),
          "and",
        )}`;
  if (names.length > 0) {
    spoilt.add(names[0]);
  }
  scope.report(
    diagnose(
      "unknown-setting",
      { owner: owner.text, sort: owner.sort, name: name.text },
      at(name, names.length === 0 ? none : `did you mean \`${names[0]}\`?`),
      { fixes: instead(names, name.span) },
    ),
  );
}

/** A value as it was written, shortened. */
export function shown(value: Value): string {
  const text = valueText(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
