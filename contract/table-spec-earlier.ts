// `tables/NAME.yaml` as Twin 0.1 wrote it (format 1: fields told apart by their shape), and as format 2 says it.

import * as v from "valibot";
import type { Manifest } from "./manifest.ts";
import { named, strict } from "./named-schema.ts";
import { recordOf } from "./record.ts";
import { commonEntries, storedEntries, type TableSpec } from "./table-spec.ts";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const fingerprint = strict({ fingerprint: v.string() });
const layout = { layout: v.tuple([v.literal("heads"), v.literal("dim")]), heads: positive, dim: positive };

export const EarlierTableSpecSchema = strict({
  format: v.literal(1),
  ...commonEntries,
  /** `relevance.keys`; a list where a row has several parts, one after the other. */
  of: v.union([v.string(), v.array(v.string())]),
  row: v.union([
    strict({ ...layout, ...storedEntries }),
    strict({ parts: v.array(strict({ of: v.string(), ...layout })), ...storedEntries }),
  ]),
  /** Of its metric; by name where parts come from several. */
  metric: v.union([fingerprint, named(fingerprint)]),
});

type EarlierTableSpec = v.InferOutput<typeof EarlierTableSpecSchema>;

/** @param manifest of the build that it belongs to, which says in structure what a part is */
export function upgradedTableSpec(spec: EarlierTableSpec, manifest: Manifest): TableSpec {
  const { format: _, of: __, row, metric, ...common } = spec;
  const { precision, quantisation, bytes, order } = row;
  const parts = manifest.tables[spec.table].parts.map(({ of, heads, dim }) => ({ of, heads, dim }));
  const [only] = parts.flatMap(({ of }) => (of.kind === "keys" ? [of.metric] : []));
  const metrics = v.is(fingerprint, metric) ? recordOf([[only, metric] as const]) : metric;
  return {
    format: 2,
    ...common,
    row: { layout: ["heads", "dim"], parts, precision, ...(quantisation && { quantisation }), bytes, order },
    metrics,
    extensions: {},
  };
}
