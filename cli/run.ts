// The command line: verbs and options. The code of a verb is loaded when it is used, so that `check` starts fast.
import { Command, CommanderError, Option } from "commander";
import { scenarioNames } from "../runtime/planted/index.ts";
import { capacityVerb } from "./capacity-verb.ts";
import { exit, explainFailure } from "./failure.ts";
import { fraction, members, positive, positives, share, size, someUsers, tolerance, whole } from "./option-values.ts";
import { say } from "./output.ts";
import { releaseVerbs } from "./release-verbs.ts";
import { tableVerbs } from "./table-verbs.ts";
import { version } from "./version.ts";

const json = () => new Option("--json", "print JSON on stdout, for programs");

const providers = () =>
  new Option("--providers <list>", "execution providers in order, as in cuda,cpu; see twin doctor")
    .argParser((text) => text.split(","))
    .default(["cpu"], "cpu");

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
    if (failure instanceof CommanderError) {
      return failure.exitCode === 0 ? exit.fine : exit.usage;
    }
    const { text, code } = explainFailure(failure, words.slice(0, 2).join(" "));
    if (text !== "") {
      say(text);
    }
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

  verb("check <file...>", "parse and check models; writes nothing unless told to")
    .option("--fix", "apply the fixes that are safe, then check")
    .addOption(json())
    .action(async (files, options) => (await import("./verbs/check.ts")).check(files, options));

  verb("format <file...>", "write files in the canonical layout")
    .option("--check", "change nothing; exit 1 where a file is not in the canonical layout")
    .action(async (files, options) => (await import("./verbs/format.ts")).format(files, options));

  verb("show <what> <file>", "ast, model, graph, cost, parameters, diagram or kernel of a model, as text")
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
    .option("--search-weights <dir>", "a run or build by whose weights the searches go; attends keep to --weights")
    .option("--seed <n>", "seed of the start values (default: that of `train`, or 1)", whole)
    .option("--features <file>", "replaces the imported feature file")
    .option("--data <data.yaml>", "learn the vocabularies from this data")
    .option("--vocabularies <dir>", "take the vocabularies from this folder, as a build or an import wrote them")
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
    .addOption(new Option("--target <where>", "with --budget: what the build is made to fit").choices(["web"]))
    .option(
      "--budget <size>",
      "bytes that a page may fetch to rank, as in 8MB: tables get narrower and the rarest entries of vocabularies go until it fits",
      size,
    )
    .action(async (file, options) => (await import("./verbs/build.ts")).build(file, options));

  verb("import <weights>", "weights from elsewhere under this model's names, held against the other system's logits")
    .requiredOption("--model <file>", "the model that they are for")
    .requiredOption("-o, --output <file>", "the weights.safetensors to write")
    .addOption(
      new Option("--from <source>", "whose names and orientation they have")
        .choices(["safetensors", "torch", "fuxictr"])
        .makeOptionMandatory(),
    )
    .option("--map <map.yaml>", "which array becomes which parameter, where they differ")
    .option("--features <feature_map.json>", "FuxiCTR's feature map: where its tables keep padding and unknown values")
    .option("--vocabulary <feature_vocab.json>", "FuxiCTR's vocabularies, to be written as Twin's beside the output")
    .option("--verify <samples.npz>", "inputs and expected logits: fails where the model computes others")
    .option("--tolerance <t>", "largest difference of a logit", tolerance, 1e-4)
    .option("--accept-fuxictr-mask", "take weights over whose only difference is the mask of FuxiCTR's short window")
    .option("--partial", "take embedding tables only; the rest keeps its start values")
    .addOption(json())
    .action(async (file, options) => (await import("./verbs/import.ts")).importFrom(file, options));

  verb("train <file>", "learn a model's parameters from data; killed or stopped, it goes on where it was")
    .requiredOption("--data <data.yaml>", "the binding of the events, with labels")
    .requiredOption("-o, --output <run>", "folder of the run")
    .option("--from <run>", "start from what this run or build learned, as far as it still fits")
    .option("--resume", "go on with the run in the folder, from its last checkpoint")
    .option("--threads <n>", "threads of a session (default: one a core)", positive)
    .addOption(providers())
    .option("--epochs <n>", "passes over the training part (default: the model's)", share)
    .option("--steps <n>", "steps, in place of epochs", positive)
    .option("--seed <n>", "seed of start values, order and noise (default: the model's)", whole)
    .option("--cache <dir>", "folder of the prepared data, which several runs may share (default: RUN/data)")
    .option(
      "--evaluate-every <steps>",
      "steps between evaluations (default: an epoch, at most a quarter of the run)",
      positive,
    )
    .option(
      "--ensemble <n>",
      "so many runs of seeds drawn from the model's, in RUN/1, RUN/2 …, to be averaged",
      members,
    )
    .option("--checkpoint-every <steps>", "steps between checkpoints (default: every 5 minutes)", positive)
    .addOption(json())
    .action(async (file, options) => (await import("./verbs/train.ts")).train(file, options));

  verb("cluster <file>", "a log as samples whose histories are clusters, for a model that keeps some (TWIN V2)")
    .requiredOption("--data <data.yaml>", "the binding of the event log")
    .requiredOption("-o, --output <dir>", "folder of the clustered data")
    .option("--every <duration>", "time between two snapshots of a user, or so many behaviours: 30d, 500", "30d")
    .option("--weights <run>", "take the vectors of items that this run or build learned, in place of the data's")
    .option("--seed <n>", "where k-means starts", whole, 1)
    .addOption(json())
    .action(async (file, options) => (await import("./verbs/cluster.ts")).cluster(file, options));

  verb("compare <file...>", "models on the same data, with as many trials each, judged once on the test part")
    .requiredOption("--data <data.yaml>", "the binding of the events, with labels and a split")
    .requiredOption("-o, --output <dir>", "folder of the comparison")
    .option("--seeds <n>", "runs of each model that are judged", positive, 5)
    .option("--few <n>", "runs of all models but the best, which alone have all of --seeds", positive)
    .option("--best <n>", "with --few: so many have all, told by the validation part (default: 3)", positive)
    .option("--keep <model...>", "with --few: models that have all whatever comes of them")
    .option(
      "--trials <n>",
      "settings of each model that are tried before, and chosen by the validation part; 1: as written",
      positive,
      12,
    )
    .option("--trial-users <n>", "users that trials train on: a share, as 20%, or a number (default: all)", someUsers)
    .option("--epochs <n>", "passes over the training part (default: each model's)", positive)
    .option("--steps <n>", "steps, in place of epochs", positive)
    .option("--trial-epochs <n>", "passes of a trial (default: as the runs that are judged)", positive)
    .option("--trial-steps <n>", "steps of a trial", positive)
    .option("--label <label>", "the binary label to compare by (default: the first of the first model)")
    .addOption(
      new Option("--by <figure>", "what settings are chosen by").choices(["auc", "gauc", "logloss"]).default("auc"),
    )
    .option("--predictions <file...>", "other systems' scores of the test rows, each a row of the table")
    .option("--export-rows <file>", "write all rows with the first model's features and counts, as others may train on")
    .option("--hit-rate <requests>", "requests on which each search is held against its oracle; 0: none", whole, 100)
    .option(
      "--history-edges <list>",
      "ends of the ranges of history length, as in 10,100 (default: terciles)",
      positives,
    )
    .option("--seed <n>", "seed of the trials' settings and of the draws of users and runs", whole, 1)
    .option("--threads <n>", "threads of a session", positive)
    .addOption(json())
    .action(async (files, options) => (await import("./verbs/compare.ts")).compareModels(files, options));

  verb("minimize <file>", "the smallest model that still fails as this one does")
    .requiredOption("-o, --output <file>", "the model to write")
    .option("--run <command>", "what fails: a shell line with {} for the model and {out} for a new folder")
    .addOption(
      new Option("--check <what>", "without --run: what of ours fails")
        .choices(["build", "passes", "self-test"])
        .default("build"),
    )
    .option("--match <text>", "what the failure has to say (default: its first line, without names and numbers)")
    .option("--timeout <seconds>", "longest time of one try", positive, 60)
    .action(async (file, options) => (await import("./verbs/minimize.ts")).minimizeModel(file, options));

  verb("diff <dir> <file>", "what a change of the spec means for a build; exit 1 if something must be redone")
    .addOption(json())
    .action(async (dir, file, options) => (await import("./verbs/diff.ts")).diffBuild(dir, file, options));

  const table = tableVerbs(verb, json, providers);
  releaseVerbs(verb, table, json, providers);
  capacityVerb(verb, json);

  verb("pack <dir>", "rows and features of some items in one file, for pages that cannot take all")
    .option("--items <ids.txt>", "the items: a key a line")
    .option("--data <data.yaml>", "the binding of an event log: the items that its requests see most")
    .option("--coverage <share>", "share of the log's behaviours that the items make up (default: 95%)", fraction)
    .requiredOption("-o, --output <pack.bin>", "the file to write")
    .addOption(new Option("--precision <type>", "narrow the tables' rows").choices(["float32", "float16", "uint8"]))
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/pack.ts")).pack(dir, options));

  verb("types <dir>", "requests and results of a build as types, for TypeScript")
    .requiredOption("-o, --output <twin.d.ts>", "the file to write")
    .action(async (dir, options) => (await import("./verbs/write-types.ts")).types(dir, options));

  verb("verify <dir>", "read a build with its tables, a run or prepared data in full and hold it against its checksums")
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/verify.ts")).verify(dir, options));

  verb("upgrade <dir>", "write a build of an earlier version in the formats of this one")
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/upgrade.ts")).upgrade(dir, options));

  const data = verb("data", "check the data of a model, and prepare it for training");
  data
    .command("check <data>")
    .description("read a data set and say what is in it; writes nothing")
    .option("--model <file>", "the model whose features and labels are checked, too")
    .addOption(json())
    .action(async (binding, options) => (await import("./verbs/data.ts")).checkDataSet(binding, options));
  data
    .command("prepare <data>")
    .description("encode histories and samples once, for training")
    .requiredOption("--model <file>", "the model")
    .requiredOption("-o, --output <cache>", "folder of the prepared data")
    .addOption(json())
    .action(async (binding, options) => (await import("./verbs/data.ts")).prepareDataSet(binding, options));
  data
    .command("convert <dir>")
    .description("a binding and a draft model for files as another project publishes them")
    .addOption(
      new Option("--from <project>", "whose layout they have")
        .choices(["fuxictr", "recbole", "easyrec"])
        .makeOptionMandatory(),
    )
    .option("-o, --output <out>", "folder of data.yaml and model.twin (default: the folder itself)")
    .option("--user <column>", "the user, where its name does not tell")
    .option("--item <column>", "the item, where nothing tells")
    .action(async (dir, options) => (await import("./verbs/convert.ts")).convertData(dir, options));

  const runtimeOptions = (command: Command): Command =>
    command
      .addOption(providers())
      .option("--threads <n>", "threads of a session", positive)
      .option("--max-staleness <duration>", "how old a table of other weights may be: 900s, 15min, 1h, 1d")
      .addOption(
        new Option("--plan <plan>", "how requests are ranked: by the graphs, or with the selection kernel").choices([
          "auto",
          "graph",
          "kernel",
        ]),
      );

  runtimeOptions(verb("rank <dir>", "rank the candidates of one request"))
    .requiredOption("--request <file>", "the request, JSON; - reads it from standard input")
    .option("--explain", "each candidate's kept behaviours, their scores split by metric and bias, weights, misses")
    .option("--top <n>", "print only the best n candidates", positive)
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/rank.ts")).rank(dir, options));

  runtimeOptions(verb("why <dir>", "what sets two candidates of a request apart"))
    .requiredOption("--request <file>", "the request as JSON; - reads stdin")
    .requiredOption("--item <key>", "one candidate")
    .requiredOption("--versus <key>", "the other")
    .option("--label <label>", "the label that is asked about (default: the first)")
    .option("--page <file>", "the answer as a page, too")
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/why.ts")).why(dir, options));

  runtimeOptions(verb("score <dir>", "score every row of a data set"))
    .requiredOption("--data <data.yaml>", "the binding")
    .requiredOption("-o, --output <file>", "scores as Parquet")
    .option("--serving", "score as requests are, with the tables as they are built: slower")
    .option("--cache <dir>", "folder of the prepared data; made where it is not there")
    .action(async (dir, options) => (await import("./verbs/score.ts")).score(dir, options));

  runtimeOptions(verb("evaluate <dir>", "how good a model is on data; or, with --self-test, whether a build is sound"))
    .option("--data <data.yaml>", "the binding of rows with labels")
    .addOption(
      new Option("--part <part>", "which rows (default: test; all where nothing is split)").choices([
        "training",
        "validation",
        "test",
      ]),
    )
    .option("--at <list>", "the k of NDCG@k and recall@k, as in 1,5,10", positives, [1, 5, 10])
    .option("--users <n>", "at most so many users, the same ones each time", positive)
    .option(
      "--history-edges <list>",
      "ends of the ranges of history length, as in 10,100 (default: terciles)",
      positives,
    )
    .option("--request-column <column>", "the event log's column that names the request")
    .option("--predictions <file>", "another system's scores of the same rows, to compare with")
    .option("--positives <n>", "rank at most so many positives among all items (as many as a minute allows)", positive)
    .option("--candidates <n>", "rank them among so many items, drawn evenly, instead of all", positive)
    .option("--rows <file>", "write the evaluated rows with their scores, drawn negatives among them (Parquet or CSV)")
    .option(
      "--importance [rows]",
      "what is lost where each feature, group and history is shuffled, on so many rows (5000)",
      positive,
    )
    .option("--repeats <n>", "with --importance: shuffles of each (3)", positive)
    .option("--search-price <file>", "what the searches cost in AUC and GAUC; the file that the build was made of")
    .option("--hit-rate [requests]", "search against oracle on so many requests (200)", positive)
    .option("--table <dir>", "with --hit-rate: also with the tables of this earlier build")
    .option("--serving", "score as requests are, with the tables as they are built: slower")
    .option("--cache <dir>", "folder of the prepared data, such as RUN/data; made where it is not there")
    .option("--self-test", "random histories: search against oracle, every graph against parity.safetensors")
    .option("--requests <n>", "random requests of the self-test", positive, 20)
    .option("--seed <n>", "seed of the self-test's requests, of the bootstrap, and of what is drawn to rank", whole, 1)
    .addOption(json())
    .action(async (dir, options) => (await import("./verbs/evaluate.ts")).evaluate(dir, options));

  verb("vectors", "vectors of items from what stands together in users' pasts, for data that has none")
    .requiredOption("--data <data.yaml>", "the binding of the events, or of samples with their pasts")
    .requiredOption("--until <moment>", "behaviours before it are counted: a day, a timestamp, seconds or steps")
    .requiredOption("-o, --output <dir>", "folder of vectors.parquet")
    .option("--dim <n>", "numbers of a vector", positive, 64)
    .option("--window <n>", "places of a past between two behaviours that stand together", positive, 10)
    .option("--min-count <n>", "behaviours that an item needs", positive, 5)
    .option("--shift <k>", "ln of it is taken off the information of each pair", share, 1)
    .option("--history <name>", "what data.yaml says of this history makes a behaviour (default: every event)")
    .option("--seed <n>", "seed of the decomposition", whole, 1)
    .addOption(json())
    .action(async (options) => (await import("./verbs/vectors.ts")).vectors(options));

  verb("example <dir>", "make example data with planted interests, from a seed")
    .addOption(new Option("--scenario <name>", "what decides the clicks").choices(scenarioNames).default("categories"))
    .option("--users <n>", "users (default: the scenario's)", whole)
    .option("--items <n>", "items", whole)
    .option("--behaviours <n>", "behaviours a user", whole)
    .option("--seed <n>", "seed", whole, 1)
    .action(async (dir, options) => (await import("./verbs/example.ts")).example(dir, options));

  verb("init [dir]", "a folder to begin with: the example, or a first draft of a model from your own files")
    .option("--from <events>", "the event log (Parquet, CSV, JSON lines; a glob is several files)")
    .option("--items <file>", "the items, one row each")
    .option("--separator <sign>", "what separates the events' fields in CSV, where the lines do not tell")
    .option("--items-separator <sign>", "the same of the items")
    .option("--user <column>", "the events' user, where its name does not tell")
    .option("--item <column>", "the events' item, where its name does not tell")
    .option("--time <column>", "the events' clock, where its name does not tell")
    .option("--history <column>", "the lists that hold each row's past, where names and values do not tell")
    .action(async (dir, options) => (await import("./verbs/init.ts")).init(dir ?? ".", options));

  verb("quickstart [dir]", "the whole path on generated data: check, train, build, table, evaluate, rank")
    .option("--steps <n>", "training steps", whole, 450)
    .action(async (dir, options) =>
      (await import("./verbs/quickstart.ts")).quickstart(dir ?? "build/quickstart", options),
    );

  verb("doctor", "which execution providers really run here, proved by a session each")
    .addOption(json())
    .action(async (options) => (await import("./verbs/doctor.ts")).doctor(options));

  for (const command of [program, ...program.commands, ...table.commands, ...data.commands]) {
    command.exitOverride().configureOutput({ writeErr: say, outputError: (text, write) => write(text) });
  }

  return program;
}
