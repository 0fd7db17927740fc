// The structure of a schema as lines, one a field: what a committed text holds, so that no field changes unnoticed.
import type * as v from "valibot";

interface Schema {
  readonly kind: string;
  readonly type: string;
  readonly expects?: string | null;
  readonly message?: unknown;
  readonly [name: string]: unknown;
}

/** Lines `path: type`; a variant's path has its tag in angles, an optional field a `?`. */
export function outline(schema: v.GenericSchema, path = ""): string[] {
  return [...lines(schema as unknown as Schema, path)];
}

function* lines(schema: Schema, path: string): Iterable<string> {
  const { type } = schema;
  const pipe = schema.pipe as readonly Schema[] | undefined;
  if (pipe !== undefined) {
    const [first, ...rest] = pipe;
    const record = rest.find((one) => one.type === "metadata")?.metadata as { readonly values: Schema } | undefined;
    const checks = rest.flatMap((one) => (one.kind === "validation" ? [`${one.type}(${said(one.requirement)})`] : []));
    if (record !== undefined) {
      yield `${path}: record`;
      yield* lines(record.values, `${path}.*`);
      return;
    }
    const all = [...lines(first, path)];
    yield checks.length === 0 ? all[0] : `${all[0]} ${checks.join(" ")}`;
    yield* all.slice(1);
    return;
  }
  switch (type) {
    case "strict_object":
      yield `${path}: object`;
      for (const [name, field] of Object.entries(schema.entries as Record<string, Schema>)) {
        yield* lines(field, `${path}.${name}`);
      }
      return;
    case "variant":
      yield `${path}: one of, by ${schema.key}`;
      for (const option of schema.options as readonly Schema[]) {
        const object = ((option.pipe as readonly Schema[] | undefined)?.[0] ?? option) as Schema;
        const tag = (object.entries as Record<string, Schema>)[schema.key as string].literal;
        yield* lines(option, `${path}<${tag}>`);
      }
      return;
    case "array":
      yield `${path}: list`;
      yield* lines(schema.item as Schema, `${path}[]`);
      return;
    case "record":
      yield `${path}: record of ${said((schema.key as Schema).options)}`;
      yield* lines(schema.value as Schema, `${path}.*`);
      return;
    case "optional":
      yield* lines(schema.wrapped as Schema, `${path}?`);
      return;
    case "nullable": {
      const [first, ...rest] = lines(schema.wrapped as Schema, path);
      yield `${first} or null`;
      yield* rest;
      return;
    }
    case "union":
      yield `${path}: any of`;
      for (const [i, option] of (schema.options as readonly Schema[]).entries()) {
        yield* lines(option, `${path}|${i}`);
      }
      return;
    case "tuple":
      yield `${path}: tuple`;
      for (const [i, item] of (schema.items as readonly Schema[]).entries()) {
        yield* lines(item, `${path}.${i}`);
      }
      return;
    case "picklist":
      yield `${path}: ${said(schema.options)}`;
      return;
    case "literal":
      yield `${path}: ${said(schema.literal)}`;
      return;
    default:
      yield `${path}: ${type}`;
  }
}

const said = (value: unknown): string => (value instanceof RegExp ? String(value) : (JSON.stringify(value) ?? ""));

/**
 * What a change did within one format that only another format may do: everything but kinds of unions, words of lists and
 * optional fields more.
 */
export function breaking(before: readonly string[], now: readonly string[]): string[] {
  const [was, is] = [before, now].map((side) => new Map(side.map((line) => cut(line))));
  const same = (path: string): boolean => was.get(path) === is.get(path) || wordsMore(was.get(path), is.get(path));
  const gone = [...was].filter(([path]) => !same(path)).map(([path, type]) => `gone: ${path}: ${type}`);
  const added = [...is].flatMap(([path, type]) => {
    if (same(path)) {
      return [];
    }
    const places = [...path.matchAll(/\?|<[^<>]*>/g)].map(({ index, 0: mark }) => path.slice(0, index + mark.length));
    const isNew = places.some((place) => ![...was.keys()].some((one) => one.startsWith(place)));
    return isNew ? [] : [`new: ${path}: ${type}`];
  });
  return [...gone, ...added];
}

function cut(line: string): [string, string] {
  const at = line.indexOf(": ");
  return [line.slice(0, at), line.slice(at + 2)];
}

/** Whether a list of words is the one before with more. */
function wordsMore(before: string | undefined, now: string | undefined): boolean {
  const [left, right] = [before, now].map((type) => /^(record of )?(\[.*\])$/.exec(type ?? "")?.[2]);
  if (left === undefined || right === undefined) {
    return false;
  }
  const words = new Set(JSON.parse(right) as unknown[]);
  return (JSON.parse(left) as unknown[]).every((word) => words.has(word));
}
