// How the model learns: optimisers, schedule, stopping.

import { emptyRecord } from "../../contract/record.ts";
import { mostInPairs } from "../../contract/training-spec.ts";
import type { SectionNode, Span } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { blocks } from "../catalog/blocks.ts";
import type { Choice, Given, Readings } from "../catalog/signature.ts";
import { averages, lengths, optimisers, schedules, stops } from "../catalog/training.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { countText } from "../diagnostics/number-text.ts";
import type { Optimiser, Schedule, Task, Train } from "../model/model.ts";
import { readArguments, readSettings } from "./arguments.ts";
import { block, type Scope } from "./scope.ts";

/**
 * `section` is absent where the program has none: all defaults then.
 * @param tasks that could be read; null stands for the others
 */
export function checkTrain(
  section: SectionNode | undefined,
  place: Span,
  tasks: readonly (Pick<Task, "pairs" | "span"> | null)[],
  scope: Scope,
): Train | null {
  const owner = { text: "`train`", span: section?.keywordSpan ?? place };
  const { embeddings, dense, batch, epochs, renew, schedule, clip, l2, average, cold, group, length, stop, seed } =
    readSettings(blocks.train.arguments, section?.members ?? [], owner, Object.keys(blocks.train.blocks), scope);
  const pull = l2 && readDecay(section, l2.value, scope);
  const sparse = embeddings && readOptimiser(embeddings.value, "adagrad", owner.span, scope);
  const full = dense && readOptimiser(dense.value, "adam", owner.span, scope);
  const course = schedule && readSchedule(schedule.value, scope);
  const end = stop && (stop.value ? readStop(stop.value, scope) : { value: impliedStop });
  const seen = length && (length.value ? readLength(length.value, scope) : { value: null });
  const mean = average && (average.value ? readAverage(average.value, scope) : { value: null });
  const paired = tasks.find((task) => task !== null && task.pairs > 0);
  if (batch && batch.value > mostInPairs && paired) {
    const range = `at most ${countText(mostInPairs)} where a label is learned by pairs`;
    scope.report(
      diagnose("out-of-range", { name: "batch", range }, at(batch.span), {
        also: [at(paired.span, "compares each sample of a batch with each")],
      }),
    );
    return null;
  }
  if (
    !sparse ||
    !full ||
    !batch ||
    !epochs ||
    !renew ||
    !course ||
    !clip ||
    !pull ||
    !mean ||
    !cold ||
    !group ||
    !seen ||
    !end ||
    !seed
  ) {
    return null;
  }
  return {
    embeddings: sparse,
    dense: full,
    batch: batch.value,
    epochs: epochs.value,
    renew: renew.value === "embeddings",
    schedule: course,
    clip: clip.value,
    l2: pull,
    average: mean.value,
    cold: cold.value,
    group: group.value,
    length: seen.value,
    stop: end.value,
    seed: seed.value,
  };
}

/** `l2` as a block; else its number, which is that of embeddings. */
function readDecay(section: SectionNode | undefined, plain: number, scope: Scope): Train["l2"] | null {
  const own = section && block(section, "l2");
  if (!own) {
    return { embeddings: plain, dense: 0 };
  }
  const { embeddings, dense } = readSettings(
    blocks.train.blocks.l2.arguments,
    own.members,
    { text: "`l2`", span: own.name.span },
    [],
    scope,
  );
  return embeddings && dense && { embeddings: embeddings.value, dense: dense.value };
}

function readOptimiser(
  choice: Choice | null,
  fallback: keyof typeof optimisers,
  span: Span,
  scope: Scope,
): Optimiser | null {
  const kind = (choice?.name ?? fallback) as keyof typeof optimisers;
  const call = choice?.call ?? { kind: "call" as const, path: [{ text: kind, span }], span };
  const values = all(readArguments(optimisers[kind].arguments as typeof optimisers.adam.arguments, call, scope));
  return values && ({ kind, ...values } as Optimiser);
}

function readSchedule(choice: Choice | null, scope: Scope): Schedule | null {
  switch (choice?.name) {
    case "warmup": {
      const values = all(readArguments(schedules.warmup.arguments, choice.call, scope));
      return values && { kind: "warmup", ...values };
    }
    case "cosine": {
      const values = all(readArguments(schedules.cosine.arguments, choice.call, scope));
      return values && { kind: "cosine", ...values };
    }
    default:
      if (choice) {
        readArguments(schedules.constant.arguments, choice.call, scope);
      }
      return { kind: "constant" };
  }
}

function readAverage(choice: Choice, scope: Scope): { value: Train["average"] } | null {
  const values = all(readArguments(averages.ema.arguments, choice.call, scope));
  return values && { value: values };
}

function readLength(choice: Choice, scope: Scope): { value: Train["length"] } | null {
  const readings = readArguments(lengths.log_uniform.arguments, choice.call, scope);
  const values = all(readings);
  if (values && values.min > values.max) {
    const range = `at most the longest, ${countText(values.max)}`;
    scope.report(diagnose("out-of-range", { name: "min", range }, at(readings.min!.span)));
    return null;
  }
  return values && { value: values };
}

/** Where a file says nothing: the best weights are kept, and a run of up to four epochs goes to its end. */
const impliedStop: Train["stop"] = { after: 3, on: "logloss", implied: true };

function readStop(choice: Choice, scope: Scope): { value: Train["stop"] } | null {
  if (choice.name === "none") {
    readArguments(stops.none.arguments, choice.call, scope);
    return { value: null };
  }
  const values = all(readArguments(stops.stop.arguments, choice.call, scope));
  return values && { value: values };
}

/** The values alone, where all could be read. */
function all<A extends Parameters<typeof readArguments>[0]>(
  readings: Readings<A>,
): { readonly [K in keyof A]: NonNullable<Readings<A>[K]>["value"] } | null {
  const values: Record<string, unknown> = emptyRecord();
  for (const [name, reading] of Object.entries(readings) as [string, Given<unknown> | null][]) {
    if (!reading) {
      return null;
    }
    values[name] = reading.value;
  }
  return values as { readonly [K in keyof A]: NonNullable<Readings<A>[K]>["value"] };
}
