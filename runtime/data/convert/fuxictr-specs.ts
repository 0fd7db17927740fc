// FuxiCTR's features, from the map of encoded data (feature_map.json) or the columns of a dataset_config.yaml.
import { TwinError } from "../../../contract/error.ts";
import { isPlain, numberOf, type Plain, readJson, textOf } from "./broken-text.ts";

export interface FuxiSpec {
  readonly name: string;
  /** `categorical`, `numeric`, `sequence`, `embedding`, `meta`, or what else is written. */
  readonly type: string;
  readonly source: string;
  /** The feature whose table it shares. */
  readonly share: string | null;
  readonly vocab: number | null;
  readonly max: number | null;
  readonly splitter: string;
  readonly padding: "pre" | "post";
  readonly dim: number | null;
  /** Length of an `embedding`. */
  readonly length: number | null;
  /** Their code that makes the column, where it is none of the files'. */
  readonly made: string | null;
}

export interface FuxiSpecs {
  readonly specs: readonly FuxiSpec[];
  readonly labels: readonly string[];
}

function specOf(name: string, written: Plain): FuxiSpec {
  return {
    name,
    type: textOf(written.type) ?? "",
    source: textOf(written.source) ?? "",
    share: textOf(written.share_embedding),
    vocab:
      numberOf(written.vocab_size) ??
      (textOf(written.category_processor) === null ? null : numberOf(written.num_buckets)),
    max: numberOf(written.max_len) || null,
    splitter: textOf(written.splitter) ?? "^",
    padding: written.padding === "pre" ? "pre" : "post",
    dim: numberOf(written.embedding_dim),
    length: numberOf(written.pretrain_dim),
    made: textOf(written.preprocess),
  };
}

/** @throws TwinError naming the file, and line and column where it is no JSON */
export function specsOfMap(path: string): FuxiSpecs {
  const json = readJson(path);
  const listed = isPlain(json) ? json.features : null;
  if (!isPlain(json) || !Array.isArray(listed) || !listed.every(isPlain)) {
    throw new TwinError(`${path} is no feature_map.json of FuxiCTR: it has no list \`features\``);
  }
  const labels = Array.isArray(json.labels) ? json.labels.map(String) : [];
  const specs = listed.flatMap((one) =>
    Object.entries(one).flatMap(([name, spec]) => (isPlain(spec) ? [specOf(name, spec)] : [])),
  );
  return { specs, labels };
}

/** @param dataset one entry of a dataset_config @param where its place, for errors */
export function specsOfConfig(dataset: Plain, where: string): FuxiSpecs {
  const { feature_cols: columns, label_col: label } = dataset;
  if (!Array.isArray(columns) || !columns.every(isPlain)) {
    throw new TwinError(`${where}: \`feature_cols\` is missing: it lists the columns with their types`);
  }
  const specs = columns
    .filter(({ active }) => active !== false)
    .flatMap((column) => {
      const names = Array.isArray(column.name) ? column.name : [column.name];
      return names.flatMap((name) => {
        const text = textOf(name);
        return text === null ? [] : [specOf(text, column)];
      });
    });
  const labels = (Array.isArray(label) ? label : [label]).flatMap((one) => {
    const name = isPlain(one) ? textOf(one.name) : textOf(one);
    return name === null ? [] : [name];
  });
  return { specs, labels };
}
