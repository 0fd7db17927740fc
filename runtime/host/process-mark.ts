// Who made a file or folder: a mark for its name, from which any later process tells whether that one has ended.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isAlive } from "./files.ts";

/** Machine and space of process numbers: from elsewhere, such as another container, nothing can be said of a process. */
const place = createHash("sha256")
  .update(`${hostname()} ${textOr(() => readlinkSync("/proc/self/ns/pid"))}`)
  .digest("hex")
  .slice(0, 8);

/** `PLACE-PID-START-RANDOM`: unique, and fit for a file name. Valid for this process, whichever thread asks. */
export const newMark = (): string =>
  `${place}-${process.pid}-${startOf(process.pid)}-${randomBytes(4).toString("hex")}`;

export interface Owner {
  readonly pid: number;
  /** `elsewhere`: made on another machine or in another container, so that nobody here can tell. */
  readonly state: "running" | "ended" | "elsewhere";
}

/** What became of the process that made a mark; null for what is no mark. */
export function ownerOf(mark: string): Owner | null {
  const [, from, number, start] = /^([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{8}$/.exec(mark) ?? [];
  if (from === undefined) {
    return null;
  }
  const pid = Number(number);
  if (from !== place) {
    return { pid, state: "elsewhere" };
  }
  if (!isAlive(pid)) {
    return { pid, state: "ended" };
  }
  // A process that began at another time has only come by the same number.
  const now = startOf(pid);
  return { pid, state: now === unknown || start === unknown || now === start ? "running" : "ended" };
}

const unknown = "0";

/** When a process began, in ticks of its system's clock; 0 where the system does not say, -1 where it has ended already. */
function startOf(pid: number): string {
  const stat = textOr(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the command's name, in parentheses, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Ended, though its parent has not asked for its exit code yet.
  if (fields[0] === "Z" || fields[0] === "X") {
    return "-1";
  }
  return /^\d+$/.test(fields[19] ?? "") ? fields[19] : unknown;
}

function textOr(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
