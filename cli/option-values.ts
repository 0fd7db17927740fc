// What options take: numbers, shares and sizes, each with the error that says what is due.
import { InvalidArgumentError } from "commander";
import { parseBytes } from "../compiler/diagnostics/number-text.ts";

export const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError("a whole number is due");
  }
  return value;
};

export const positive = (text: string): number => {
  const value = whole(text);
  if (value === 0) {
    throw new InvalidArgumentError("a whole number from 1 on is due");
  }
  return value;
};

export const members = (text: string): number => {
  const value = whole(text);
  if (value < 2 || value > 100) {
    throw new InvalidArgumentError("a whole number from 2 to 100 is due");
  }
  return value;
};

export const positives = (text: string): number[] => text.split(",").map(positive);

export const tolerance = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0)) {
    throw new InvalidArgumentError("a number from 0 on is due");
  }
  return value;
};

export const share = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0) || !Number.isFinite(value)) {
    throw new InvalidArgumentError("a number above 0 is due");
  }
  return value;
};

/** `95%` or `0.95`. */
export const fraction = (text: string): number => {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const value = Number(digits) / (percent === "%" ? 100 : 1);
  if (!(value > 0 && value <= 1)) {
    throw new InvalidArgumentError("a share is due, such as 95%");
  }
  return value;
};

/** `20%` or `0.2` of the users, or `500` of them. */
export const someUsers = (text: string): { readonly share: number } | { readonly count: number } => {
  try {
    return /^\s*\d+\s*$/.test(text) ? { count: positive(text) } : { share: fraction(text) };
  } catch {
    throw new InvalidArgumentError("a share of the users is due, such as 20%, or a number of them, such as 500");
  }
};

/** `8MB`, `512kB` (powers of ten), or bytes. */
export const size = (text: string): number => {
  const value = parseBytes(text);
  if (value === null || value === 0) {
    throw new InvalidArgumentError("a size is due, such as 8MB, 512kB or 1.5GB (powers of ten), or a number of bytes");
  }
  return value;
};

/** `8G`, `30M`, `10k` (powers of ten), or a number. */
export const many = (text: string): number => {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(k|M|G|T)?$/.exec(text.trim()) ?? [];
  const value = Number((Number(digits) * 1000 ** ["", "k", "M", "G", "T"].indexOf(unit)).toPrecision(15));
  if (!(value > 0) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("a number from 1 on is due, such as 8G, 30M, 10k or 500");
  }
  return value;
};
