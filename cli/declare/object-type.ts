// Text of TypeScript's object types: members with their comments, whatever their names and documentation hold.

export interface Member {
  readonly name: string;
  /** What it is written as; several lines where it is an object. */
  readonly type: string;
  readonly optional?: boolean;
  readonly doc?: string;
}

/** `{ … }`, a member a line; of two members of one name the first is meant. */
export function objectType(members: readonly Member[]): string {
  const byName = new Map([...members].reverse().map((member) => [member.name, member]));
  const lines = members.filter((member) => byName.get(member.name) === member).map(memberText);
  return lines.length === 0 ? "{}" : `{\n${indented(lines.join("\n"))}\n}`;
}

function memberText({ name, type, optional, doc }: Member): string {
  return `${commentText(doc ?? "")}readonly ${propertyName(name)}${optional === true ? "?" : ""}: ${type};`;
}

/** What the model's source says of it, then what holds of every such thing. */
export const documentedAs = (doc: string, says: string): string => (doc === "" ? says : `${doc}\n${says}`);

/** A documentation comment before what it documents; nothing where there is no text. */
export function commentText(text: string): string {
  const lines = text
    .replaceAll("*/", "*\\/")
    .split(/[\r\n\u2028\u2029]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines.length < 2) {
    return lines.length === 0 ? "" : `/** ${lines[0]} */\n`;
  }
  return `/**\n${lines.map((line) => ` * ${line}\n`).join("")} */\n`;
}

export const literal = (text: string): string =>
  JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");

/** One of these texts; none: `never`. */
export const anyOf = (texts: readonly string[]): string =>
  texts.length === 0 ? "never" : [...new Set(texts)].map(literal).join(" | ");

const propertyName = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : literal(name));

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ");
