// Every syntax diagnostic: its code, severity and title. The compiler's own table stands beside this one.
import { diagnostics, error } from "./diagnostic.ts";

export const { table: syntaxErrors, diagnose } = diagnostics({
  // the file
  "file-too-large": error`this file is too large: it holds ${"size"} characters, and ${"limit"} are allowed`,
  "not-text": error`this file is not text`,

  // words
  "unexpected-character": error`${"what"} has no meaning here`,
  "foreign-comment": error`comments begin with \`//\``,
  "bad-name": error`\`${"name"}\` is not a name`,
  "bad-number": error`\`${"text"}\` is not a number`,
  "unknown-unit": error`there is no unit \`${"unit"}\``,
  "single-quotes": error`strings stand in double quotes`,
  "unterminated-string": error`this string does not end on its line`,
  "bad-escape": error`\`${"escape"}\` means nothing in a string`,

  // files and sections
  "misplaced-header": error`\`${"keyword"}\` must stand ${"place"}`,
  "missing-name": error`a name is missing after \`${"after"}\``,
  "missing-path": error`\`import\` needs the path of a file`,
  "unknown-section": error`there is no section called \`${"name"}\``,
  "outside-section": error`\`${"token"}\` stands outside every section`,
  "missing-body": error`\`${"section"}\` has no body`,
  "too-deep": error`this is nested deeper than ${"limit"} levels`,

  // brackets
  "stray-close": error`this \`${"bracket"}\` closes nothing`,
  "not-closed": error`this \`${"bracket"}\` is never closed`,

  // members and values
  "missing-colon": error`\`${"name"}\` lacks its colon`,
  "block-colon": error`\`${"name"}\` is a block, and takes no colon`,
  "missing-value": error`\`${"name"}\` has no value`,
  "missing-comma": error`a comma is missing before \`${"token"}\``,
  "unexpected-token": error`\`${"token"}\` does not belong here`,
});

/** Text of the user's, short enough for a message. */
export function shown(text: string, most = 40): string {
  const characters = [...text.slice(0, 2 * most)];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}
