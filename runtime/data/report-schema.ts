// What is told of a data set that was read: rows, users, items, clock, parts, labels, unknown ids.

import * as v from "valibot";
import { strict } from "../../contract/named-schema.ts";

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));

const LabelRate = strict({
  name: v.string(),
  kind: v.picklist(["binary", "regression"]),
  /** Samples that have it. */
  defined: natural,
  /** Share of ones (regression: the mean) where it is defined; null: nowhere. */
  mean: v.nullable(v.number()),
  /** Of a check, binary: ones whose item their user had met at an earlier time. */
  repeats: v.optional(natural),
});

const Predictor = strict({
  feature: v.string(),
  /** Area under the ROC curve. */
  auc: v.number(),
  /** That of whether the feature is missing, where it is on some rows. */
  missing: v.optional(v.number()),
});

/** What was found in the lists of a history that each sample brings. */
const ListsFound = strict({
  history: v.string(),
  max: natural,
  /** Whether behaviours have times; else nothing shows whether they lie before their sample. */
  timed: v.boolean(),
  lists: natural,
  /** Behaviours that samples see: those of a list count for each of its samples. */
  behaviours: natural,
  empty: natural,
  longest: natural,
  /** Lists beyond `max`, and behaviours that are cut off them. */
  long: natural,
  cut: natural,
  /** Behaviours that are not strictly before their sample. */
  late: natural,
  /** Lists that did not stand in the order of their times. */
  unordered: natural,
  /** Places without an item, and padding. */
  blank: natural,
  /** Behaviours of items that are none of the data's. */
  unknown: natural,
  /** Behaviours of which a feature is another than that of their item's row. */
  differing: v.optional(natural),
  /** Samples with a behaviour by their label, and those whose newest behaviour (or the one before) is the candidate itself. */
  ones: natural,
  onesNewest: natural,
  onesSecond: natural,
  zeros: natural,
  zerosNewest: natural,
});

export const ReportSchema = strict({
  model: v.string(),
  events: natural,
  /** Rows of the files, and those that `events.where` left out. */
  dropped: v.optional(strict({ rows: natural, of: natural })),
  users: natural,
  /** Rows of the items file (without one: different items of the events). */
  items: natural,
  /** Different items of the events, those that have no row, and events of such items. */
  seen: strict({ items: natural, withoutRow: natural, events: natural }),
  /** Events a user. */
  behaviours: strict({ min: natural, median: v.number(), p95: v.number(), max: natural }),
  /** Epoch seconds, or steps. */
  clock: strict({ unit: v.picklist(["seconds", "steps"]), first: v.number(), last: v.number() }),
  /** Of a check: quantiles of the time from an event to the next of its user, in the clock's unit; left out where no user has two, and where each row brings its own history. */
  between: v.optional(
    strict({ p5: v.number(), p25: v.number(), median: v.number(), p75: v.number(), p95: v.number() }),
  ),
  parts: v.array(
    strict({
      part: v.picklist(["training", "validation", "test"]),
      events: natural,
      /** Events with a label. */
      samples: natural,
      /** Where negatives are drawn: those of the samples whose item their user had met at an earlier time. */
      repeats: v.optional(natural),
      /** Negatives drawn beside them. */
      drawn: v.optional(natural),
      users: natural,
      /** Of a check, validation and test: samples whose item, and whose user, no training sample has. */
      unseen: v.optional(strict({ items: natural, users: v.optional(natural) })),
      first: v.nullable(v.number()),
      last: v.nullable(v.number()),
      labels: v.array(LabelRate),
    }),
  ),
  /** Of encoded features: values (tags: all of them), missing ones, and ids that no row stands for. */
  features: v.array(
    strict({
      name: v.string(),
      values: natural,
      missing: natural,
      unknown: natural,
      /** Of tags: rows, each with a list or without one. What is missing is a list, what is unknown is a tag. */
      lists: v.optional(natural),
      /** Of a `number`, as it enters the model: values that are there, the least and the most, the mean, and the sum of squares around it. */
      range: v.optional(
        strict({ count: natural, least: v.number(), most: v.number(), mean: v.number(), squares: v.number() }),
      ),
    }),
  ),
  /** Of a check, by hashed feature: values in all events (an item's once for each event of it; where each row brings its own history, a behaviour's once for each sample that sees it), and those whose row another value has, too. */
  collisions: v.optional(
    v.array(strict({ feature: v.string(), buckets: natural, occurrences: natural, shared: natural })),
  ),
  /** Of a check, by table: items that its `coverage` and `min_count` keep, and the share of (request, behaviour) pairs that find one. */
  tables: v.optional(
    v.array(
      strict({
        table: v.string(),
        history: v.string(),
        coverage: v.number(),
        items: natural,
        reached: v.nullable(v.number()),
      }),
    ),
  ),
  /** Features made by SQL: whoever sends a request supplies them. */
  supplied: v.array(v.string()),
  /** Of a check: how well each feature alone predicts each label on rows that it was not learned from. */
  predictors: v.optional(
    v.array(
      strict({
        label: v.string(),
        /** Training rows that were looked at. */
        rows: natural,
        /** Best first. */
        features: v.array(Predictor),
        /** Those that predict far above the next. */
        suspects: v.array(
          strict({
            ...Predictor.entries,
            rows: natural,
            /** Whether it stands out on all rows (null), or on those of items or users with hardly any labelled event. */
            rare: v.nullable(v.picklist(["item", "user"])),
            /** The best feature that is not suspected on the same rows; null: there is none. */
            next: v.nullable(Predictor),
          }),
        ),
      }),
    ),
  ),
  /** Where samples bring their histories as lists. */
  lists: v.optional(v.array(ListsFound)),
  warnings: v.array(v.string()),
});

export type DataReport = v.InferOutput<typeof ReportSchema>;
export type FeatureCount = DataReport["features"][number];
