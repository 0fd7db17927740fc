// The verbs of lookup tables: built, extended while others serve, verified, published.
import type { Command, Option } from "commander";
import { positive, whole } from "./option-values.ts";

/** The verb whose verbs they are. @param verb adds a verb @param json, providers options that several of them have */
export function tableVerbs(
  verb: (signature: string, description: string) => Command,
  json: () => Option,
  providers: () => Option,
): Command {
  const table = verb("table", "build, extend, verify and publish lookup tables");
  table
    .command("build <dir>")
    .description("project every item and write one generation of all tables")
    .option("--data <data.yaml>", "the binding of the items file (and of the event log, for coverage)")
    .option("--from-store", "project the items of the current generation again, after a change of the weights")
    .option("--incremental", "take over the rows of items whose features have not changed, where the weights have not")
    .option("--workers <n>", "sessions that project at the same time", whole, 2)
    .addOption(providers())
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/table.ts")).buildTable(dir, options));
  table
    .command("upsert <dir>")
    .description("put items in, or take some out, while others serve: they see it within a second")
    .option("--items <new.parquet>", "new and changed items, whole")
    .option("--remove <keys.parquet>", "items to take out, by a column of their keys")
    .option("--data <data.yaml>", "how columns are read (default: they are called as the model's features)")
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/table.ts")).upsertTable(dir, options));
  table
    .command("verify <dir>")
    .description("check every block of the current generation")
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/table.ts")).verifyTable(dir, options));
  table
    .command("publish <dir>")
    .description("put the rows of the current generation into a Redis, from which a folder without tables ranks")
    .requiredOption("--to <address>", "redis://HOST:PORT, rediss://… for TLS, several nodes of a cluster with commas")
    .option("--buckets <n>", "hash tags over which keys are spread", whole, 256)
    .option("--keep <n>", "publications of this folder that stay there, this one among them (default: all)", positive)
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/table.ts")).publishTable(dir, options));
  return table;
}
