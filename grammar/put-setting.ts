// Writes one setting into a file's text: in the place of what is there, or where it would stand. Pure syntax.
import type { CallValue, FileNode, Member, SectionKeyword, SectionNode, Source, Span } from "./ast.ts";
import { edited } from "./fix.ts";
import { parse } from "./parse.ts";

/** A setting and where it belongs. */
export interface Put {
  readonly section: SectionKeyword;
  /** Of a section that has one. */
  readonly name: string | null;
  readonly setting: string;
  /** What stands there then: `50`, `adam(rate: 0.01)`, or a block with its braces. */
  readonly text: string;
  /** Writes `text` as this argument of the call that is there, and leaves its other arguments; `call`: of a call that is not there yet. */
  readonly argument?: { readonly name: string; readonly call: string };
}

/** The text with the setting. A section that has no name is made where it is missing. @throws Error where a named one is missing, or the text cannot be read */
export function putSetting(source: Source, put: Put): string {
  const { file, diagnostics } = parse(source);
  if (diagnostics.some(({ severity }) => severity === "error")) {
    throw new Error(`${source.path} has syntax errors`);
  }
  const section = sectionOf(file, put);
  if (section === undefined && put.name !== null) {
    throw new Error(`${source.path} has no ${put.section} ${put.name}`);
  }
  if (section === undefined) {
    return `${source.text.trimEnd()}\n\n${put.section} {\n  ${memberText(put)}\n}\n`;
  }
  const member = section.members.find(({ name }) => name.text === put.setting);
  const edit =
    member === undefined
      ? { span: at(section.span, section.span.end - 1), text: `\n  ${memberText(put)}\n` }
      : (argumentEdit(member, put) ?? { span: from(member), text: memberText(put) });
  return edited(source, [edit]);
}

const sectionOf = (file: FileNode, { section, name }: Put): SectionNode | undefined =>
  file.sections.find((one) => one.keyword === section && (name === null || one.name?.text === name));

const at = ({ source }: Span, start: number): Span => ({ source, start, end: start });

/** Without the documentation above it. */
const from = ({ name, span }: Member): Span => ({ ...span, start: name.span.start });

function memberText({ setting, text, argument }: Put): string {
  if (argument !== undefined) {
    return `${setting}: ${argument.call}(${argument.name}: ${text})`;
  }
  return text.startsWith("{") ? `${setting} ${text}` : `${setting}: ${text}`;
}

/** Null where the member is no call, or the whole of it is to be written. */
function argumentEdit(member: Member, { argument, text }: Put): { readonly span: Span; readonly text: string } | null {
  if (argument === undefined || member.kind !== "setting" || member.value.kind !== "call") {
    return null;
  }
  const call: CallValue = member.value;
  const found = call.arguments?.find(({ name }) => name?.text === argument.name);
  if (found !== undefined) {
    return { span: found.value.span, text };
  }
  if (call.arguments === undefined) {
    return { span: at(call.span, call.span.end), text: `(${argument.name}: ${text})` };
  }
  const more = `${call.arguments.length === 0 ? "" : ", "}${argument.name}: ${text}`;
  return { span: at(call.span, call.span.end - 1), text: more };
}
