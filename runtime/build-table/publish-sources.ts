// The rows of a generation by kind, as they are published: what they are, their names, and where they are read here.
import { TwinError } from "../../contract/error.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import { pickKeys } from "../encode/keys.ts";
import { type RowsOf, rowsOfEmbedding, rowsOfItems, rowsOfTable } from "../redis/index.ts";
import type { Artefacts } from "../serve/index.ts";
import type { Generation } from "../store/index.ts";
import { type RowKeys, type RowNumbers, rowNumbers, type TableStore } from "../table/table-store.ts";

export interface PublishedSource extends RowsOf {
  readonly kind: "table" | "items" | "embedding";
  /** Of the table or the parameter. */
  readonly name: string;
  readonly count: number;
  /** Names of the rows from `from` to before `to`. */
  names(from: number, to: number): RowKeys;
  readonly here: TableStore;
  /** Their numbers here. */
  numbers(from: number, to: number): RowNumbers;
}

const range = (from: number, to: number): Int32Array => Int32Array.from({ length: to - from }, (_, i) => from + i);
const numbered = (from: number, to: number): RowNumbers => rowNumbers(range(from, to));

/** Item records first: whoever finds a table's row finds its item. */
export function sourcesOf({ manifest, outside }: Artefacts, generation: Generation): PublishedSource[] {
  const { description, index, store, tables } = generation;
  // Key i has ordinal i + 1, which is the number of its record and of its row.
  const keys = index.allKeys();
  const byKey = {
    names: (from: number, to: number) => pickKeys(keys, range(from, to)),
    numbers: (from: number, to: number) => numbered(from + 1, to + 1),
  };
  const items = { ...rowsOfItems(description, store.features), ...byKey, here: store, count: description.items };
  const weights = manifest.files[weightsFile]?.sha256;
  return [
    { kind: "items", name: "items", ...items },
    ...[...tables].map(
      ([name, table]): PublishedSource => ({
        ...{ kind: "table", name, ...byKey },
        ...rowsOfTable(description, name, table.format),
        ...{ here: table, count: table.rows - 1 },
      }),
    ),
    ...manifest.embeddings.flatMap(({ parameter, rows, dim, placement }): PublishedSource[] => {
      if (placement.kind === "inside") {
        return [];
      }
      if (outside === null || weights === undefined) {
        throw new TwinError(
          `the build does not say which weights hold ${parameter}. Build it again: twin build FILE -o DIR`,
        );
      }
      return [
        {
          ...{ kind: "embedding", name: parameter, count: rows },
          ...rowsOfEmbedding(parameter, dim, weights),
          ...{ here: outside.rows(parameter, dim), names: numbered, numbers: numbered },
        },
      ];
    }),
  ];
}
