// The compiler's diagnostics as a typed table: every code with its severity and title; prose about one code lives in hints/.
import { diagnostics, error, note, warning } from "../../grammar/diagnostic.ts";

export const { table: compilerDiagnostics, diagnose } = diagnostics({
  // files
  "missing-file": error`\`${"path"}\` cannot be read`,
  "import-cycle": error`\`${"path"}\` imports itself`,
  "import-outside": error`\`${"path"}\` lies outside the folder of the model`,
  "model-imported": error`\`${"path"}\` is a model and cannot be imported`,
  "no-model": error`\`${"path"}\` is a library and cannot be built`,
  "missing-section": error`the model has no \`${"section"}\``,

  // declarations
  "name-missing": error`this \`${"section"}\` needs a name`,
  "name-unwanted": error`\`${"section"}\` takes no name`,
  "declared-twice": error`\`${"name"}\` is declared twice`,
  "name-taken": error`\`${"name"}\` cannot be the name of ${"what"}`,
  "not-snake-case": warning`\`${"name"}\` is not written in snake_case`,
  unused: warning`nothing uses \`${"name"}\``,

  // settings, arguments and their values
  "unknown-setting": error`${"owner"} has no ${"sort"} called \`${"name"}\``,
  "given-twice": error`\`${"name"}\` is given twice`,
  "needs-block": error`\`${"name"}\` is a block`,
  "needs-value": error`\`${"name"}\` takes a value`,
  "missing-setting": error`${"owner"} needs \`${"name"}\``,
  "unnamed-argument": error`${"owner"} does not say what \`${"value"}\` is`,
  "wrong-value": error`\`${"name"}\` takes ${"expected"}`,
  "wrong-unit": error`\`${"name"}\` takes ${"expected"}`,
  "not-whole": error`\`${"name"}\` must be a whole number`,
  "out-of-range": error`\`${"name"}\` must be ${"range"}`,
  "not-ascending": error`the edges of \`${"name"}\` do not rise`,
  "mixed-units": error`the edges of \`${"name"}\` have different units`,
  "empty-list": error`\`${"name"}\` is empty`,
  "choose-one": error`${"owner"} needs exactly one of ${"names"}`,
  "unknown-name": error`there is no ${"kind"} called \`${"name"}\``,
  "wrong-kind": error`\`${"name"}\` takes ${"expected"}`,
  "not-here": error`\`${"what"}\` cannot be used in ${"place"}`,
  "does-not-apply": error`\`${"name"}\` does not apply to ${"what"}`,

  // features
  "no-item-key": error`no feature of \`item\` is its key`,
  "two-keys": error`\`${"group"}\` has two keys`,
  "shares-mismatch": error`\`${"name"}\` cannot share the table of \`${"other"}\``,
  "shares-cycle": error`\`${"name"}\` shares its own table`,
  "formerly-taken": error`the earlier name \`${"name"}\` belongs to another feature`,
  "feature-does-not-fit": error`\`${"by"}\` cannot compare \`${"feature"}\``,
  "no-statistic": error`\`${"kind"}\` cannot be taken of \`${"feature"}\``,
  "no-width": error`\`${"name"}\` brings no columns`,

  // stages
  "query-not-inherent": error`the query of \`${"metric"}\` holds \`${"name"}\`, which neither the item nor the request says`,
  "keys-differ": error`the query and the keys of \`${"metric"}\` are not the same features`,
  "bias-not-cross": error`the bias of \`${"metric"}\` holds \`${"name"}\`, which is no cross feature of \`${"history"}\``,
  "log-needs-cluster": error`\`${"history"}\` has no cluster sizes`,
  "different-history": error`\`${"name"}\` mixes two histories`,
  "product-mismatch": error`\`value: product\` does not fit \`${"metric"}\``,
  "own-mismatch": error`\`embeddings: own\` does not fit \`${"metric"}\``,
  "heads-differ": error`\`${"attend"}\` cannot attend to the lists of \`${"search"}\``,
  "list-does-not-fit": error`\`${"attend"}\` cannot attend to \`${"list"}\``,
  "keep-exceeds-max": warning`\`${"name"}\` asks for more behaviours than \`${"history"}\` holds`,
  "metrics-differ": note`\`${"search"}\` searches by \`${"first"}\` but \`${"attend"}\` attends by \`${"second"}\``,
  "nothing-predicted": error`\`${"tower"}\` predicts nothing`,
  "where-cycle": error`the condition of \`${"label"}\` leads back to it`,

  // tables
  "table-needs-user": error`\`${"table"}\` cannot be computed ahead of the request`,
  "table-over-clusters": error`\`${"table"}\` cannot hold keys over the clusters of \`${"history"}\``,
  "cached-twice": error`\`${"part"}\` is held by two tables`,
  "nothing-cached": error`no table holds \`${"part"}\``,

  // the whole
  "too-large": error`\`${"model"}\` needs ${"bytes"} of memory, and the limit is ${"limit"}`,
});

export type CompilerCode = keyof typeof compilerDiagnostics;
