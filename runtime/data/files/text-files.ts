// Files of text as the database can read them: looked at, whole, and in UTF-8.
import { TwinError } from "../../../contract/error.ts";
import type { Source } from "../database/source.ts";
import { expectWhole } from "./compressed.ts";
import { decodedBy, encodingAdvice, looksWide, marked, wrongIn } from "./encoding.ts";
import type { FileForm } from "./file-form.ts";
import { headOf, isGzip, isZstd } from "./file-head.ts";
import { expectText } from "./file-kind.ts";
import { once } from "./reading.ts";
import { shownPath } from "./shown-path.ts";
import { utf8Copy } from "./utf8-copy.ts";

export interface TextFile {
  readonly file: string;
  readonly encoding: string;
  /** What the database reads: the file, or a copy in UTF-8. */
  readonly path: string;
}

type Looked = Omit<TextFile, "path"> & { readonly copied: boolean; readonly compressed: boolean };

/** @throws TwinError naming the file, and the line, of what is no text, damaged, or in an encoding that nobody named */
export async function textFiles(
  source: Source,
  files: readonly string[],
  format: "csv" | "json",
  form: FileForm,
): Promise<TextFile[]> {
  const looked = await once(JSON.stringify(["texts", format, form.encoding]), files, async () => {
    const found: Looked[] = [];
    for (const file of files) {
      found.push(await lookAt(file, format, form));
    }
    return found;
  });
  const texts: TextFile[] = [];
  for (const { file, encoding, copied, compressed } of looked) {
    texts.push({ file, encoding, path: copied ? await utf8Copy(source, file, encoding, compressed) : file });
  }
  return texts;
}

async function lookAt(file: string, format: "csv" | "json", form: FileForm): Promise<Looked> {
  const shown = shownPath(file);
  const { raw, bytes, whole } = expectText(file, format, shown);
  await expectWhole(file, raw, shown);
  const mark = bytes === null ? null : marked(bytes);
  const encoding = mark ?? form.encoding ?? "utf-8";
  // The database stumbles over a byte order mark in JSON.
  const copied = encoding !== "utf-8" || (mark !== null && format === "json");
  if (copied && isZstd(raw)) {
    throw new TwinError(`${shown} is compressed with zstd and not in UTF-8: decompress it (\`unzstd\`), or convert it`);
  }
  if (!copied && bytes !== null && looksWide(bytes)) {
    throw new TwinError(`${shown}, line 1: ${encodingAdvice(bytes, shown)}`);
  }
  if (!copied && bytes !== null && decodedBy(encoding, bytes, whole) === null) {
    const wrong = wrongIn(bytes);
    throw new TwinError(`${shown}, line ${wrong.line}: ${encodingAdvice(wrong.bytes, shown)}`);
  }
  return { file, encoding, copied, compressed: isGzip(raw) };
}

/** The text that a file begins with, and whether that is all; null where it cannot be read here. */
export function beginningOf({ file, encoding }: TextFile): { readonly text: string; readonly whole: boolean } | null {
  const { bytes, whole } = headOf(file);
  const text = bytes === null ? null : decodedBy(encoding, bytes, whole);
  return text === null ? null : { text, whole };
}
