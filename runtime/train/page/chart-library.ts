// The chart library as text, to be put into pages: uPlot, read from the installed package, from dist/ and sources alike.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { attempt } from "../../host/files.ts";

const resolve = createRequire(import.meta.url).resolve;

export interface ChartLibrary {
  /** Defines `uPlot`. */
  readonly script: string;
  readonly style: string;
}

let known: ChartLibrary | null = null;

export function chartLibrary(): ChartLibrary {
  known ??= { script: text("uplot/dist/uPlot.iife.min.js"), style: text("uplot/dist/uPlot.min.css") };
  return known;
}

function text(name: string): string {
  const path = resolve(name);
  return attempt("read", path, () => readFileSync(path, "utf8"));
}
