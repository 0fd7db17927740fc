// A value as text, on one line and without the comments that may stand within it.
import type { Value } from "./ast.ts";

/** What was meant, not how it was laid out: equal for equal values. Numbers are as written. */
export function valueText(value: Value): string {
  if (value.kind === "number") {
    return value.text;
  }
  if (value.kind === "string") {
    return JSON.stringify(value.value);
  }
  if (value.kind === "list") {
    return `[${value.items.map(valueText).join(", ")}]`;
  }
  const path = value.path.map(({ text }) => text).join(".");
  if (!value.arguments) {
    return path;
  }
  const given = value.arguments.map(({ name, value: one }) => (name ? `${name.text}: ` : "") + valueText(one));
  return `${path}(${given.join(", ")})`;
}
