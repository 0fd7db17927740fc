// JSON and YAML of others: read, or refused with file, line and column.
import { isMap, LineCounter } from "yaml";
import { TwinError } from "../../../contract/error.ts";
import { composeYaml } from "../../../contract/yaml-text.ts";
import { readText } from "../../host/files.ts";

const mostBytes = 64 * 1024 * 1024;

export type Plain = Readonly<Record<string, unknown>>;

export const isPlain = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws TwinError naming file, line and column of what is no JSON */
export function readJson(path: string): unknown {
  const text = readText(path, mostBytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    // JSON is YAML, whose reader knows the place where the engine's does not say it.
    const [first] = composeYaml(text, new LineCounter()).errors;
    const at = Number(/position (\d+)/.exec(why)?.[1] ?? first?.pos[0] ?? text.length);
    const before = text.slice(0, at);
    const place = `${before.split("\n").length}:${at - before.lastIndexOf("\n")}`;
    throw new TwinError(
      `${path}:${place}: this is no JSON: ${why.replace(/,? \.\.\..*| in JSON at.*| \(line.*/s, "")}`,
      { cause },
    );
  }
}

/** @throws TwinError naming file, line and column of what is no YAML, or no map */
export function readYamlMap(path: string): Plain {
  const lines = new LineCounter();
  const document = composeYaml(readText(path, mostBytes), lines);
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new TwinError(`${path}:${line}:${col}: ${error.message}`);
  }
  if (document.contents === null) {
    return {};
  }
  const value: unknown = isMap(document.contents) ? document.toJS({ maxAliasCount: 1000 }) : null;
  if (!isPlain(value)) {
    throw new TwinError(`${path}:1:1: a map of names is due`);
  }
  return value;
}

export const textOf = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : null;

export const numberOf = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;
