// The manifest's section `documentation`: the `///` of what requests bring and get.
import { type Documented, documentationSection } from "../../contract/documentation-section.ts";
import type { Extensions } from "../../contract/extensions.ts";
import { recordOf } from "../../contract/record.ts";
import { allFeatures } from "../model/features.ts";
import type { Model } from "../model/model.ts";

type Text = readonly [name: string, doc: string];

export function documented(model: Model): Extensions {
  const { item, user, context, candidate, histories, searches, attends, towers } = model;
  const own = ({ name, doc }: { readonly name: string; readonly doc: string }): Text => [name, doc];
  const all: Readonly<Record<Documented, readonly Text[]>> = {
    groups: [item, user, context, candidate].map(({ kind, doc }) => [kind, doc]),
    features: allFeatures(model).map(({ qualified, doc }) => [qualified, doc]),
    histories: histories.map(own),
    searches: searches.map(own),
    attends: attends.map(own),
    labels: towers.flatMap(({ tasks }) => tasks.map(({ label, doc }): Text => [label, doc])),
  };
  const said = Object.entries(all).map(([of, texts]) => [of, texts.filter(([, doc]) => doc !== "")] as const);
  return documentationSection(
    recordOf(said.flatMap(([of, texts]) => (texts.length === 0 ? [] : [[of, recordOf(texts)] as const]))),
  );
}
