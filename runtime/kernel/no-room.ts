// What the kernel says where its memory does not hold what it is to hold.
import { TwinError } from "../../contract/error.ts";

export const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/** There is no room in the kernel's memory; a graph needs none of it. */
export class NoRoom extends TwinError {
  /** @param used bytes that cannot make room now @param most bytes that the memory may have */
  constructor(bytes: number, used: number, most: number) {
    super(
      `the selection kernel needs ${mebibytes(bytes)} more than the ${mebibytes(used)} in use, and may have ${mebibytes(most)}: allow it more, or run the graph`,
    );
  }
}
