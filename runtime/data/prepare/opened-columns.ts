// Columns that were just written, opened to be read by the phases after them, and closed together.
import type { Hasher } from "../../../contract/hash.ts";
import { Column, type ColumnSpec, columnImage } from "./column-file.ts";
import type { FileBlocks } from "./file-blocks.ts";

/** Where the columns lie, and what stands in their files. */
export interface WrittenColumns {
  readonly folder: string;
  readonly files: Readonly<Record<string, FileBlocks>>;
  readonly hasher: Hasher;
}

export class OpenedColumns {
  readonly #written: WrittenColumns;
  readonly #columns: Column[] = [];

  constructor(written: WrittenColumns) {
    this.#written = written;
  }

  open(column: ColumnSpec, rows: number, inMemory: boolean): Column {
    const { folder, files, hasher } = this.#written;
    const made = new Column(columnImage(folder, column, rows, files[column.file], inMemory, hasher), hasher);
    this.#columns.push(made);
    return made;
  }

  close(): void {
    for (const column of this.#columns) {
      column.close();
    }
  }
}
