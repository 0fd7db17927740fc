// The proofs of all passes, in the order of their table.
import type { PassCases } from "../../../kit/pass-cases.ts";
import { foldBeta, foldBias, foldScale } from "./folds.ts";
import { columnsFirst, narrowSums, sumsOfSums, turnedProducts } from "./gradients.ts";
import { headsInRows, rowsAtOnce } from "./heads.ts";
import { itemsOnce, pooledAtOnce, readApart } from "./histories.ts";
import { foldParameters, maskInProduct, settleLayout, share } from "./layout.ts";
import { joinLookups, splitValues } from "./lookups.ts";
import { mergeOutput, reassociate, userOnce } from "./products.ts";
import { readKept } from "./read-kept.ts";
import { earlyTogether, numberByNumber, rowsOfScores, wideApart } from "./steps.ts";

export const proved: readonly PassCases[] = [
  readKept,
  foldBeta,
  foldBias,
  foldScale,
  reassociate,
  splitValues,
  mergeOutput,
  joinLookups,
  userOnce,
  headsInRows,
  maskInProduct,
  rowsAtOnce,
  settleLayout,
  share,
  pooledAtOnce,
  itemsOnce,
  rowsOfScores,
  readApart,
  wideApart,
  columnsFirst,
  turnedProducts,
  sumsOfSums,
  narrowSums,
  earlyTogether,
  numberByNumber,
  foldParameters,
];
