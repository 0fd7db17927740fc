// Named sections that a file of ours may carry beside its fields: what later versions add without another format.

import * as v from "valibot";
import { BudgetSchema } from "./budget-section.ts";
import { DocumentationSchema } from "./documentation-section.ts";
import { TwinError } from "./error.ts";
import { KernelSchema } from "./kernel-spec.ts";
import { named, strict } from "./named-schema.ts";
import type { Named } from "./record.ts";
import { SearchWeightsSchema } from "./search-weights-section.ts";
import { VectorsSchema } from "./vectors-section.ts";

/** By name: provider notes, a kernel, parameters of a kind of `by`, statistics, a release. */
export const ExtensionsSchema = named(
  strict({
    /** Whether who does not know the section must leave the file alone; otherwise it may read past it. */
    required: v.boolean(),
    content: v.unknown(),
  }),
);

export type Extensions = v.InferOutput<typeof ExtensionsSchema>;

/** The sections of a manifest that this version knows, with the schema of their contents. */
export const manifestSections: Named<v.GenericSchema> = {
  kernel: KernelSchema,
  documentation: DocumentationSchema,
  budget: BudgetSchema,
  search_weights: SearchWeightsSchema,
  vectors: VectorsSchema,
};

/** Those of runs, generations and prepared data. */
const known: Named<v.GenericSchema> = {};

/** What was read of the contents of sections: they are checked, and asked for again by whoever uses them. */
const read = new WeakMap<object, Map<v.GenericSchema, v.SafeParseResult<v.GenericSchema>>>();

/** The content of a section by its schema, read once; it is not changed after. */
export function readSection<S extends v.GenericSchema>(schema: S, content: unknown): v.SafeParseResult<S> {
  if (typeof content !== "object" || content === null) {
    return v.safeParse(schema, content);
  }
  const known = read.get(content) ?? new Map();
  read.set(content, known);
  const result = known.get(schema) ?? v.safeParse(schema, content);
  known.set(schema, result);
  return result;
}

/** Whether all that does not fit are kinds that are not known: what later versions may add. */
export const isLater = (issues: readonly v.BaseIssue<unknown>[]): boolean =>
  issues.every(({ type }) => type === "variant");

/**
 * What is wrong with the sections; null: nothing. One that is not known, or has kinds that are not, and is not required is kept as it is.
 * @param sections those that are known
 */
export function extensionFault(extensions: Extensions, sections: Named<v.GenericSchema> = known): string | null {
  for (const [name, { required, content }] of Object.entries(extensions)) {
    if (!Object.hasOwn(sections, name)) {
      if (required) {
        return `it has the section ${JSON.stringify(name)}, which this version of Twin does not know, and says that it cannot be read without: it was written by a later version`;
      }
      continue;
    }
    const result = readSection(sections[name], content);
    if (result.success || (!required && isLater(result.issues))) {
      continue;
    }
    const [issue] = result.issues;
    return `extensions.${name}.${v.getDotPath(issue) ?? "content"}: ${issue.message}`;
  }
  return null;
}

/** @throws TwinError naming file and section where one cannot be read, and it cannot be done without */
export function expectSections(extensions: Extensions | undefined, path: string, cure: string): void {
  const fault = extensionFault(extensions ?? {});
  if (fault !== null) {
    throw new TwinError(`${path}: ${fault}. ${cure}`);
  }
}
