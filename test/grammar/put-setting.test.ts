// A setting written into a text: over what is there, into a call, where there was none, in a section that is new.
import { expect, it } from "vitest";
import type { Put } from "../../grammar/index.ts";
import { putSetting } from "../../grammar/index.ts";

const text = `// kept
train {
  embeddings: adagrad(rate: 0.05, epsilon: 1e-6) // behind
  dense:      adam
  l2:         1e-6

  /// Documented.
  batch: 256
}

search a { keep: 10 }
search b { keep: 20 }
`;
const put = (one: Partial<Put>, source = text) =>
  putSetting({ path: "t.twin", text: source }, { section: "train", name: null, setting: "batch", text: "1", ...one });

it("takes the place of a value, a block and an argument, and leaves the rest to the letter", () => {
  expect(put({})).toBe(text.replace("batch: 256", "batch: 1"));
  expect(put({ setting: "l2", text: "{ embeddings: 0 dense: 1 }" })).toBe(
    text.replace("l2:         1e-6", "l2 { embeddings: 0 dense: 1 }"),
  );
  const rate = { setting: "embeddings", text: "2", argument: { name: "rate", call: "adagrad" } };
  expect(put(rate)).toBe(text.replace("0.05", "2"));
});

it("gives a call an argument that it has not, with and without parentheses", () => {
  const argument = { name: "rate", call: "adam" };
  expect(put({ setting: "dense", text: "2", argument })).toBe(text.replace("adam\n", "adam(rate: 2)\n"));
  expect(put({ setting: "embeddings", text: "2", argument: { name: "other", call: "adagrad" } })).toBe(
    text.replace("1e-6)", "1e-6, other: 2)"),
  );
  expect(put({ setting: "dense", text: "2", argument }, "train { dense: adam() }")).toBe(
    "train { dense: adam(rate: 2) }",
  );
});

it("stands at the section's end where the section lacks it, and in a new one where there is none", () => {
  expect(put({ setting: "cold", text: "5%" })).toBe(text.replace("256\n}", "256\n\n  cold: 5%\n}"));
  const dense = { setting: "dense", text: "2", argument: { name: "rate", call: "adam" } };
  expect(put(dense, "model m\n")).toBe("model m\n\ntrain {\n  dense: adam(rate: 2)\n}\n");
});

it("goes by the section's name", () => {
  expect(put({ section: "search", name: "b", setting: "keep" })).toBe(text.replace("keep: 20", "keep: 1"));
  expect(() => put({ section: "search", name: "c", setting: "keep" })).toThrow("t.twin has no search c");
  expect(() => put({}, "train {")).toThrow("t.twin has syntax errors");
});
