// EasyRec's features: what a feature_config says of its columns.
import { TwinError } from "../../../contract/error.ts";
import { quoted } from "../database/source.ts";
import type { ProtoMessage } from "./proto-text.ts";
import type { ListForm, PublishedKind, Size } from "./published.ts";

export interface EasyFeature {
  readonly name: string;
  /** As `input_fields` call it. */
  readonly input: string;
  readonly kind: PublishedKind;
  readonly list: ListForm;
  /** A list of behaviours, or of what was known of them; `kind` is that of one value. */
  readonly sequence: boolean;
  readonly dim: number | null;
  /** Tables of one name are shared. */
  readonly table: string | null;
  /** Of several inputs: an expression over their columns. */
  sql(columnOf: (input: string) => string): string | null;
}

const none = (): null => null;

/** @param notes what is left out, and why @throws TwinError naming file, line and column */
export function easyFeatures(config: ProtoMessage, notes: string[]): EasyFeature[] {
  const written = [
    ...config.messages("feature_configs"),
    ...config.messages("feature_config").flatMap((one) => one.messages("features")),
  ];
  if (written.length === 0) {
    const way = config.has("fg_json_path")
      ? "; EasyRec makes them of the JSON that fg_json_path names: convert the pipeline.config that it writes into model_dir"
      : "";
    throw new TwinError(`${config.place()}: there is neither \`feature_config\` nor \`feature_configs\`${way}`);
  }
  return written.flatMap((one) => {
    const inputs = one.texts("input_names");
    const [first] = inputs;
    if (first === undefined) {
      throw new TwinError(`${one.place()}: this feature has no \`input_names\``);
    }
    const name = one.text("feature_name") ?? first;
    const made = featureOf(one, name, inputs);
    if (typeof made === "string") {
      notes.push(`\`${name}\` is left out: ${made}`);
      return [];
    }
    const shared = one.texts("shared_names").map((other) => ({ ...made, name: other, input: other }));
    return [made, ...shared];
  });
}

/** A text says why there is none. */
function featureOf(one: ProtoMessage, name: string, inputs: readonly string[]): EasyFeature | string {
  const type = one.text("feature_type") ?? "IdFeature";
  const separator = one.text("separator") ?? "|";
  const size = sizeOf(one);
  const boundaries = one.numbers("boundaries");
  const number: PublishedKind = { kind: "number", at: boundaries.length === 0 ? null : boundaries };
  const base = {
    name,
    input: inputs[0] ?? name,
    list: { by: null, padding: null },
    sequence: false,
    dim: one.number("embedding_dim") || null,
    table: one.text("embedding_name"),
    sql: none,
  };
  if (one.has("seq_multi_sep") && type !== "SequenceFeature") {
    return "each of its values is a list of lists (seq_multi_sep)";
  }
  switch (type) {
    case "IdFeature":
      return { ...base, kind: { kind: "category", size } };
    case "RawFeature": {
      const width = one.number("raw_input_dim") ?? 1;
      return width > 1
        ? { ...base, kind: { kind: "vector", length: width }, list: { by: separator, padding: null } }
        : { ...base, kind: number };
    }
    case "TagFeature":
      return one.has("kv_separator")
        ? `its tags have weights (\`kv_separator\`), and Twin's have none; cut them off in the file`
        : { ...base, kind: { kind: "tags", size, max: null }, list: { by: separator, padding: null } };
    case "SequenceFeature": {
      const raw = one.text("sub_feature_type") === "RawFeature";
      return {
        ...base,
        kind: raw ? number : { kind: "category", size },
        list: { by: separator, padding: null },
        sequence: true,
      };
    }
    case "ComboFeature": {
      const joined = one.text("combo_join_sep") || "_";
      return {
        ...base,
        kind: { kind: "category", size },
        sql: (columnOf) =>
          `concat_ws('${joined.replaceAll("'", "''")}', ${inputs.map((input) => quoted(columnOf(input))).join(", ")})`,
      };
    }
    case "LookupFeature":
      return "a LookupFeature looks keys up in a map of the row; make a column of what it finds";
    case "ExprFeature":
      return `an ExprFeature is computed: write it as SQL under \`columns\` (${one.text("expression") ?? "its expression"})`;
    default:
      return `\`${type}\` is no type of feature that is known`;
  }
}

function sizeOf(one: ProtoMessage): Size {
  const [rows, ids, listed] = [one.number("hash_bucket_size"), one.number("num_buckets"), one.texts("vocab_list")];
  if (ids !== null && ids > 0) {
    return { vocab: ids };
  }
  if (rows !== null && rows > 0) {
    return { buckets: rows };
  }
  return listed.length > 0 ? { vocabulary: listed.length } : null;
}
