// Checks a text as a program of its own, for the tests of the checker.
import { type Checked, type CheckOptions, check } from "../../../compiler/check/check.ts";
import { load } from "../../../compiler/source/load.ts";

/** Checks `text`, with `files` to import. */
export function checkText(
  text: string,
  files: Readonly<Record<string, string>> = {},
  options: CheckOptions = {},
): Checked {
  const read = (path: string) => (path === "main.twin" ? text : (files[path] ?? { error: "there is no such file" }));
  return check(load("main.twin", read), options);
}

/** What was reported, as `code: text under the caret`. */
export const found = ({ diagnostics }: Pick<Checked, "diagnostics">): string[] =>
  diagnostics.map(({ code, primary: { span } }) => `${code}: ${span.source.text.slice(span.start, span.end)}`);

export const item = "item { video_id: id(vocab: 1k, dim: 8, key: true) cover: pretrained(size: 4) }\n";
export const history = "history watched { of: item max: 100 cross { ago: elapsed(at: [1h], dim: 4) } }\n";
export const metric = "metric relevance { query: item keys: watched.item bias: watched.cross dim: 8 }\n";
export const search = "search nearest { from: watched by: relevance keep: 10 }\n";
export const attend = "attend interest { over: nearest by: relevance }\n";
export const tower = "tower ranking { input: [interest, item] hidden: [16] predict { click: binary } }\n";
export const whole = `model shop\n${item}${history}${metric}${search}${attend}${tower}`;
