// The manifest's section `budget`: what a build gave up to fit the bytes that a page may fetch.
import * as v from "valibot";
import type { Extensions } from "./extensions.ts";
import { strict } from "./named-schema.ts";

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const precision = v.picklist(["float32", "float16", "uint8"]);

export const BudgetSchema = strict({
  target: v.literal("web"),
  /** Bytes that a page may fetch to rank. */
  bytes: natural,
  /** Whether entries were counted in the training part; else their order in the vocabulary stood for how often they occur. */
  counted: v.boolean(),
  /** Vocabularies of which entries are left out: unknown from then on. */
  vocabularies: v.array(
    strict({
      /** The feature that owns it. */
      feature: v.string(),
      entries: natural,
      /** Entries before. */
      of: natural,
      /** Share of the occurrences in the training part that the entries left out had; null where they were not counted. */
      lost: v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
    }),
  ),
  /** Tables whose rows are narrower than the model says. */
  tables: v.array(strict({ table: v.string(), precision, of: precision })),
});

export type BudgetSection = v.InferOutput<typeof BudgetSchema>;

/** A reader that does not know it loses nothing but the explanation. */
export const budgetSection = (content: BudgetSection): Extensions => ({ budget: { required: false, content } });
