// Who prepared a folder of data, and who may put other data in its place: nobody replaces what another works with.
import { TwinError } from "../../../contract/error.ts";

/** `run`: training, in the run's own folder; `shared`: training, in a folder that other runs may use, too. */
export const owners = ["prepare", "run", "shared", "evaluate", "score"] as const;
export type Owner = (typeof owners)[number];

/** Whose data each replaces where they are not the ones that it needs; null: of a version that named no owner. */
const replaces: Readonly<Record<Owner, readonly (Owner | null)[]>> = {
  prepare: ["prepare", null],
  run: ["run", null],
  shared: [],
  evaluate: ["evaluate"],
  score: ["score"],
};

const words: Readonly<Record<Owner, string>> = {
  prepare: "`twin data prepare`",
  run: "`twin train`",
  shared: "`twin train --cache`",
  evaluate: "`twin evaluate`",
  score: "`twin score`",
};

/**
 * @param found who prepared what lies there, or began to; null: it does not say
 * @param why what is wrong with what lies there, for the one who asks
 * @throws TwinError where it is another's
 */
export function expectOwn(folder: string, asking: Owner, found: Owner | null, why: string): void {
  if (replaces[asking].includes(found)) {
    return;
  }
  const whose = found === null ? "an earlier command" : words[found];
  const out = asking === "prepare" ? "name another folder with -o" : "name another folder with --cache";
  throw new TwinError(
    `${folder} holds what ${whose} prepared, and ${why}: ${words[asking]} does not replace it. ${out[0].toUpperCase()}${out.slice(1)}, or remove this one`,
  );
}
