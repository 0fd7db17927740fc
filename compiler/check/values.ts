// Reads one value by the sort that the catalogue asks for; null after an error that has been reported.

import { near } from "../../contract/nearest.ts";
import type { CallValue, Dimension, Name, NumberValue, Value } from "../../grammar/ast.ts";
import { at, type Diagnostic } from "../../grammar/diagnostic.ts";
import { fix, instead } from "../../grammar/fix.ts";
import type { Choice, Edges, Quantity, Range, Sort, SortKind } from "../catalog/signature.ts";
import { diagnose } from "../diagnostics/diagnostics.ts";
import { help } from "../diagnostics/help.ts";
import { countText } from "../diagnostics/number-text.ts";
import { list } from "./scope.ts";

type Report = (diagnostic: Diagnostic) => void;

/** Reads `value`, given to `name`. */
export function readValue<T>(sort: Sort<T>, name: string, value: Value, report: Report): T | null {
  return read(sort, name, value, report) as T | null;
}

function read(sort: SortKind, name: string, value: Value, report: Report): unknown {
  switch (sort.kind) {
    case "integer":
      return readNumber(
        name,
        value,
        { ...integerForm(sort.range), range: sort.range, whole: true, dimensions: ["count"] },
        report,
      );
    case "real":
      return readNumber(
        name,
        value,
        { expected: "a number", range: sort.range, whole: false, dimensions: ["count", "ratio"] },
        report,
      );
    case "duration":
      return readNumber(
        name,
        value,
        { expected: "a duration, such as `15min`", range: sort.range, whole: false, dimensions: ["duration"] },
        report,
      );
    case "flag":
      return readChoice(name, value, ["true", "false"], "`true` or `false`", report, (choice) => choice === "true");
    case "choice":
      return readChoice(
        name,
        value,
        sort.of,
        list(
          sort.of.map((c) => `\`${c}\``),
          "or",
        ),
        report,
        (choice) => choice,
      );
    case "text":
      return readText(sort, name, value, report);
    case "integers":
      return readIntegers(sort, name, value, report);
    case "quantity":
      return readQuantity(sort, name, value, report);
    case "edges":
      return value.kind === "call" && value.path.length === 1 && Object.hasOwn(sort.calls, value.path[0].text)
        ? ({ name: value.path[0].text, call: value } satisfies Choice)
        : readEdges(sort, name, value, report);
    case "name":
      return value.kind === "call" && value.path.length === 1 && !value.arguments
        ? value.path[0]
        : wrong(name, sort.what, value, report);
    case "reference":
      return value.kind === "call" ? value : wrong(name, sort.what, value, report);
    case "references":
      return readReferences(sort.what, name, value, report);
    case "call":
      return readCall(sort, name, value, report);
  }
}

interface NumberForm {
  readonly expected: string;
  readonly range: Range;
  readonly whole: boolean;
  readonly dimensions: readonly Dimension[];
}

const integerForm = ({ min = 1 }: Range) => ({ expected: `a whole number, such as \`${Math.max(min, 64)}\`` });

function readNumber(name: string, value: Value, form: NumberForm, report: Report): number | null {
  if (value.kind !== "number") {
    return wrong(name, form.expected, value, report);
  }
  if (!form.dimensions.includes(value.dimension)) {
    const units =
      value.dimension === "count" ? "has no unit; add ms, s, min, h or d" : `is ${dimensionNames[value.dimension]}`;
    report(diagnose("wrong-unit", { name, expected: form.expected }, at(value, `\`${value.text}\` ${units}`)));
    return null;
  }
  if (form.whole && !Number.isInteger(value.value)) {
    report(diagnose("not-whole", { name }, at(value, `\`${value.text}\` is not`)));
    return null;
  }
  return inRange(name, value, form.range, report) ? value.value : null;
}

const dimensionNames: Readonly<Record<Dimension, string>> = {
  count: "a plain number",
  duration: "a duration",
  ratio: "a percentage",
};

function inRange(name: string, value: NumberValue, { min, max, above, below }: Range, report: Report): boolean {
  const v = value.value;
  if (
    Number.isFinite(v) &&
    v >= (min ?? -Infinity) &&
    v <= (max ?? Infinity) &&
    v > (above ?? -Infinity) &&
    v < (below ?? Infinity)
  ) {
    return true;
  }
  const bounds = [
    min !== undefined && `at least ${countText(min)}`,
    above !== undefined && `more than ${countText(above)}`,
    max !== undefined && `at most ${countText(max)}`,
    below !== undefined && `less than ${countText(below)}`,
  ].filter((bound) => bound !== false);
  const share = (max === 1 || below === 1) && value.dimension === "count" && v > 1 && v <= 100;
  const hint = share ? `did you mean \`${value.text}%\`?` : "";
  const fixes = share ? [fix(`Write \`${value.text}%\``, value.span, `${value.text}%`, false)] : [];
  const range = bounds.join(" and ") || "a finite number";
  report(diagnose("out-of-range", { name, range }, at(value, hint), { fixes }));
  return false;
}

function readChoice<T>(
  name: string,
  value: Value,
  of: readonly string[],
  expected: string,
  report: Report,
  as: (choice: string) => T,
): T | null {
  if (value.kind !== "call" || value.path.length !== 1 || value.arguments) {
    return wrong(name, expected, value, report);
  }
  const { text, span } = value.path[0];
  if (of.includes(text)) {
    return as(text);
  }
  const names = near(text, of);
  report(
    diagnose(
      "wrong-value",
      { name, expected },
      at(span, names.length === 0 ? `\`${text}\` is neither` : `did you mean \`${names[0]}\`?`),
      { fixes: instead(names, span) },
    ),
  );
  return null;
}

/** One of many texts; a bare name that is one of them lacks its quotation marks. */
function readText(
  { what, of }: SortKind & { kind: "text" },
  name: string,
  value: Value,
  report: Report,
): string | null {
  const bare = value.kind === "call" && value.path.length === 1 && !value.arguments ? value.path[0].text : null;
  const written = value.kind === "string" ? value.value : bare;
  const expected = `${what}, such as \`${quotedText(of.includes("Europe/Berlin") ? "Europe/Berlin" : of[0])}\``;
  if (written === null) {
    return wrong(name, expected, value, report);
  }
  if (value.kind === "string" && of.includes(written)) {
    return written;
  }
  const names = (of.includes(written) ? [written] : near(written, of)).map(quotedText);
  report(
    diagnose(
      "wrong-value",
      { name, expected },
      at(value, names.length === 0 ? "there is none of this name" : `did you mean \`${names[0]}\`?`),
      { fixes: instead(names, value.span) },
    ),
  );
  return null;
}

const quotedText = (text: string): string => JSON.stringify(text);

function readIntegers(
  sort: SortKind & { kind: "integers" },
  name: string,
  value: Value,
  report: Report,
): readonly number[] | null {
  if (value.kind !== "list") {
    return wrong(name, "a list of whole numbers, such as `[200, 80]`", value, report);
  }
  if (value.items.length === 0 && !sort.empty) {
    return empty(name, value, report);
  }
  const form: NumberForm = { ...integerForm(sort.range), range: sort.range, whole: true, dimensions: ["count"] };
  const numbers = value.items.map((item) => readNumber(name, item, form, report));
  return numbers.every((n) => n !== null) ? numbers : null;
}

function readQuantity(
  sort: SortKind & { kind: "quantity" },
  name: string,
  value: Value,
  report: Report,
): Quantity | null {
  const expected = sort.dimensions.includes("ratio")
    ? "a number with its unit, such as `1min`"
    : "a duration or a plain number, such as `7d` or `10`";
  if (value.kind !== "number") {
    return wrong(name, expected, value, report);
  }
  const { dimension, text, span } = value;
  if (!sort.dimensions.includes(dimension)) {
    report(diagnose("wrong-unit", { name, expected }, at(value, `\`${text}\` is ${dimensionNames[dimension]}`)));
    return null;
  }
  return inRange(name, value, sort.range, report) ? { value: value.value, dimension, text, span } : null;
}

/** What edges of these dimensions look like, with an example. */
export const edgesExample = (dimensions: readonly Dimension[]): string =>
  dimensions.includes("ratio") || !dimensions.includes("duration")
    ? "a list of rising numbers, such as `[18, 25, 35]`"
    : "a list of rising durations, such as `[1h, 1d, 7d]`";

/** The title's half and the label of an edge whose unit does not fit. */
export const wrongUnit = (name: string, { dimension, text, span }: Quantity, dimensions: readonly Dimension[]) =>
  diagnose(
    "wrong-unit",
    { name, expected: edgesExample(dimensions) },
    at(span, `\`${text}\` is ${dimensionNames[dimension]}`),
  );

/** Two edges of different dimensions. */
export const mixedUnits = (name: string, first: Quantity, other: Quantity) =>
  diagnose("mixed-units", { name }, at(other.span, `is ${dimensionNames[other.dimension]}`), {
    also: [at(first.span, `is ${dimensionNames[first.dimension]}`)],
    help: help.mixedUnits,
  });

function readEdges(
  { dimensions, calls }: SortKind & { kind: "edges" },
  name: string,
  value: Value,
  report: Report,
): Edges | null {
  const example = edgesExample(dimensions);
  if (value.kind === "call") {
    return wrongCall(name, example, Object.keys(calls), value, report);
  }
  if (value.kind !== "list") {
    return wrong(name, example, value, report);
  }
  if (value.items.length === 0) {
    return empty(name, value, report);
  }
  const numbers: NumberValue[] = [];
  for (const item of value.items) {
    if (item.kind !== "number") {
      return wrong(name, example, item, report);
    }
    numbers.push(item);
  }
  const [{ dimension }] = numbers;
  for (const [i, number] of numbers.entries()) {
    if (!dimensions.includes(number.dimension)) {
      report(wrongUnit(name, number, dimensions));
      return null;
    }
    if (number.dimension !== dimension) {
      report(mixedUnits(name, numbers[0], number));
      return null;
    }
    if (!Number.isFinite(number.value)) {
      report(diagnose("out-of-range", { name, range: "a finite number" }, at(number)));
      return null;
    }
    const before = numbers[i - 1];
    if (before && !(number.value > before.value)) {
      report(
        diagnose("not-ascending", { name }, at(number, `does not come after \`${before.text}\``), {
          help: help.notAscending,
        }),
      );
      return null;
    }
  }
  return { values: numbers.map((number) => number.value), dimension, quantiles: null };
}

function readReferences(what: string, name: string, value: Value, report: Report): readonly CallValue[] | null {
  const items = value.kind === "list" ? value.items : [value];
  if (items.length === 0) {
    return empty(name, value, report);
  }
  const calls: CallValue[] = [];
  for (const item of items) {
    if (item.kind !== "call") {
      return wrong(name, what, item, report);
    }
    calls.push(item);
  }
  return calls;
}

function readCall(sort: SortKind & { kind: "call" }, name: string, value: Value, report: Report): Choice | null {
  if (value.kind !== "call" || value.path.length !== 1) {
    return wrong(name, sort.what, value, report);
  }
  const head: Name = value.path[0];
  const names = Object.keys(sort.of);
  return names.includes(head.text)
    ? { name: head.text, call: value }
    : wrongCall(name, sort.what, names, value, report);
}

/** A name that none of the known ones is. */
function wrongCall(name: string, expected: string, names: readonly string[], value: CallValue, report: Report): null {
  const [head] = value.path;
  const meant = near(head.text, names);
  const said =
    meant.length === 0
      ? `there is ${list(
          names.map((n) => `\`${n}\``),
          "and",
        )}`
      : `did you mean \`${meant[0]}\`?`;
  const fixes = instead(meant, head.span);
  report(diagnose("wrong-value", { name, expected }, at(head, said), { fixes }));
  return null;
}

function empty(name: string, value: Value, report: Report): null {
  report(diagnose("empty-list", { name }, at(value, "give at least one element")));
  return null;
}

function wrong(name: string, expected: string, value: Value, report: Report): null {
  report(diagnose("wrong-value", { name, expected }, at(value, `this is ${describe(value)}`)));
  return null;
}

function describe(value: Value): string {
  switch (value.kind) {
    case "number":
      return dimensionNames[value.dimension];
    case "string":
      return "a text";
    case "list":
      return "a list";
    case "call":
      return value.arguments ? "a call" : "a name";
  }
}
