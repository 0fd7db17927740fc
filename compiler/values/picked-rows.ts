// Values of which some tables keep some rows only: read, or streamed, as if they had never had the others.
import type { Parameter } from "../model/parameter.ts";
import type { ParameterValues } from "./values.ts";

/** Bytes of a piece that is handed on; whole float32. */
const pieceBytes = 1 << 20;

/**
 * @param parameters whole, as `values` has them
 * @param rows by parameter [rows, …]: the rows that stay, ascending
 */
export function pickedRows(
  parameters: readonly Parameter[],
  values: ParameterValues,
  rows: ReadonlyMap<string, Int32Array>,
): ParameterValues {
  const rowBytes = new Map(
    parameters.map(({ name, shape }) => [name, 4 * shape.slice(1).reduce((product, size) => product * size, 1)]),
  );
  return {
    untrained: values.untrained,
    step: values.step,
    read(name) {
      const picked = rows.get(name);
      const whole = values.read(name);
      if (picked === undefined) {
        return whole;
      }
      const width = rowBytes.get(name)! / 4;
      const found = new Float32Array(picked.length * width);
      picked.forEach((row, i) => {
        found.set(whole.subarray(row * width, (row + 1) * width), i * width);
      });
      return found;
    },
    *chunks(name) {
      const picked = rows.get(name);
      yield* picked === undefined ? values.chunks(name) : pickedBytes(values.chunks(name), rowBytes.get(name)!, picked);
    },
  };
}

/** The bytes of some rows, ascending, out of pieces that come in order and may cut a row. */
function* pickedBytes(pieces: Iterable<Uint8Array>, rowBytes: number, rows: Int32Array): Generator<Uint8Array> {
  let piece = new Uint8Array(Math.min(pieceBytes, rows.length * rowBytes));
  let filled = 0;
  let left = rows.length * rowBytes;
  let at = 0;
  let next = 0;
  for (const bytes of pieces) {
    const end = at + bytes.length;
    while (next < rows.length) {
      let from = Math.max(at, rows[next] * rowBytes);
      const to = Math.min(end, (rows[next] + 1) * rowBytes);
      while (from < to) {
        const length = Math.min(to - from, piece.length - filled);
        piece.set(bytes.subarray(from - at, from - at + length), filled);
        filled += length;
        from += length;
        left -= length;
        if (filled === piece.length) {
          yield piece;
          piece = new Uint8Array(Math.min(pieceBytes, left));
          filled = 0;
        }
      }
      if (to < (rows[next] + 1) * rowBytes) {
        // What is left of the row, or all of it, comes with a later piece.
        break;
      }
      next++;
    }
    at = end;
  }
}
