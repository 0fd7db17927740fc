// A request as JSON text: the columns of `prepare` and `rank` in one object.

import { TwinError } from "../../contract/error.ts";
import { repeatedKey } from "../../contract/json-keys.ts";
import { recordOf } from "../../contract/record.ts";
import { isRecord, onlyKnown } from "../encode/columns.ts";
import type { PrepareRequest, RankRequest } from "./request.ts";

export interface JsonRequest {
  readonly prepare: PrepareRequest;
  readonly rank: RankRequest;
}

/**
 * Reads `{"user": {…}, "time": …, "history": {…}, "context": {…}, "candidates": {…}}`. Keys above 2^53 − 1 are written
 * as strings: as JSON numbers they would have been rounded, and are refused later with their index.
 * @param place the file, for errors
 */
export function parseRequest(text: string, place: string): JsonRequest {
  let value: unknown;
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    throw new TwinError(`${place} is no JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const twice = repeatedKey(text);
  if (twice !== null) {
    throw new TwinError(`${place} names ${JSON.stringify(twice)} twice in one object`);
  }
  if (!isRecord(value)) {
    throw new TwinError(`${place} must hold an object: {"history": …, "candidates": …}`);
  }
  onlyKnown(value, ["user", "time", "history", "context", "candidates"], place);
  const { user, time, history, context, candidates } = value;
  if (candidates === undefined) {
    throw new TwinError(`${place} has no candidates: add "candidates": {"item": [keys]}`);
  }
  const prepare = { user, time, history };
  const rank = { ...present({ context }), candidates };
  return { prepare: present(prepare) as PrepareRequest, rank: rank as RankRequest };
}

/** Without the members that are undefined. */
function present(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return recordOf(Object.entries(value).filter(([, member]) => member !== undefined));
}
