// A build of some weights with its tables, opened to be measured; it goes again.
import { rmSync } from "node:fs";
import { buildTables } from "../../runtime/build-table/index.ts";
import type { Binding } from "../../runtime/data/index.ts";
import { LocalTwin } from "../../runtime/serve/index.ts";
import { say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";
import { buildTo } from "../verbs/build.ts";

export interface Building {
  /** The model's file. */
  readonly file: string;
  readonly weights: string;
  /** Folder of the build, which must not hold anything else. */
  readonly output: string;
  readonly binding: Binding;
  /** Of a session; null: the runtime's choice. */
  readonly threads: number | null;
}

/** @param use is given the model as a server has it, and the bytes of its tables */
export async function built<T>(
  { file, weights, output, binding, threads }: Building,
  use: (twin: LocalTwin, tableBytes: number) => Promise<T>,
): Promise<T> {
  rmSync(output, { recursive: true, force: true });
  try {
    await buildTo(file, { output, weights });
    const { tables } = await stoppable((signal) =>
      buildTables({
        dir: output,
        binding,
        fromStore: false,
        workers: 2,
        providers: ["cpu"],
        signal,
        onProgress: showProgress(),
        warn: (message) => say(`warning: ${message}`),
      }),
    );
    const twin = await LocalTwin.open(output, threads === null ? {} : { threads });
    try {
      return await use(
        twin,
        tables.reduce((sum, { bytes }) => sum + bytes, 0),
      );
    } finally {
      await twin.close();
    }
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}
