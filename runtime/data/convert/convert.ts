// `twin data convert`: a model and a binding for files as FuxiCTR, RecBole and EasyRec publish them.
import { join } from "node:path";
import { copyRows } from "../database/row-writer.ts";
import { type Converted, drafted } from "./drafted.ts";
import { easyrec } from "./easyrec.ts";
import { fuxictr } from "./fuxictr.ts";
import { Look } from "./look.ts";
import type { Layout, SaidRoles } from "./published.ts";
import { recbole } from "./recbole.ts";

export const projects = ["fuxictr", "recbole", "easyrec"] as const;
export type Project = (typeof projects)[number];

/** The file that is written where Twin cannot read what is published in place. */
export const logName = "events.parquet";

export interface ConvertOptions extends SaidRoles {
  readonly from: Project;
  /** The published folder; of EasyRec also the configuration itself. */
  readonly dir: string;
  /** Folder that the texts are for, and where a log is written that Twin needs. */
  readonly folder: string;
}

export interface Conversion extends Converted {
  /** What had to be written, besides the two texts. */
  readonly written: string | null;
}

/** @throws TwinError naming file and place of what is missing, broken or unknown, and the way out */
export async function convert(options: ConvertOptions): Promise<Conversion> {
  const { folder } = options;
  const log = join(folder, logName);
  const layout = layoutOf(options, log);
  const { separator } = layout;
  const look = await Look.open(layout.reads, [log], separator === undefined ? {} : { separator });
  try {
    const published = await layout.describe(look);
    const texts = await drafted(look, published, folder, separator);
    if (published.writes !== null) {
      await copyRows(look.source, published.writes.select, published.writes.file);
    }
    return { ...texts, written: published.writes?.file ?? null };
  } finally {
    look.close();
  }
}

function layoutOf({ from, dir, user, item }: ConvertOptions, log: string): Layout {
  switch (from) {
    case "fuxictr":
      return fuxictr(dir, log, { user, item });
    case "recbole":
      return recbole(dir, { user, item });
    case "easyrec":
      return easyrec(dir, { user, item });
  }
}
