// A feature between its declaration and the model.

import type { Encoder } from "../../contract/encoder-spec.ts";
import type { CallValue, Name, Setting } from "../../grammar/ast.ts";
import type { Given } from "../catalog/signature.ts";
import type { GroupName } from "../model/model.ts";

/** A feature as declared, before shared tables are linked. */
export interface Draft {
  readonly group: GroupName;
  readonly prefix: string;
  readonly setting: Setting;
  readonly encoder: Encoder;
  readonly dim: Given<number | null>;
  readonly shares: CallValue | null;
  readonly key: Given<boolean> | null;
  readonly formerly: Name | null;
  readonly unknown: number;
  readonly pool: "sum" | "mean";
}
