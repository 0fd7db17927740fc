// The command line: verbs and options. The code of a verb is loaded when it is used, so that `check` starts fast.
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { exit, explainFailure } from "./failure.ts";
import { say } from "./output.ts";
import { version } from "./version.ts";

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is due");
  return value;
};

const positive = (text: string): number => {
  const value = whole(text);
  if (value === 0) throw new InvalidArgumentError("a whole number from 1 on is due");
  return value;
};

const json = () => new Option("--json", "print JSON on stdout, for programs");

/**
 * Runs one command line to its end.
 * @param words what stands after `twin`
 * @returns the exit code; everything there was to say has been said
 */
export async function run(words: readonly string[]): Promise<number> {
  try {
    await commandLine().parseAsync([...words], { from: "user" });
    return exit.fine;
  } catch (failure) {
    if (failure instanceof CommanderError) return failure.exitCode === 0 ? exit.fine : exit.usage;
    const { text, code } = explainFailure(failure, words.slice(0, 2).join(" "));
    if (text !== "") say(text);
    return code;
  }
}

function commandLine(): Command {
  const program = new Command("twin")
    .description("A language and compiler for two-stage interest networks: from a .twin file to ranked items.")
    .version(version)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .exitOverride();

  const verb = (signature: string, description: string): Command =>
    program.command(signature).description(description).exitOverride();

  verb("check <file...>", "parse and check models; writes nothing")
    .addOption(json())
    .action(async (files, options) => (await import("./verbs/check.ts")).check(files, options));

  verb("format <file...>", "write files in the canonical layout")
    .option("--check", "change nothing; exit 1 where a file is not in the canonical layout")
    .action(async (files, options) => (await import("./verbs/format.ts")).format(files, options));

  verb("show <what> <file>", "ast, model, graph, cost, parameters or diagram of a model, as text")
    .option("--candidates <n>", "candidates a request, for `cost`", positive, 100)
    .option("--history <n>", "behaviours a request, for `cost` (default: the history's max)", whole)
    .option("--graph <name>", "only this graph, for `graph`")
    .addOption(json())
    .action(async (what, file, options) => (await import("./verbs/show.ts")).show(what, file, options));

  verb("explain <code>", "the essay behind a diagnostic").action(async (code) =>
    (await import("./verbs/explain.ts")).explainCode(code),
  );

  verb("build <file>", "compile a model: graphs, table specs, weights, manifest")
    .requiredOption("-o, --output <dir>", "folder of the artefacts")
    .option("--weights <file>", "a weights.safetensors; without it the build is `untrained`")
    .option("--seed <n>", "seed of the start values (default: that of `train`, or 1)", whole)
    .option("--features <file>", "replaces the imported feature file")
    .option("--data <data.yaml>", "learn the vocabularies from this data")
    .addOption(
      new Option("--embeddings <where>", "item embeddings inside the graphs or outside")
        .choices(["auto", "inside", "outside"])
        .default("auto"),
    )
    .addOption(
      new Option("--table-input <type>", "emit graphs that take narrower table rows, too").choices([
        "float16",
        "uint8",
      ]),
    )
    .option("--max-memory <bytes>", "refuse a model that needs more than this", whole)
    .action(async (file, options) => (await import("./verbs/build.ts")).build(file, options));

  verb("diff <dir> <file>", "what a change of the spec means for a build; exit 1 if something must be redone")
    .addOption(json())
    .action(async (dir, file, options) => (await import("./verbs/diff.ts")).diffBuild(dir, file, options));

  const table = verb("table", "build and verify lookup tables");
  table
    .command("build <dir>")
    .description("project every item and write one generation of all tables")
    .option("--data <data.yaml>", "the binding of the items file (and of the event log, for coverage)")
    .option("--from-store", "project the items of the current generation again, after a change of the weights")
    .option("--workers <n>", "sessions that project at the same time", whole, 2)
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/table.ts")).buildTable(dir, options));
  table
    .command("verify <dir>")
    .description("check every block of the current generation")
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/table.ts")).verifyTable(dir, options));

  const runtimeOptions = (command: Command): Command =>
    command
      .option("--providers <list>", "execution providers, in order", (text: string) => text.split(","), ["cpu"])
      .option("--threads <n>", "threads of a session", positive)
      .option("--max-staleness <duration>", "how old a table of other weights may be: 900s, 15min, 1h, 1d");

  runtimeOptions(verb("rank <dir>", "rank the candidates of one request"))
    .requiredOption("--request <file>", "the request, JSON")
    .option("--explain", "each candidate's kept behaviours, their scores split by metric and bias, weights, misses")
    .option("--top <n>", "print only the best n candidates", positive)
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/rank.ts")).rank(dir, options));

  runtimeOptions(verb("score <dir>", "score every row of a data set"))
    .requiredOption("--data <data.yaml>", "the binding")
    .requiredOption("-o, --output <file>", "scores as Parquet")
    .action(async (dir, options) => (await import("./verbs/score.ts")).score(dir, options));

  verb("evaluate <dir>", "prove that a build computes what it should")
    .requiredOption("--self-test", "random histories: search against oracle, every graph against parity.safetensors")
    .option("--requests <n>", "random requests", positive, 20)
    .option("--seed <n>", "seed of the requests", whole, 1)
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/evaluate.ts")).evaluate(dir, options));

  verb("example <dir>", "make example data with planted interests, from a seed")
    .option("--users <n>", "users", whole, 200)
    .option("--items <n>", "items", whole, 2000)
    .option("--behaviours <n>", "behaviours a user", whole, 500)
    .option("--seed <n>", "seed", whole, 1)
    .action(async (dir, options) => (await import("./verbs/example.ts")).example(dir, options));

  verb("quickstart [dir]", "the whole path on generated data: check, build, table, rank").action(async (dir) =>
    (await import("./verbs/quickstart.ts")).quickstart(dir ?? "build/quickstart"),
  );

  verb("doctor", "which execution providers really run here, proved by a session each")
    .addOption(json())
    .action(async (options) => (await import("./verbs/doctor.ts")).doctor(options));

  for (const command of [program, ...program.commands, ...table.commands])
    command.exitOverride().configureOutput({ writeErr: say, outputError: (text, write) => write(text) });

  return program;
}
