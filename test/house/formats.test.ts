// No field of a format changes without another format: the structure of each is committed beside the folders that hold it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { KernelSchema } from "../../contract/kernel-spec.ts";
import { ManifestSchema } from "../../contract/manifest.ts";
import { EarlierManifestSchema } from "../../contract/manifest-earlier.ts";
import { strict } from "../../contract/named-schema.ts";
import { TableSpecSchema } from "../../contract/table-spec.ts";
import { EarlierTableSpecSchema } from "../../contract/table-spec-earlier.ts";
import { DatasetSchema } from "../../runtime/data/prepare/dataset-file.ts";
import { DeltaSchema } from "../../runtime/delta/delta-description.ts";
import { PointerSchema } from "../../runtime/release/pointer.ts";
import { RefreshSchema } from "../../runtime/release/refresh-file.ts";
import { ReleaseSchema } from "../../runtime/release/release-file.ts";
import { GenerationSchema } from "../../runtime/table/generation-description.ts";
import { EnsembleSchema } from "../../runtime/train/ensemble.ts";
import { RunSchema } from "../../runtime/train/run-folder.ts";
import { breaking, outline } from "../kit/schema-outline.ts";

const formats: Readonly<Record<string, v.GenericSchema>> = {
  "manifest-2": ManifestSchema,
  "manifest-2-kernel": KernelSchema,
  "manifest-earlier": EarlierManifestSchema,
  "table-spec-earlier": EarlierTableSpecSchema,
  "table-spec-2": TableSpecSchema,
  "generation-2": GenerationSchema,
  "run-2": RunSchema,
  "ensemble-2": EnsembleSchema,
  "dataset-2": DatasetSchema,
  "delta-1": DeltaSchema,
  "release-1": ReleaseSchema,
  "release-pointer-1": PointerSchema,
  "refresh-1": RefreshSchema,
};

const file = (name: string) => join(import.meta.dirname, "../compat", `${name}.txt`);

describe.each(Object.entries(formats))("the format %s", (name, schema) => {
  const now = outline(schema);

  it("is the one that is committed: whoever changes it gives it another number, or adds a kind or a section", () => {
    const before = existsSync(file(name)) ? readFileSync(file(name), "utf8").trimEnd().split("\n") : [];
    const broken = before.length === 0 ? [] : breaking(before, now);
    expect(broken, "raise the format's number, keep reading the one before, and name the new text after it").toEqual(
      [],
    );
    if (process.env.UPDATE === "1") {
      writeFileSync(file(name), `${now.join("\n")}\n`);
    } else {
      expect(now, "only kinds or optional fields are new: UPDATE=1 writes the text anew").toEqual(before);
    }
  });
});

describe("a change of a format", () => {
  const one = (fields: v.ObjectEntries) => outline(strict({ a: v.string(), ...fields }));
  const kinds = (...tags: readonly string[]) =>
    one({
      u: v.variant(
        "kind",
        tags.map((tag) => strict({ kind: v.literal(tag), x: v.number() })),
      ),
    });

  it("is none where a kind or an optional field is new", () => {
    expect(breaking(one({}), one({ b: v.optional(v.number()) }))).toEqual([]);
    expect(breaking(kinds("p"), kinds("p", "q"))).toEqual([]);
  });

  it("is none where a list of words has one more, and is told where one is gone", () => {
    const words = (...all: string[]) => one({ w: v.optional(strict({ w: v.picklist(all) })) });
    expect(breaking(words("p"), words("p", "q"))).toEqual([]);
    expect(breaking(words("p", "q"), words("p"))).toHaveLength(2);
    const wider = one({ w: v.optional(strict({ w: v.picklist(["p"]), x: v.number() })) });
    expect(breaking(words("p"), wider)).toEqual(["new: .w?.x: number"]);
  });

  it("is told where a field is new, gone, renamed or of another type, in a kind as well", () => {
    expect(breaking(one({}), one({ b: v.number() }))).toEqual(["new: .b: number"]);
    expect(breaking(one({ b: v.number() }), one({}))).toEqual(["gone: .b: number"]);
    expect(breaking(one({ b: v.number() }), one({ b: v.string() }))).toHaveLength(2);
    expect(breaking(one({ b: v.number() }), one({ b: v.nullable(v.number()) }))).toHaveLength(2);
    expect(breaking(kinds("p", "q"), kinds("p"))).not.toEqual([]);
    const wider = one({
      u: v.variant("kind", [strict({ kind: v.literal("p"), x: v.number(), y: v.number() })]),
    });
    expect(breaking(kinds("p"), wider)).toEqual(["new: .u<p>.y: number"]);
  });
});
