// The proofs of all passes, in the order of their table.
import type { PassCases } from "../../../kit/pass-cases.ts";
import { edges as foldsAndLayout } from "./edges.ts";
import { edges as gradients } from "./edges-gradients.ts";
import { edges as histories } from "./edges-histories.ts";
import { edges as lookups } from "./edges-lookups.ts";
import { edges as products } from "./edges-products.ts";
import { edges as reading } from "./edges-read-kept.ts";
import { foldBeta, foldBias, foldScale } from "./folds.ts";
import { columnsFirst, narrowSums, sumsOfSums, turnedProducts } from "./gradients.ts";
import { headsInRows, rowsAtOnce } from "./heads.ts";
import { itemsOnce, pooledAtOnce, readApart } from "./histories.ts";
import { foldParameters, maskInProduct, settleLayout, share } from "./layout.ts";
import { joinLookups, splitValues } from "./lookups.ts";
import { mergeOutput, reassociate, userOnce } from "./products.ts";
import { readKept } from "./read-kept.ts";
import { earlyTogether, numberByNumber, rowsOfScores, wideApart } from "./steps.ts";

const all: readonly PassCases[] = [
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

const edges = [foldsAndLayout, lookups, products, reading, histories, gradients].flatMap((one) =>
  Object.entries<PassCases["cases"]>(one),
);

export const proved: readonly PassCases[] = all.map((proof) => ({
  ...proof,
  cases: Object.assign({}, proof.cases, ...edges.filter(([pass]) => pass === proof.pass).map(([, cases]) => cases)),
}));
