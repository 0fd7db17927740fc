// Reports names that are not declared, with the nearest that is.

import { near } from "../../contract/nearest.ts";
import type { Name } from "../../grammar/ast.ts";
import { at } from "../../grammar/diagnostic.ts";
import { instead } from "../../grammar/fix.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { list, type Scope } from "./scope.ts";

interface Unknown {
  /** "metric", "feature", … */
  readonly kind: string;
  /** In full, as the title shows it. */
  readonly shown: string;
  /** Where it stands, and the text that is compared with the candidates. */
  readonly name: Name;
  readonly candidates: readonly string[];
  /** What the label says where nothing comes near. */
  readonly none: string;
}

/** Reports `unknown-name`; the label offers the nearest candidate, or lists them where they are few. */
export function reportUnknown({ kind, shown, name, candidates, none }: Unknown, scope: Scope): null {
  const names = scope.comparisons.left > 0 ? near(name.text, candidates) : [];
  scope.comparisons.left -= candidates.length;
  const known = candidates.length > 0 && candidates.length <= 12;
  const listed = known
    ? `there is ${list(
        candidates.map((candidate) => `\`${candidate}\``),
        "and",
      )}`
    : none;
  scope.report(
    diagnose(
      "unknown-name",
      { kind, name: shown },
      at(name, names.length === 0 ? listed : `did you mean \`${names[0]}\`?`),
      { fixes: instead(names, name.span) },
    ),
  );
  return null;
}
