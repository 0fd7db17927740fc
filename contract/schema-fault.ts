// What a schema found wrong, as people read it: where, what, and whether it looks like the work of a later version.
import * as v from "valibot";
import { TwinError } from "./error.ts";

export interface SchemaFault {
  /** `features.1.encoder.kind` */
  readonly name: string;
  readonly keys: readonly unknown[];
  readonly what: string;
  /** Whether it is a variant or a field that this version does not know. */
  readonly unknown: boolean;
}

/** The first issue of a failed parse, and how many more there are. */
export function schemaFault(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): SchemaFault {
  const [issue] = issues;
  const keys = issue.path?.map((item) => item.key) ?? [];
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  const unknown = unknownThing(issue, keys);
  return {
    name: v.getDotPath(issue) ?? "the whole",
    keys,
    what: `${unknown ?? issue.message}${more}`,
    unknown: unknown !== null,
  };
}

function unknownThing({ type, received, expected }: v.BaseIssue<unknown>, keys: readonly unknown[]): string | null {
  if (type === "variant" && received.startsWith('"')) {
    return `${received} is nothing that this version of Twin knows here; it knows ${expected}`;
  }
  if (type === "strict_object" && expected === "never") {
    return `this version of Twin does not know the field ${JSON.stringify(keys.at(-1))}`;
  }
  return null;
}

/** The end of the sentence: what to do. */
export const wayOut = ({ unknown }: SchemaFault, cure: string): string => (unknown ? `${cure}, or update Twin` : cure);

/** @throws TwinError where a value says no format, or one that is not read */
export function expectFormat(
  value: unknown,
  path: string,
  { what, cure }: { readonly what: string; readonly cure: string },
  formats: readonly number[],
): asserts value is { readonly [key: string]: unknown } {
  const format = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (format === undefined) {
    throw new TwinError(`${path} is not ${what}: it does not say \`format: ${formats.at(-1)}\`. ${cure}`);
  }
  if (!formats.some((known) => known === format)) {
    throw new TwinError(
      `${path} has format ${JSON.stringify(format)}, and this version of Twin reads format ${formats.join(" and ")}. ${cure}, or update Twin`,
    );
  }
}
