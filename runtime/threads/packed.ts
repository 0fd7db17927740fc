// Many small objects of few shapes, as columns. The host reads objects that cross between threads all at once, however
// many they are, and spells out their names for each, while the receiving page stands still; columns cross in no time, and
// whoever receives them makes the objects of one after the other, with others' turns between.
import { emptyRecord } from "../../contract/record.ts";

export interface Packed {
  /** In the order of a walk: 0 a number, 1 an array, 2 an object, 3 what is none of them. */
  readonly kinds: Uint8Array<ArrayBuffer>;
  /** Numbers themselves, lengths of arrays, and shapes of objects. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** What is neither. */
  readonly others: readonly unknown[];
  /** Names of each shape, in their order. */
  readonly shapes: readonly (readonly string[])[];
}

const [number, array, object, other] = [0, 1, 2, 3];

/** @param value of plain objects, arrays, numbers, and what else crosses between threads by itself */
export function packed(value: unknown): Packed {
  const kinds: number[] = [];
  const numbers: number[] = [];
  const others: unknown[] = [];
  const shapes: string[][] = [];
  const known = new Map<string, number>();
  const shapeOf = (names: string[]): number => {
    const called = JSON.stringify(names);
    const found = known.get(called);
    if (found === undefined) {
      known.set(called, shapes.length);
      return shapes.push(names) - 1;
    }
    return found;
  };
  const walk = (one: unknown): void => {
    if (typeof one === "number") {
      kinds.push(number);
      numbers.push(one);
    } else if (Array.isArray(one)) {
      kinds.push(array);
      numbers.push(one.length);
      one.forEach(walk);
    } else if (isPlain(one)) {
      const names = Object.keys(one);
      kinds.push(object);
      numbers.push(shapeOf(names));
      for (const name of names) {
        walk(one[name]);
      }
    } else {
      kinds.push(other);
      others.push(one);
    }
  };
  walk(value);
  return { kinds: Uint8Array.from(kinds), numbers: Float64Array.from(numbers), others, shapes };
}

/** What was packed; an object that has a name `__proto__` comes without a prototype, any other as `{}`. */
export function unpacked({ kinds, numbers, others, shapes }: Packed): unknown {
  const made = shapes.map((names) => (names.includes("__proto__") ? emptyRecord<unknown> : () => ({})));
  let [kind, figure, rest] = [0, 0, 0];
  const read = (): unknown => {
    switch (kinds[kind++]) {
      case number:
        return numbers[figure++];
      case array:
        return Array.from({ length: numbers[figure++] }, read);
      case object: {
        const shape = numbers[figure++];
        const one: Record<string, unknown> = made[shape]();
        for (const name of shapes[shape]) {
          one[name] = read();
        }
        return one;
      }
      default:
        return others[rest++];
    }
  };
  return read();
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
