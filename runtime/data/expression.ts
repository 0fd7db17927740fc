// An SQL expression of data.yaml: parsed by the database and looked through before it becomes part of a query, so that it can
// say nothing but what a row's own columns give. What is pasted is one expression in brackets, whatever stands in the text.
import { TwinError } from "../../contract/error.ts";
import { meant } from "../../contract/nearest.ts";
import { firstLines, literal, type Source } from "./database/source.ts";
import type { Relation } from "./relation.ts";

/** Far more than anyone writes; the parser's time and memory grow with it. */
const longest = 100_000;
/** One within the other, each doubles the time that the database takes to see what they mean. */
const mostArrows = 16;

/** A node of the database's own syntax tree; `class` says what kind of expression it is. */
interface Node {
  readonly class: unknown;
  readonly [member: string]: unknown;
}

const allowed = new Set(
  "BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION LAMBDA OPERATOR".split(" "),
);

const otherRows =
  "looks at other rows, and they are not the same in training, evaluation and serving: put what it computes into a column of the file";

const refused: Readonly<Record<string, string>> = {
  SUBQUERY: "has a query in it, and an expression is due over the columns of one row",
  WINDOW: otherRows.replace("looks", "has a window, which looks"),
  STAR: "stands for many columns, and one value is due",
  PARAMETER: "has a parameter, and nothing is given for it",
};

/** Steady by the catalogue, and yet not the same in each run or on each machine. */
const unsteady = new Set(
  "current_localtime current_localtimestamp current_setting getvariable json_serialize_plan version".split(" "),
);
/** Functions without brackets, which the database tries where no column has the name. */
const words = new Set(
  "current_catalog current_date current_role current_schema current_time current_timestamp current_user localtime localtimestamp session_user user".split(
    " ",
  ),
);
/** Aggregates of a list take the aggregate's name as a text; this one draws at random. */
const aggregators = new Set("aggregate array_aggr array_aggregate list_aggr list_aggregate".split(" "));
const drawn = "reservoir_quantile";

/**
 * The text as one expression in brackets, safe to stand in any query over the relation's columns.
 * @throws TwinError with the place, where it is no expression, or one that no feature may be made of
 */
export async function requireExpression(
  source: Source,
  relation: Relation,
  text: string,
  where: string,
): Promise<string> {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  const refuse = (why: string): TwinError => new TwinError(`${where}: \`${shown}\` ${why}`);
  if (text.includes("\0")) {
    throw refuse("has the character NUL in it");
  }
  if (text.length > longest) {
    throw refuse(`is longer than ${longest} characters`);
  }
  // A line's end in the end: a comment does not reach the bracket.
  const pasted = `(${text}\n)`;
  const { tree, json } = await selected(source, text, refuse);
  if (json !== (await selected(source, pasted, refuse)).json) {
    throw refuse("is no expression that can stand in brackets");
  }
  const known = new Set([...relation.columns.keys()].flatMap((name) => [name, name.toLowerCase()]));
  const { columns, functions } = lookThrough(tree, refuse);
  for (const column of columns) {
    if (known.has(column) || known.has(column.toLowerCase())) {
      continue;
    }
    if (words.has(column.toLowerCase())) {
      throw refuse(`has \`${column}\`, which is another value in each run`);
    }
    throw refuse(
      `is no expression over ${relation.name}, which has no column \`${column}\`${meant(column, relation.columns.keys())}`,
    );
  }
  await checkFunctions(source, functions, refuse);
  return pasted;
}

type Refuse = (why: string) => TwinError;

/**
 * The tree of the one expression that a text is, and the JSON that it was read from, without places in the text. Trees may
 * be deep: nothing here calls itself for each level.
 */
async function selected(
  source: Source,
  text: string,
  refuse: Refuse,
): Promise<{ readonly tree: Node; readonly json: string }> {
  const [{ tree: answer }] = await source.all(`SELECT json_serialize_sql(${literal(`SELECT ${text}\n`)}) AS tree`);
  // The database writes 1e999 as JSON cannot say it.
  const json = String(answer)
    .replace(/"value":(-?Infinity|NaN)/g, '"value":"$1"')
    .replace(/"query_location":\d+/g, '"query_location":0');
  const parsed = membersOf(JSON.parse(json));
  if (parsed.error === true) {
    throw refuse(`is no SQL expression: ${firstLines(parsed.error_message)}`);
  }
  const statements = listOf(parsed.statements);
  const select = membersOf(membersOf(statements[0]).node);
  const expressions = listOf(select.select_list);
  const [found] = expressions;
  if (!isNode(found) || statements.length !== 1 || expressions.length !== 1 || !isBare(select)) {
    throw refuse("is more than one expression: one is due, over the columns of one row");
  }
  if (found.alias !== "") {
    throw refuse(`gives itself the name \`${found.alias}\`; it has its name already`);
  }
  return { tree: found, json };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const isNode = (value: unknown): value is Node => isObject(value) && "class" in value;

/** What the database's answer says of a thing; nothing where there is none. */
const membersOf = (value: unknown): Readonly<Record<string, unknown>> => (isObject(value) ? value : {});

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The first part of a column's name: `title` of `title.lower`. */
const columnOf = (node: Node): string => String(listOf(node.column_names)[0]);

/** Whether a SELECT has nothing besides its list. */
function isBare(node: Readonly<Record<string, unknown>>): boolean {
  const { type, modifiers, cte_map, from_table, group_expressions, group_sets } = node;
  const empty = (list: unknown): boolean => Array.isArray(list) && list.length === 0;
  return (
    type === "SELECT_NODE" &&
    empty(modifiers) &&
    empty(membersOf(cte_map).map) &&
    membersOf(from_table).type === "EMPTY" &&
    empty(group_expressions) &&
    empty(group_sets) &&
    ["where_clause", "having", "sample", "qualify"].every((name) => node[name] === null)
  );
}

interface Used {
  /** Names that must be columns. */
  readonly columns: ReadonlySet<string>;
  /** By name, the least number of arguments. */
  readonly functions: ReadonlyMap<string, number>;
}

function lookThrough(tree: Node, refuse: Refuse): Used {
  const columns = new Set<string>();
  const functions = new Map<string, number>();
  const parameters = new Set<string>();
  let arrows = 0;
  const left: unknown[] = [tree];
  while (left.length > 0) {
    const node = left.pop();
    if (typeof node !== "object" || node === null) {
      continue;
    }
    for (const member of Object.values(node)) {
      left.push(member);
    }
    if (!isNode(node)) {
      continue;
    }
    if (!allowed.has(String(node.class))) {
      throw refuse(refused[String(node.class)] ?? "is no expression over the columns of one row");
    }
    if (node.class === "COLUMN_REF") {
      columns.add(columnOf(node));
    }
    if (node.class === "LAMBDA") {
      for (const name of parametersOf(node.lhs)) {
        parameters.add(name);
      }
      if (++arrows > mostArrows) {
        throw refuse(`has more than ${mostArrows} lambdas or arrows of JSON`);
      }
    }
    if (node.class === "FUNCTION") {
      const { function_name: written, schema, catalog } = node;
      const children = listOf(node.children);
      const name = String(written).toLowerCase();
      const { length } = children;
      functions.set(name, Math.min(length, functions.get(name) ?? length));
      // `title.lower()` is `lower(title)`.
      for (const owner of [schema, catalog].map(String)) {
        if (owner !== "" && owner !== "main" && owner !== "system") {
          columns.add(owner);
        }
      }
      if (aggregators.has(name)) {
        checkAggregator(children, refuse);
      }
    }
  }
  for (const name of parameters) {
    if (!words.has(name.toLowerCase())) {
      columns.delete(name);
    }
  }
  return { columns, functions };
}

/** Names before a lambda's arrow. (The arrow of JSON looks the same to the parser: there they are columns, and checked when bound.) */
function parametersOf(lhs: unknown): string[] {
  const { class: kind, function_name: called, children } = membersOf(lhs);
  const nodes = kind === "FUNCTION" && called === "row" ? listOf(children) : [lhs];
  return nodes.flatMap((node) => (isNode(node) && node.class === "COLUMN_REF" ? [columnOf(node)] : []));
}

function checkAggregator(children: readonly unknown[], refuse: Refuse): void {
  const by = membersOf(children[1]);
  const name = membersOf(by.value).value;
  if (by.class !== "CONSTANT" || typeof name !== "string" || name.toLowerCase() === drawn) {
    throw refuse("aggregates a list by something that is no steady aggregate's name");
  }
}

/** What is called must be steady: the same for the same row in every run and on every machine. */
async function checkFunctions(source: Source, used: ReadonlyMap<string, number>, refuse: Refuse): Promise<void> {
  if (used.size === 0) {
    return;
  }
  const rows = await source.all(
    `SELECT DISTINCT lower(function_name) AS name, function_type AS type, stability, macro_definition AS body FROM duckdb_functions() WHERE lower(function_name) IN (${[...used.keys()].map(literal).join(", ")})`,
  );
  for (const [name, least] of used) {
    const entries = rows.filter((row) => row.name === name);
    const has = (type: string): boolean => entries.some((entry) => entry.type === type);
    const unlike = `calls \`${name}\`, which is another value in each run or on each machine`;
    if (name === "error") {
      continue;
    }
    if (unsteady.has(name) || (name === "age" && least < 2)) {
      throw refuse(unlike);
    }
    if (has("scalar")) {
      if (entries.some(({ type, stability }) => type === "scalar" && stability !== "CONSISTENT")) {
        throw refuse(unlike);
      }
    } else if (has("macro")) {
      for (const { body } of entries) {
        if (typeof body === "string") {
          await checkMacro(source, name, body, refuse);
        }
      }
    } else if (has("aggregate")) {
      throw refuse(`calls the aggregate \`${name}\`, which ${otherRows}`);
    } else if (entries.length > 0 || name === "unnest") {
      throw refuse(`calls \`${name}\`, which makes a table, and one value is due`);
    } else {
      throw refuse(`calls \`${name}\`, and there is no such function`);
    }
  }
}

/** A function that is defined by an expression is as good as that expression. */
async function checkMacro(source: Source, name: string, body: string, refuse: Refuse): Promise<void> {
  const within: Refuse = (why) => refuse(`calls \`${name}\`, which ${why}`);
  const { columns, functions } = lookThrough((await selected(source, body, within)).tree, within);
  for (const column of columns) {
    if (words.has(column)) {
      throw within(`has \`${column}\`, which is another value in each run`);
    }
  }
  functions.size > 0 &&
    (await checkFunctions(source, new Map([...functions].filter(([other]) => other !== name)), within));
}
