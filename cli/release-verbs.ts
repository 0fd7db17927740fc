// The verbs of releases: which version of a build serves.
import type { Command, Option } from "commander";
import { positive } from "./option-values.ts";

/** @param verb adds a verb @param json the option that every one of them has */
export function releaseVerbs(verb: (signature: string, description: string) => Command, json: () => Option): void {
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
