// What the restricted unpickler makes of a pickle: plain values, and nothing that runs.

/** A class or function by name, which the reader of the pickle stands in for. Nothing of Python is ever loaded. */
export interface PickleGlobal {
  readonly kind: "global";
  /** `torch._utils._rebuild_tensor_v2` */
  readonly name: string;
}

/** What a reader makes of a global or of a reference to something outside the pickle. */
export interface PickleObject {
  readonly kind: string;
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleGlobal
  | PickleObject
  | PickleValue[]
  | Map<PickleValue, PickleValue>;

/** The reader's side: all that a pickle may ask for. What is not here is refused by name. */
export interface PickleReader {
  /** Stands in for calls, by the callee's name: null where the arguments make no sense. */
  readonly calls: ReadonlyMap<string, (args: readonly PickleValue[]) => PickleValue | null>;
  /** Names that may be spoken of without being called. */
  readonly names: ReadonlySet<string>;
  /** A reference to something outside, such as a storage; null where it makes no sense. */
  readonly reference: (id: PickleValue) => PickleObject | null;
}

export const isList = (value: PickleValue | undefined): value is PickleValue[] => Array.isArray(value);

export const isGlobal = (value: PickleValue | undefined): value is PickleGlobal =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "global";
