// Names with `*`, which stands for any text without a dot.

export const isPattern = (name: string): boolean => name.includes("*");

/** What each `*` of the pattern stands for in `name`; null where it does not fit. */
export function matchPattern(pattern: string, name: string): readonly string[] | null {
  const source = pattern
    .split("*")
    .map((text) => text.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"))
    .join("([^.]+)");
  return new RegExp(`^${source}$`).exec(name)?.slice(1) ?? null;
}

/** The pattern with its `*` replaced in order. */
export function fillPattern(pattern: string, texts: readonly string[]): string {
  let next = 0;
  return pattern.replaceAll("*", () => texts[next++] ?? "*");
}
