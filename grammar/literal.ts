// String literals: what stands between the quotes, and its escapes.

const escapes: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", n: "\n", r: "\r", t: "\t" };

export interface BadEscape {
  /** Where the backslash stands in the literal. */
  readonly offset: number;
  /** As written, the backslash included. */
  readonly escape: string;
}

/** The text that a literal with its quotes stands for. */
export function unquote(literal: string): string | BadEscape {
  if (!literal.includes("\\")) {
    return literal.slice(1, -1);
  }
  let text = "";
  for (let i = 1; i < literal.length - 1; i++) {
    if (literal[i] !== "\\") {
      text += literal[i];
      continue;
    }
    const code = /^\\u\{([0-9a-fA-F]{1,6})\}/.exec(literal.slice(i, i + 10));
    const point = code ? Number.parseInt(code[1], 16) : Number.NaN;
    const plain = escapes[literal[i + 1]];
    if (plain !== undefined) {
      text += plain;
    } else if (code && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)) {
      text += String.fromCodePoint(point);
    } else {
      return { offset: i, escape: code ? code[0] : literal.slice(i, i + 2) };
    }
    i += code ? code[0].length - 1 : 1;
  }
  return text;
}
