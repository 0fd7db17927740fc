// How a file is written, as data.yaml says it beside `file`, given its meaning.
import { TwinError } from "../../contract/error.ts";
import type { Binding } from "./binding.ts";
import { encodingOf, type FileForm, type Format, formatOf, separatorOf } from "./files/file-form.ts";

interface WrittenForm {
  readonly format?: Format | undefined;
  readonly separator?: string | undefined;
  readonly header?: boolean | undefined;
  readonly encoding?: string | undefined;
}

/** Nothing where nothing is said. @throws TwinError with the place of what cannot be, or cannot stand together */
export function formIn(
  role: string,
  file: string | Readonly<Record<string, string | undefined>>,
  { format, separator, header, encoding }: WrittenForm,
  place: Binding["place"],
): { readonly form?: FileForm } {
  const form: FileForm = {
    ...(format !== undefined && { format }),
    ...(separator !== undefined && { separator: separatorOf(separator, place(role, "separator")) }),
    ...(header !== undefined && { header }),
    ...(encoding !== undefined && { encoding: encodingOf(encoding, place(role, "encoding")) }),
  };
  const name = typeof file === "string" ? file : (Object.values(file)[0] ?? "");
  const is = format ?? formatOf(name);
  for (const [key, of] of [
    ["separator", ["csv"]],
    ["header", ["csv"]],
    ["encoding", ["csv", "json"]],
  ] as const) {
    if (form[key] !== undefined && is !== null && !of.some((one) => one === is)) {
      throw new TwinError(`${place(role, key)}: \`${key}\` is for ${of.join(" and ")}, and ${name} is ${is}`);
    }
  }
  return Object.keys(form).length === 0 ? {} : { form };
}
