// The tables that were in use at some time: a user's side is computed by the same ones wherever that happens.
import type { GenerationTables, SharedGeneration } from "../../store/index.ts";
import type { OpenGeneration } from "../../table/live-tables.ts";

export interface Tables {
  readonly open: OpenGeneration | null;
  readonly shared: SharedGeneration | null;
}

export const tablesNow = (tables: GenerationTables): Tables => ({ open: tables.current(), shared: tables.share() });
