// Broken and rearranged texts, made from a sound one for property tests.
import fc from "fast-check";
import { endOf, lex, startOf } from "../../grammar/lex.ts";

/** The sample's words and comments as written, in order. */
export function pieces(text: string): { readonly image: string; readonly comment: boolean }[] {
  const { tokens, comments } = lex(text);
  const all = [...tokens.map((t) => ({ t, comment: false })), ...comments.map((t) => ({ t, comment: true }))];
  return all
    .sort((a, b) => startOf(a.t) - startOf(b.t))
    .map(({ t, comment }) => ({ image: text.slice(startOf(t), endOf(t)), comment }));
}

/** A text with a few characters or words deleted, inserted, doubled or swapped. */
export function broken(text: string): fc.Arbitrary<string> {
  const words = pieces(text).map(({ image }) => image);
  const junk = fc.oneof(
    fc.constantFrom(
      ..."{}[]():,.\"'\\/-;=#\0\r\n\t é日\u{1F600}\uFEFF",
      "/*",
      "15mins",
      "1.2.3",
      "item {",
      "model",
      "- ",
    ),
    fc.constantFrom(...words),
  );
  const edit = fc.record({ at: fc.nat(), kind: fc.constantFrom("delete", "insert", "double", "swap"), junk });
  const apply = (parts: string[], edits: readonly { at: number; kind: string; junk: string }[]): string[] => {
    for (const { at, kind, junk: extra } of edits) {
      const i = at % parts.length;
      if (kind === "delete") {
        parts.splice(i, 1);
      } else if (kind === "insert") {
        parts.splice(i, 0, extra);
      } else if (kind === "double") {
        parts.splice(i, 0, parts[i]);
      } else {
        [parts[i], parts[(i + 1) % parts.length]] = [parts[(i + 1) % parts.length], parts[i]];
      }
    }
    return parts;
  };
  const edits = fc.array(edit, { minLength: 1, maxLength: 6 });
  return fc.oneof(
    edits.map((all) => apply([...text], all).join("")),
    edits.map((all) => apply(text.split(/\b/), all).join("")),
    edits.map((all) => apply(text.split("\n"), all).join("\n")),
    fc.nat(text.length).map((end) => text.slice(0, end)),
  );
}

/** A text with the same words in another layout: blanks, line ends and comments put anywhere between them. */
export function relaid(text: string): fc.Arbitrary<string> {
  const all = pieces(text);
  const gap = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(" ", "\n", "\n\n", "  ", "\t", "\r\n", "\n\n\n\n", " \n \n") },
    {
      weight: 1,
      arbitrary: fc.constantFrom(" // x\n", "\n// y\n", "\n\n/// z\n\n", "//\n", " ///q \r\n", "\n//// w\n // v\n"),
    },
  );
  return fc
    .array(gap, { minLength: all.length + 1, maxLength: all.length + 1 })
    .map((gaps) =>
      all.reduce<string>((out, { image, comment }, i) => `${out}${image}${comment ? "\n" : ""}${gaps[i + 1]}`, gaps[0]),
    );
}
