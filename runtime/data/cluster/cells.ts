// Raw values of features as cells of a Parquet file, which read back as the same values.
import { TwinError } from "../../../contract/error.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import type { RawScalar, RawValue } from "../../encode/raw.ts";
import type { Cell, CellType } from "../database/row-writer.ts";

/** How a feature's values are held. @param texts whether names of things are texts, not whole numbers */
export function cellType({ name, encoder }: FeatureSpec, texts: boolean): CellType {
  switch (encoder.kind) {
    case "id":
      return "int64";
    case "vocabulary":
    case "hashed":
      return texts ? "text" : "int64";
    case "key":
      return encoder.type === "int64" ? "int64" : "text";
    case "bucketed":
    case "number":
      return "float64";
    case "flag":
      return "boolean";
    case "tags":
      return texts ? "text[]" : "int64[]";
    case "pretrained":
      return "float32[]";
    default:
      throw new TwinError(`${name} is of kind ${encoder.kind}, which brings no column`);
  }
}

/** A raw value as such a cell; what is missing is null. */
export function cellOf(type: CellType, value: RawValue): Cell {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return null;
  }
  if (typeof value === "object") {
    if (type === "float32[]") {
      return value instanceof Float32Array ? value : Float32Array.from(value as ArrayLike<number>, Number);
    }
    return Array.from<RawScalar, bigint | number | string | null>(value as ArrayLike<RawScalar>, (one) =>
      scalar(type === "text[]" ? "text" : "int64", one),
    );
  }
  return scalar(type, value);
}

function scalar(type: CellType, value: RawScalar): bigint | number | string | null;
function scalar(type: CellType, value: RawScalar): bigint | number | string | boolean | null {
  if (value === null || value === undefined) {
    return null;
  }
  switch (type) {
    case "int64":
      return BigInt(value);
    case "text":
      return String(value);
    case "boolean":
      return typeof value === "string" ? value === "true" || value === "1" : Boolean(value);
    default:
      return Number(value);
  }
}

/** Whether some value is a text, or a list with one. */
export function hasTexts(values: Iterable<RawValue>): boolean {
  for (const value of values) {
    if (typeof value === "string" || (Array.isArray(value) && value.some((one) => typeof one === "string"))) {
      return true;
    }
  }
  return false;
}
