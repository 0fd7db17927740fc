// A path as messages show it: relative to the folder that one is in, where it lies within.
import { relative } from "node:path";

export const shownPath = (file: string): string =>
  relative(process.cwd(), file).startsWith("..") ? file : relative(process.cwd(), file);
