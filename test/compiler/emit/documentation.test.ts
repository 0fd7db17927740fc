// `///` of a model in its manifest: of what requests bring and get, by their names, and nothing where nothing is said.
import { expect, it } from "vitest";
import { documentationOf } from "../../../contract/documentation-section.ts";
import { compiled, smallSource } from "../../kit/small-model.ts";

const documented = smallSource
  .replace("item {\n", "/// What a video is.\nitem {\n")
  .replace("  author: hashed", "  /// Who made it,\n  /// by number.\n  author: hashed")
  .replace("  price: number", "  /// In cents.\n  price: number")
  .replace("    liked: flag", "    /// Whether the user said so.\n    liked: flag")
  .replace("history watched", "/// Newest first.\nhistory watched")
  .replace("search nearest", "/// The nearest.\nsearch nearest")
  .replace("attend interest", "/// What the user likes.\nattend interest")
  .replace("    click: binary", "    /// Within a minute.\n    click: binary")
  .replace("metric relevance", "/// Of the graphs alone.\nmetric relevance");

const { manifest } = compiled(documented);

it("stands in the section `documentation`, by kind and name", () => {
  expect(manifest.extensions.documentation).toEqual({
    required: false,
    content: {
      groups: { item: "What a video is." },
      features: {
        "item.author": "Who made it,\nby number.",
        "candidate.price": "In cents.",
        "watched.liked": "Whether the user said so.",
      },
      histories: { watched: "Newest first." },
      searches: { nearest: "The nearest." },
      attends: { interest: "What the user likes." },
      labels: { click: "Within a minute." },
    },
  });
});

it("is read by kind and name; what is not documented is empty, whatever its name", () => {
  const doc = documentationOf(manifest);
  expect(doc("features", "candidate.price")).toBe("In cents.");
  expect(doc("features", "user.age")).toBe("");
  expect(doc("labels", "constructor")).toBe("");
  expect(documentationOf({ extensions: {} })("labels", "click")).toBe("");
});

it("leaves the manifest of a model without any as it was", () => {
  expect(Object.keys(compiled(smallSource).manifest.extensions)).toEqual(["kernel"]);
});
