// The tree as stable, indented text: what `twin show ast` prints.
import type { Argument, FileNode, Member, Value } from "./ast.ts";

/** One node a line, two spaces per level, a line feed at the end. Independent of the source's layout. */
export function printAst(file: FileNode): string {
  const lines: string[] = [`file${file.model ? ` model ${file.model.text}` : ""}`, ...doc(file.doc)];
  for (const { path } of file.imports) {
    lines.push(`  import ${JSON.stringify(path)}`);
  }
  for (const section of file.sections) {
    const name = section.name ? ` ${section.name.text}` : "";
    const inner = [...doc(section.doc), ...section.members.flatMap(member)];
    lines.push(`  section ${section.keyword}${name}`, ...inner.map(indent));
  }
  return `${lines.join("\n")}\n`;
}

const indent = (line: string): string => `  ${line}`;

const doc = (text: string | undefined): string[] => (text === undefined ? [] : [`  doc ${JSON.stringify(text)}`]);

function member(node: Member): string[] {
  const inner =
    node.kind === "block"
      ? [...doc(node.doc), ...node.members.flatMap(member)]
      : [...doc(node.doc), ...value(node.value).map(indent)];
  return [`  ${node.kind} ${node.name.text}`, ...inner.map(indent)];
}

function value(node: Value): string[] {
  if (node.kind === "number") {
    return [`number ${node.text} = ${node.value} ${node.dimension}`];
  }
  if (node.kind === "string") {
    return [`string ${JSON.stringify(node.value)}`];
  }
  if (node.kind === "list") {
    return ["list", ...node.items.flatMap(value).map(indent)];
  }
  const path = node.path.map((name) => name.text).join(".");
  if (!node.arguments) {
    return [`reference ${path}`];
  }
  return [`call ${path}`, ...node.arguments.flatMap(argument).map(indent)];
}

const argument = ({ name, value: given }: Argument): string[] =>
  name ? [`argument ${name.text}`, ...value(given).map(indent)] : value(given);
