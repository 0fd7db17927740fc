// Raw values as TypeScript's types: by the encoder of a feature, and by the derivation that makes it of another column.

import { isComputed, type RowEncoder } from "../../contract/encoder-spec.ts";
import type { Derived, FeatureSpec } from "../../contract/manifest.ts";

/** What one value, and what a column of them may be. */
export interface ValueType {
  readonly one: string;
  readonly column: string;
  /** For people. */
  readonly says: string;
}

type Numbers = "number | bigint";
const number: Numbers = "number | bigint";
const text = "number | bigint | string";

/** What a request brings of a feature; null where it is computed, or read from what another brings. */
export function valueType({ encoder }: FeatureSpec): ValueType | null {
  if (isComputed(encoder) || encoder.kind === "centroid") {
    return null;
  }
  switch (encoder.kind) {
    case "id":
    case "vocabulary":
    case "hashed":
      return scalar(rowValue(encoder), sentence(rowSays(encoder)));
    case "bucketed":
    case "number":
      return scalar(number, "A number.");
    case "flag":
      return scalar("boolean | 0 | 1", "True or false.");
    case "members":
      return scalar(number, "How many behaviours the cluster holds; 1 where it is missing.");
    case "key":
      return scalar(encoder.type === "string" ? "string" : text, encoder.type === "string" ? "A text." : "An integer.");
    case "tags": {
      const one = `Tags<${rowValue(encoder.of)}>`;
      const says = `A list of tags, of which the first ${encoder.max} count. Each is ${rowSays(encoder.of)}.`;
      return { one, column: `readonly (${one} | Missing)[]`, says };
    }
    case "pretrained":
      return {
        one: "Vector",
        column: "Numbers | readonly (Vector | Missing)[]",
        says: `A vector of ${encoder.size} numbers; as one typed array all of them, one after the other.`,
      };
  }
}

export type MadeOf = Exclude<Derived, { kind: "sql" | "known_at" }>;

/** What a request may bring in a feature's place. */
export function rawType(derived: MadeOf, feature: string): ValueType {
  switch (derived.kind) {
    case "at_least":
      return scalar(number, `A number: \`${feature}\` is whether it is at least ${derived.value}.`);
    case "scale":
      return scalar(number, `A number, which is scaled to \`${feature}\`.`);
    case "split":
      return scalar("string", `A text, which is split at ${JSON.stringify(derived.by)} into \`${feature}\`.`);
    case "map":
      return scalar("string | number | bigint | boolean", `A value that \`${feature}\` is looked up by.`);
  }
}

const scalar = (one: string, says: string): ValueType => ({ one, column: `Column<${one}>`, says });

const rowValue = (encoder: RowEncoder): string => (encoder.kind === "id" ? number : text);

const sentence = (says: string): string => `${says[0].toUpperCase()}${says.slice(1)}.`;

function rowSays(encoder: RowEncoder): string {
  switch (encoder.kind) {
    case "id":
      return `an integer from 0 to ${encoder.vocab - 1}; any other is unknown`;
    case "vocabulary":
      return "a text or an integer; one that the vocabulary does not have is unknown";
    case "hashed":
      return "a text or an integer";
  }
}
