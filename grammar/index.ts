// The grammar's public face: text ↔ tree, and diagnostics as text. Pure; knows no machine learning.
export * from "./ast.ts";
export { decode, sourceOf } from "./decode.ts";
export * from "./diagnostic.ts";
export { syntaxErrors } from "./errors.ts";
export { type Edit, edited, type Fix, together } from "./fix.ts";
export { type Formatted, format } from "./format.ts";
export { minimize, smaller, type Try } from "./minimize.ts";
export { nestingLimit, type Parsed, parse, sourceLimit } from "./parse.ts";
export { printAst } from "./print-ast.ts";
export { type Put, putSetting } from "./put-setting.ts";
export { type Quantity, quantity, units } from "./quantity.ts";
export { type RenderOptions, render, summarize } from "./report.ts";
export { lineAt, type Position, positionAt, span } from "./source.ts";
