// What each of a user's samples brings of a history, shaped as the runtime's requests take it.
import { TwinError } from "../../../contract/error.ts";
import { recordOf } from "../../../contract/record.ts";
import { type DataColumn, type DataValue, numbersOf, valueAt } from "../../encode/data-column.ts";
import { type FlatLists, takeValues } from "../database/flat-lists.ts";
import type { Resolved } from "../resolve.ts";
import type { OpenList } from "./open-lists.ts";
import { noLists, pickBehaviours } from "./pick.ts";

export interface ListHistory {
  /** Behaviours that the sample of a row sees, newest first. */
  of(row: number): { readonly item: DataColumn; readonly time: Float64Array; readonly [cross: string]: DataColumn };
  /** Whether two rows see the same. */
  same(a: number, b: number): boolean;
}

/**
 * @param lists columns of lists by name, derived where they are derived
 * @param times of the rows
 * @param bare name of a cross feature as a request has it
 */
export function listHistory(
  list: OpenList,
  cross: readonly Resolved[],
  lists: Readonly<Record<string, FlatLists>>,
  times: Float64Array,
  max: number,
  file: string,
  bare: (name: string) => string,
): ListHistory {
  const items = lists[list.item.name];
  const own = list.time === null ? null : lists[list.time.name];
  const picked = pickBehaviours(
    items,
    (value) => items.values[value] !== null,
    own,
    times,
    { max, newest: list.newest },
    noLists(),
    (_, time) => {
      throw new TwinError(`${file}, column \`${list.time!.shown}\`: ${time} is no time of a behaviour`);
    },
  );
  const base = items.starts[0];
  const at = (row: number): Int32Array => {
    const first = picked.starts[row];
    return picked.at.subarray(first, first + picked.lengths[row]);
  };
  const take = (of: FlatLists, places: Int32Array): DataColumn => {
    const shift = of.starts[0] - base;
    return takeValues(of, shift === 0 ? places : places.map((place) => place + shift));
  };
  const parallel = cross.map(({ name }) => [bare(name), lists[name]] as const);
  const time = (row: number, places: Int32Array): Float64Array =>
    own === null
      ? Float64Array.from({ length: places.length }, (_, i) => times[row] - 1 - i)
      : Float64Array.from(numbersOf(take(own, places)));
  const compared = [items, ...(own === null ? [] : [own]), ...parallel.map(([, of]) => of)];
  return {
    of(row) {
      const places = at(row);
      return {
        item: take(items, places),
        time: time(row, places),
        ...recordOf(parallel.map(([name, of]) => [name, take(of, places)])),
      };
    },
    same(a, b) {
      const [left, right] = [at(a), at(b)];
      return (
        left.length === right.length &&
        compared.every((of) => {
          const shift = of.starts[0] - base;
          return left.every((place, i) =>
            alike(valueAt(of.values, place + shift), valueAt(of.values, right[i] + shift)),
          );
        })
      );
    },
  };
}

/** Values of lists within lists are the same where they are written the same. */
function alike(a: DataValue, b: DataValue): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) {
    return Object.is(a, b);
  }
  return a.length === b.length && [...a].every((value, i) => Object.is(value, b[i]));
}
