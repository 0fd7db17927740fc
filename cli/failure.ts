// Exit codes: 0 fine, 1 diagnostics or a failed job, 2 wrong usage, 70 a bug of ours; 130 and 143 stopped by a signal.

import { TwinError } from "../contract/error.ts";
import { cut } from "../contract/width.ts";
import { missingPackage } from "../runtime/host/missing-package.ts";

export const exit = { fine: 0, failed: 1, usage: 2, bug: 70 } as const;

/** 128 + the signal's number, as shells count: a script that runs `twin` sees that it was stopped, not that it failed. */
const stopped = { SIGINT: 130, SIGTERM: 143 } as const;
export type StopSignal = keyof typeof stopped;

/** Ends a verb with exit code 1; everything there was to say has been said. */
export class Failed extends Error {}

/** Ctrl-C or SIGTERM: the job put away what it had begun. */
export class Stopped extends Error {
  readonly signal: StopSignal;
  constructor(message: string, signal: StopSignal) {
    super(message);
    this.signal = signal;
  }
}

/** A wrong use that the argument parser cannot see. */
export class WrongUsage extends Error {}

const systemFaults: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: make room, then run the command again; nothing half-written was kept",
  EDQUOT: "the disk quota is used up: make room, then run the command again; nothing half-written was kept",
  EACCES: "permission denied: choose another folder or change the permissions",
  EPERM: "the operation is not permitted: choose another folder or change the permissions",
  EROFS: "the file system is read-only: choose another folder",
  EMFILE: "too many open files: raise the limit with `ulimit -n`",
  EFBIG: "the file would be larger than this system allows: choose another place or raise the limit (`ulimit -f`)",
  EIO: "the disk reports a fault: nothing half-written was kept",
  EEXIST: "there is already something of that name: choose another one",
  ENOTEMPTY: "another process wrote there at the same time: run the command again when it is done",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its links lead in a circle",
  ENOENT: "there is no such file or folder",
  EISDIR: "it is a folder where a file is due",
  ENOTDIR: "a part of the path is a file where a folder is due",
  EPIPE: "the reader of the output went away",
};

/** DuckDB's words for what the machine lacks: a full disk, memory, permissions. */
const databaseFault = /^(IO|Out of Memory|Permission) Error: /;

/** Columns of a line of an error: what a file says may be megabytes, and stands before the reason or behind it. */
const longest = 1200;

/** What to print for a failure, and the exit code. `phase` names what ran, for the report of a bug. */
export function explainFailure(failure: unknown, phase: string): { text: string; code: number } {
  const { text, code } = explained(failure, phase);
  const lines = text.split("\n").map((line) => cut(line, longest, longest / 2));
  return { text: lines.join("\n"), code };
}

function explained(failure: unknown, phase: string): { text: string; code: number } {
  if (failure instanceof Failed) {
    return { text: failure.message, code: exit.failed };
  }
  if (failure instanceof Stopped) {
    return { text: failure.message, code: stopped[failure.signal] };
  }
  if (failure instanceof WrongUsage) {
    return { text: `error: ${failure.message}`, code: exit.usage };
  }
  if (failure instanceof TwinError) {
    return { text: `error: ${failure.message}`, code: exit.failed };
  }
  const missing = missingPackage(failure);
  if (missing !== null) {
    return { text: `error: ${missing}`, code: exit.failed };
  }
  const system = failure as NodeJS.ErrnoException;
  if (
    typeof system?.code === "string" &&
    Object.hasOwn(systemFaults, system.code) &&
    typeof system.syscall === "string"
  ) {
    const place = system.path === undefined ? "" : `${system.path}: `;
    return { text: `error: ${place}${systemFaults[system.code]} (${system.code})`, code: exit.failed };
  }
  if (failure instanceof Error && databaseFault.test(failure.message)) {
    return { text: `error: ${failure.message.split("\n")[0]}`, code: exit.failed };
  }
  const reason =
    failure instanceof Error ? (process.env.TWIN_DEBUG ? failure.stack : failure.message) : String(failure);
  return {
    text: `a bug in twin, while it ran \`${phase}\`: ${reason}\nPlease report it with the command and its input; TWIN_DEBUG=1 shows where it happened.`,
    code: exit.bug,
  };
}
