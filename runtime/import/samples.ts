// samples.npz: inputs of a batch and the logits that the other system computes for them, read against the model's ports.

import { type BatchPort, historyOf } from "../../contract/batch-port.ts";
import { elementCount } from "../../contract/element-count.ts";
import { TwinError } from "../../contract/error.ts";
import { type Tensor, tensorOf } from "../session/session.ts";
import type { ForeignWeights } from "./foreign-weights.ts";
import { openNpz } from "./npz.ts";
import { brackets } from "./orient.ts";
import { type RowMap, twinRows } from "./rows.ts";

export interface SampleRequest {
  readonly path: string;
  readonly ports: readonly BatchPort[];
  readonly labels: readonly string[];
  /** By embedding parameter, where the rows of the source lie otherwise. */
  readonly rowMaps: ReadonlyMap<string, RowMap>;
}

export interface Samples {
  readonly count: number;
  /** What the feeds hold. */
  readonly ports: readonly BatchPort[];
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** By label, one logit a sample. */
  readonly logits: ReadonlyMap<string, Float32Array>;
}

/** An array of this name holds rows as the source counts them, and is translated. */
const foreign = "source.";

/** @throws TwinError naming every array that is missing, misshapen, or holds a row that its table does not have */
export async function readSamples(request: SampleRequest): Promise<Samples> {
  const file = await openNpz(request.path);
  try {
    return await read(file, request);
  } finally {
    file.close();
  }
}

async function read(file: ForeignWeights, { path, ports, labels, rowMaps }: SampleRequest): Promise<Samples> {
  const logits = await readLogits(file, path, labels);
  const count = [...logits.values()][0].length;
  const problems: string[] = [];
  const feeds = new Map<string, Tensor>();
  for (const port of ports) {
    const array = file.arrays.get(port.name) ?? file.arrays.get(`${foreign}${port.name}`);
    const due = `[${[count, ...port.inner.map((size) => size ?? "behaviours")].join(", ")}]`;
    if (array === undefined) {
      problems.push(`${port.name} ${due} is missing`);
      continue;
    }
    const { name, shape } = array;
    const fits = shape.length === port.inner.length + 1 && shape[0] === count;
    if (!fits || port.inner.some((size, axis) => size !== null && size !== shape[axis + 1])) {
      problems.push(`${name} is ${brackets(shape)}, and ${due} is due`);
      continue;
    }
    const values = await file.read(name);
    const fault = name === port.name ? null : translate(values, port, rowMaps);
    const wrong = fault ?? (port.table === null ? null : beyond(values, port.table.rows, port.padding));
    if (wrong !== null) {
      problems.push(`${name}: ${wrong}`);
    } else {
      feeds.set(port.name, padded(values, shape, port));
    }
  }
  problems.push(...lengths(feeds, ports));
  if (problems.length > 0) {
    throw new TwinError(
      `${path} does not hold samples of this model:\n${problems.map((line) => `  ${line}`).join("\n")}\nIt needs every input of the model by name, a sample a row, behaviours newest first; docs/import.md shows how to write it`,
    );
  }
  return { count, ports, feeds, logits };
}

/** `LABEL.logit` for each label; `logits` where there is one, or with a column each. */
async function readLogits(
  file: ForeignWeights,
  path: string,
  labels: readonly string[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  const all = file.arrays.get("logits");
  for (const [column, label] of labels.entries()) {
    const own = file.arrays.get(`${label}.logit`);
    if (own) {
      found.set(label, await file.read(own.name));
    } else if (all && all.shape.length <= 2 && (all.shape[1] ?? 1) === labels.length) {
      const values = await file.read("logits");
      found.set(
        label,
        values.filter((_, i) => i % labels.length === column),
      );
    }
  }
  const counts = new Set([...found.values()].map(({ length }) => length));
  if (found.size === 0 || counts.size !== 1 || counts.has(0)) {
    throw new TwinError(
      `${path} says no logits to compare with, or not one for each sample: it needs \`logits\` [samples]${labels.map((label) => `, or \`${label}.logit\` [samples]`).join("")}`,
    );
  }
  return found;
}

function translate(values: Float32Array, port: BatchPort, rowMaps: ReadonlyMap<string, RowMap>): string | null {
  const map = port.table === null ? undefined : rowMaps.get(port.table.parameter);
  if (map === undefined) {
    return `the source's rows are the model's here: call it ${port.name}`;
  }
  const rows = twinRows(map);
  for (let i = 0; i < values.length; i++) {
    if (values[i] === map.padding || values[i] === -1) {
      values[i] = port.padding;
      continue;
    }
    const row = rows.get(values[i]);
    if (row === undefined) {
      return `the source's table has no row ${values[i]} that the model took over`;
    }
    values[i] = row;
  }
  return null;
}

function beyond(values: Float32Array, rows: number, padding: number): string | null {
  const wrong = values.find((row) => !Number.isInteger(row) || ((row < 0 || row >= rows) && row !== padding));
  return wrong === undefined ? null : `there is no row ${wrong} in a table of ${rows} rows`;
}

function padded(values: Float32Array, shape: readonly number[], { inner, dtype, padding, minimum }: BatchPort): Tensor {
  const tensor = (data: Float32Array, sizes: readonly number[]): Tensor =>
    tensorOf(dtype === "int32" ? Int32Array.from(data) : data, sizes);
  if (inner[0] !== null || shape[1] >= minimum) {
    return tensor(values, shape);
  }
  const one = elementCount(shape.slice(2));
  const data = new Float32Array(shape[0] * minimum * one).fill(padding);
  for (let row = 0; row < shape[0]; row++) {
    data.set(values.subarray(row * shape[1] * one, (row + 1) * shape[1] * one), row * minimum * one);
  }
  return tensor(data, shape.with(1, minimum));
}

/** Arrays of one history must be of one length. */
function lengths(feeds: ReadonlyMap<string, Tensor>, ports: readonly BatchPort[]): string[] {
  const first = new Map<string, { name: string; length: number }>();
  return ports.flatMap(({ name, source }) => {
    const length = feeds.get(name)?.shape[1];
    const history = historyOf(source);
    if (history === null || length === undefined) {
      return [];
    }
    const known = first.get(history) ?? { name, length };
    first.set(history, known);
    return known.length === length ? [] : [`${name} has ${length} behaviours, and ${known.name} has ${known.length}`];
  });
}
