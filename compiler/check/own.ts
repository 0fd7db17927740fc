// What embeddings of a metric's own must be like: rows for every feature, as wide together as `dim`, one head (DARE).
import type { CallValue, Span } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { type Fix, fix } from "../../grammar/fix.ts";
import type { Given } from "../catalog/signature.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import type { Feature } from "../model/model.ts";
import type { Scope } from "./scope.ts";

interface Written {
  readonly query: Given<readonly CallValue[]>;
  readonly keys: Given<readonly CallValue[]>;
  readonly heads: Given<number>;
  readonly dim: Given<number>;
}

/**
 * Reports the first thing that does not fit, with what would.
 * @param read features of the item in query and keys, those of context and user in the query, cross features in the keys
 * @param own columns of each own table
 */
export function ownFits(
  metric: string,
  { query, keys, heads, dim }: Written,
  { inherent, asked, cross }: Readonly<Record<"inherent" | "asked" | "cross", readonly Feature[]>>,
  own: number,
  scope: Scope,
): boolean {
  const problem = (span: Span, said: string, why: readonly string[], fixes: readonly Fix[] = []) => {
    scope.report(diagnose("own-mismatch", { metric }, at(span, said), { help: why, fixes }));
    return false;
  };
  const tabled = inherent.filter(({ embedding }) => embedding !== null);
  const bare = inherent.find(({ embedding }) => embedding === null);
  if (bare !== undefined) {
    const names = tabled.map(({ qualified }) => qualified);
    return problem(
      query.span,
      `\`${bare.qualified}\` has no rows of a table: \`${bare.encoder.kind}\``,
      help.ownTables(names),
    );
  }
  if (asked.length > 0) {
    return problem(query.span, `\`${asked[0].qualified}\` is known of no past item`, help.ownAsked);
  }
  if (cross.length > 0) {
    return problem(keys.span, `\`${cross[0].qualified}\` is known of no candidate`, help.ownCross);
  }
  if (heads.value !== 1) {
    return problem(heads.span, "own embeddings have one head", help.ownOneHead, [
      fix("Write `1`", heads.span, "1", false),
    ]);
  }
  const width = own * tabled.length;
  if (dim.value !== width) {
    const [first, ...others] = tabled;
    const tables = `${own} of ${[first, ...others].map(({ name }) => `\`${name}\``).join(", ")}`;
    return problem(dim.span, `own rows are ${width} wide together`, help.ownWidth(tables), [
      fix(`Write \`${width}\``, dim.span, String(width), false),
    ]);
  }
  return true;
}
