// Others' words in a page: as text, and as JSON within a script.

export const text = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** JSON that cannot end the element it stands in. */
export const inScript = (json: string): string => json.replaceAll("<", "\\u003c");
