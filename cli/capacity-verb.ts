// The verb that sizes a deployment before anything is built.
import type { Command, Option } from "commander";
import { fraction, many, positive, share, size, tolerance } from "./option-values.ts";

/** @param verb adds a verb @param json the option that it has */
export function capacityVerb(verb: (signature: string, description: string) => Command, json: () => Option): void {
  verb("capacity <file>", "what serving a model takes: rows, bytes, servers, bandwidth and cores")
    .requiredOption("--items <n>", "items that have rows, such as 8G, 30M, 10k", many)
    .requiredOption("--candidates-per-second <n>", "candidates that are ranked in a second", many)
    .option("--candidates <n>", "candidates of a request", many, 100)
    .option("--history <n>", "behaviours in each history (default: each history's max)", many)
    .option("--refresh <duration>", "time in which all rows are made anew (default: that of the model's tables)")
    .option("--session <n>", "requests that a user's side is kept for", positive, 10)
    .option("--users <n>", "users whose rows would lie beside their histories (default: said by a million)", many)
    .option("--skew <s>", "exponent of Zipf's law, by which items are asked for; 0: all alike", tolerance, 1)
    .option("--server-memory <size>", "memory of a server of the store", size, 64e9)
    .option("--server-fill <share>", "share of it that rows may fill", fraction, 0.7)
    .option("--server-keys <n>", "keys that a server process answers in a second", many, 500_000)
    .option("--server-network <n>", "bits of answers that a server sends in a second", many, 25e9)
    .option("--copies <n>", "copies of each row in the store", positive, 1)
    .option("--key-length <n>", "characters of an item's key", positive, 16)
    .option(
      "--request-ms <ms>",
      "of a core for a request, where it was measured elsewhere; else it is measured here",
      share,
    )
    .option("--no-measure", "count alone: no graph is run, and cores are not said")
    .addOption(json())
    .action(async (file, options) => (await import("./verbs/capacity.ts")).capacityOf(file, options));
}
