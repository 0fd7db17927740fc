// YAML against a schema: a mistake is told with file, line and column.
import * as v from "valibot";
import {
  Composer,
  type CST,
  type Document,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type YAMLMap,
  YAMLParseError,
} from "yaml";
import { TwinError } from "./error.ts";
import { expectFormat, schemaFault, wayOut } from "./schema-fault.ts";

/** How a file is spoken of when it is refused. */
export interface YamlKind {
  /** "a manifest of Twin" */
  readonly what: string;
  /** What to do when it is broken or of another version. */
  readonly cure: string;
  /** The formats that are read, the newest last; default 1 alone. */
  readonly formats?: readonly number[];
}

/**
 * Parses and validates a YAML text that says its format.
 * @param schema or which of several, by what the text says
 * @throws TwinError naming path, line and column
 */
export function parseYaml<S extends v.GenericSchema>(
  text: string,
  path: string,
  schema: S | ((value: Readonly<Record<string, unknown>>) => S),
  kind: YamlKind,
): v.InferOutput<S> {
  const lines = new LineCounter();
  const { document, value } = readDocument(text, path, lines, kind);
  const formats = kind.formats ?? [1];
  expectFormat(value, path, kind, formats);
  const result = v.safeParse(typeof schema === "function" ? schema(value) : schema, value);
  if (result.success) {
    return result.output;
  }
  const fault = schemaFault(result.issues);
  throw new TwinError(
    `${path}${place(document, lines, fault.keys)}: ${fault.name}: ${fault.what}. ${wayOut(fault, kind.cure)}`,
  );
}

/** Deeper than any file of ours by far; without a limit the parser's recursion can end the whole process. */
const deepest = 100;
const tooDeepText = `it is nested more than ${deepest} levels deep`;
/** One line that opens more levels than that: "- - - …". */
const tooDeep = new RegExp(`^[ \\t]*(?:[-?:][ \\t]+){${deepest}}`, "m");

/** The parser's tokens; it stops where they nest too deep. */
function* tokens(text: string, lines: LineCounter): Generator<CST.Token, void> {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > 2 * deepest) {
      throw new Error(tooDeepText);
    }
  }
  yield* parser.end();
}

/**
 * The one document of a YAML text, with its errors: `parseDocument`, but safe with text nested too deep for the stack.
 * @throws Error saying why, where the text holds several documents or nests too deep
 */
export function composeYaml(text: string, lines: LineCounter): Document {
  if (tooDeep.test(text)) {
    throw new Error(tooDeepText);
  }
  const composer = new Composer({ lineCounter: lines, prettyErrors: false, logLevel: "silent", uniqueKeys: false });
  const documents = [...composer.compose(tokens(text, lines), true, text.length)];
  if (documents.length !== 1) {
    throw new Error(`it holds ${documents.length} documents`);
  }
  const [document] = documents;
  if (document.errors.length === 0) {
    visit(document, { Map: (_, map) => refuseRepeated(map, document) });
  }
  return document;
}

/** The library's own check compares every key with every other: a hundred thousand columns would never end. */
function refuseRepeated(map: YAMLMap, document: Document): void {
  const met = new Set<unknown>();
  for (const { key } of map.items) {
    if (!isScalar(key)) {
      continue;
    }
    if (met.has(key.value)) {
      const [start, end] = key.range ?? [0, 1];
      document.errors.push(
        new YAMLParseError([start, end], "DUPLICATE_KEY", `\`${String(key.value)}\` stands here twice`),
      );
    }
    met.add(key.value);
  }
}

function readDocument(
  text: string,
  path: string,
  lines: LineCounter,
  kind: YamlKind,
): { document: Document; value: unknown } {
  const broken = (why: string) =>
    new TwinError(`${path} is not ${kind.what}: it cannot be read as YAML (${why}). ${kind.cure}`);
  let document: Document;
  let value: unknown;
  try {
    document = composeYaml(text, lines);
    value = document.errors.length === 0 ? document.toJS({ maxAliasCount: 100 }) : undefined;
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error));
  }
  const [first] = document.errors;
  if (first) {
    const { line, col } = lines.linePos(first.pos[0]);
    throw new TwinError(`${path}:${line}:${col}: ${first.message.split("\n")[0]}. ${kind.cure}`);
  }
  return { document, value };
}

/** ":12:3" of the deepest node that exists on the way to the value. */
function place(document: Document, lines: LineCounter, keys: readonly unknown[]): string {
  for (let depth = keys.length; depth >= 0; depth--) {
    const node = depth === 0 ? document.contents : document.getIn(keys.slice(0, depth), true);
    if (isNode(node) && node.range) {
      const { line, col } = lines.linePos(node.range[0]);
      return `:${line}:${col}`;
    }
  }
  return "";
}
