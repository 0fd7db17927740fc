// The verbs of releases: which version of a build serves, and who makes the next one.
import type { Command, Option } from "commander";
import { positive, whole } from "./option-values.ts";

/**
 * @param verb adds a verb @param table the verb whose subcommand drives a folder @param json the option that every one of them
 * has @param providers that of where graphs run
 */
export function releaseVerbs(
  verb: (signature: string, description: string) => Command,
  table: Command,
  json: () => Option,
  providers: () => Option,
): void {
  table
    .command("refresh <dir>")
    .description("keep a folder new: newest items and weights, built where they changed, tried, published, released")
    .option("--data <data.yaml>", "the binding of the items file (and of the event log, for coverage)")
    .option("--weights-from <run>", "take the newest whole checkpoint of this training run, too")
    .option("--every <duration>", "from one cycle to the next, as in 15min (default: the tables' `refresh`, or once)")
    .option("--keep <n>", "releases that stay, the new one among them", positive, 3)
    .option("--grace <duration>", "how long a release stays after it was replaced, however many there are", "10min")
    .option("--workers <n>", "sessions that project at the same time", whole, 2)
    .option("--status", "say how the refresh of this folder stands, and do nothing")
    .addOption(providers())
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/refresh.ts")).refreshTables(dir, options));

  verb("release <dir>", "a build with its tables as a release, which serving processes take up by themselves")
    .option("--keep <n>", "releases that stay, the new one among them", positive, 3)
    .option("--grace <duration>", "how long a release stays after it was replaced, however many there are", "10min")
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/release.ts")).release(dir, options));

  verb("rollback <dir>", "let an earlier release serve again")
    .option("--to <n>", "which one (default: the one that served before)", positive)
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/release.ts")).rollback(dir, options));

  verb("releases <dir>", "the releases of a folder: which one serves, of what, who reads them")
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/release.ts")).releases(dir, options));
}
