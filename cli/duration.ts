// A duration as an option takes it: `90s`, `15min`.
import { TwinError } from "../contract/error.ts";
import { parseDuration } from "../runtime/table/freshness.ts";
import { WrongUsage } from "./failure.ts";

/** In seconds. @throws WrongUsage naming the option */
export function secondsOf(text: string, option: string): number {
  try {
    return parseDuration(text, option);
  } catch (failure) {
    throw failure instanceof TwinError ? new WrongUsage(failure.message) : failure;
  }
}
