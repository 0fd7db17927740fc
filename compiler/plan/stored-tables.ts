// `--table-input`: variants of the graphs that take lookup tables as they are stored, and decode the rows they gather.
import type { GraphName, StoredType } from "../../contract/manifest.ts";
import { inputError } from "../diagnostics/input-error.ts";
import { builder } from "../ir/build.ts";
import type { Graph, InputValue, Value } from "../ir/graph.ts";
import { rewrite } from "../ir/rewrite.ts";
import { verify } from "../ir/verify.ts";
import type { Model, Table } from "../model/model.ts";
import { scalePort } from "../model/ports.ts";
import { layoutOf } from "../model/table-layout.ts";

export interface StoredVariants {
  readonly type: StoredType;
  /** By the graph of which each is a variant. */
  readonly graphs: ReadonlyMap<GraphName, Graph>;
}

/**
 * A variant of every graph that reads tables, called `search.float16` and so on: a table's input holds the rows as stored,
 * [rows, width], and for uint8 `TABLE.scale` float32 [rows, 2 · heads] holds scale and offset of each head of each part.
 */
export function storedVariants(model: Model, graphs: ReadonlyMap<GraphName, Graph>, type: StoredType): StoredVariants {
  const variants = new Map<GraphName, Graph>();
  for (const [name, graph] of graphs) {
    const variant = variantOf(model, graph, type);
    if (variant !== graph) {
      variants.set(name, { ...variant, name: `${name}.${type}` });
    }
  }
  for (const variant of variants.values()) {
    verify(variant, "--table-input");
  }
  return { type, graphs: variants };
}

/** Throws an `InputError` where a table is stored otherwise, or where there is none. */
export function checkTableInput({ name, tables }: Model, type: StoredType): void {
  const others = tables.filter(({ precision }) => precision !== type);
  if (tables.length > 0 && others.length === 0) {
    return;
  }
  throw inputError(
    `model ${name} cannot be built with --table-input ${type}: ${
      tables.length === 0 ? "it has no table" : "graphs take rows as they are stored, and these are stored otherwise"
    }`,
    others.map((table) => `table ${table.name} has \`precision: ${table.precision}\``),
    tables.length === 0
      ? "Leave the option out."
      : `Say \`precision: ${type}\` in ${others.length === 1 ? "the table" : "these tables"}, or leave the option out.`,
  );
}

function variantOf(model: Model, graph: Graph, type: StoredType): Graph {
  const stored = new Map<Value, Stored>();
  for (const input of graph.inputs) {
    const table = model.tables.find((one) => one.name === nameOf(input));
    if (table) {
      stored.set(input, storedInput(table, input, type));
    }
  }
  if (stored.size === 0) {
    return graph;
  }
  const changed = rewrite(graph, (value, [, rows]) => {
    const { op, inputs, attributes, scope, doc } = value.node;
    const whole = stored.get(value);
    if (whole) {
      return decoded(whole, (all) => all, scope, doc);
    }
    const from = op === "gather" && attributes.axis === 0 ? stored.get(inputs[0]) : undefined;
    if (!from) {
      return null;
    }
    const at = builder(scope, doc);
    return decoded(from, (all) => at.gather(all, rows), scope, doc);
  });
  const inputs = graph.inputs.flatMap((input): InputValue[] => {
    const rows = stored.get(input);
    if (!rows) {
      return [input];
    }
    return rows.affine === null ? [rows.rows] : [rows.rows, rows.affine];
  });
  return { ...changed, inputs };
}

interface Stored {
  readonly rows: InputValue;
  /** Scale and offset of each head; null for float16. */
  readonly affine: InputValue | null;
  readonly heads: readonly number[];
}

function storedInput(table: Table, { shape, node }: InputValue, type: StoredType): Stored {
  const heads = table.of.map(layoutOf).flatMap((part) => new Array<number>(part.heads).fill(part.dim));
  const b = builder("");
  const { doc } = node.attributes;
  return {
    rows: b.input(table.name, type, shape, doc),
    affine:
      type === "uint8"
        ? b.input(
            scalePort(table),
            "float32",
            [shape[0], 2 * heads.length],
            `Scale and offset of each head. ${doc}`.trim(),
          )
        : null,
    heads,
  };
}

function decoded({ rows, affine, heads }: Stored, read: (rows: Value) => Value, scope: string, doc: string): Value {
  return builder(scope, doc).decodeRows(read(rows), affine && read(affine), heads);
}

function nameOf({ node }: InputValue): string {
  return node.attributes.name;
}
