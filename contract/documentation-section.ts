// The manifest's section `documentation`: what `///` says in the source of what requests bring and get, for people.
import * as v from "valibot";
import type { Extensions } from "./extensions.ts";
import type { Manifest } from "./manifest.ts";
import { named } from "./named-schema.ts";

/** What can be documented: by the names that the manifest's own sections have; groups as `features[].group` says them. */
export type Documented = "groups" | "features" | "histories" | "searches" | "attends" | "labels";

/** Texts by kind (`Documented`; later versions may know more) and name. */
export const DocumentationSchema = named(named(v.string()));

export type Documentation = v.InferOutput<typeof DocumentationSchema>;

/** A reader that does not know it loses nothing but the texts. No section where nothing is documented. */
export const documentationSection = (content: Documentation): Extensions =>
  Object.keys(content).length === 0 ? {} : { documentation: { required: false, content } };

/** What the source says of each thing; empty where it says nothing. */
export function documentationOf({
  extensions,
}: Pick<Manifest, "extensions">): (of: Documented, name: string) => string {
  const section = Object.hasOwn(extensions, "documentation") ? extensions.documentation : null;
  const texts: Documentation = section === null ? {} : v.parse(DocumentationSchema, section.content);
  return (of, name) => (Object.hasOwn(texts, of) && Object.hasOwn(texts[of], name) ? texts[of][name] : "");
}
