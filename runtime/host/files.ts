// Files written whole or not at all: a temporary name in the same folder, fsync, rename; errors that name the way out.
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { ByteSink } from "../bytes/byte-sink.ts";

const reasons: Record<string, (path: string) => string> = {
  ENOENT: (path) => `there is no such file or folder. Check the path \`${path}\``,
  EACCES: () => "permission denied. Change its permissions, or choose another place",
  EPERM: () => "permission denied. Change its permissions, or choose another place",
  EROFS: () => "the file system is read-only. Choose another place",
  EISDIR: () => "it is a folder, and a file is due",
  ENOTDIR: () => "a part of the path is a file, and a folder is due",
  ENOSPC: () => "the disk is full. Free some room or choose another place; what was there before is unchanged",
  EDQUOT: () => "the disk quota is used up. Free some room or choose another place; what was there before is unchanged",
  EFBIG: () => "the file would be larger than this system allows. Choose another place",
  EMFILE: () => "this process has too many files open. Raise the limit (`ulimit -n`)",
  ENAMETOOLONG: () => "the name is too long",
};

/** The system's name of an error, as `ENOENT`; empty where it is none of the system's. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** An error of the file system as a `TwinError`: what was tried, the path, and the way out. Ours pass unchanged. */
export function fileError(error: unknown, action: string, path: string): TwinError {
  if (error instanceof TwinError) {
    return error;
  }
  const reason = reasons[codeOf(error)]?.(path) ?? (error instanceof Error ? error.message : String(error));
  return new TwinError(`cannot ${action} ${path}: ${reason}`, { cause: error });
}

/** Runs a file operation; failures of the system become `TwinError`s, other errors pass as they are. */
export function attempt<T>(action: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof Error && "code" in error ? fileError(error, action, path) : error;
  }
}

/** Throws where there is no such file; `cure` says how to make it. */
export function expectFile(path: string, cure: string): void {
  if (!existsSync(path)) {
    throw new TwinError(`cannot read ${path}: there is no such file. ${cure}`);
  }
}

/** Writes all bytes at the position (bytes; may exceed 2^31), however many calls it takes. */
export function writeFully(file: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.byteLength) {
    const piece = Math.min(bytes.byteLength - done, 1 << 30);
    done += writeSync(file, bytes, done, piece, position + done);
  }
}

/** Fills `into` from the position (bytes; may exceed 2^31); returns how many bytes the file had. */
export function readFully(file: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.byteLength) {
    const piece = Math.min(into.byteLength - done, 1 << 30);
    const count = readSync(file, into, done, piece, position + done);
    if (count === 0) {
      break;
    }
    done += count;
  }
  return done;
}

/** Makes the names in a folder durable. Windows cannot open folders; a rename is durable there by itself. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") {
    return;
  }
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

let serial = 0;

/** A file that appears under its name only by `commit()`: killed before that, the earlier one stays. */
export class AtomicFile implements ByteSink {
  readonly name: string;
  /** The file that it becomes: where `path` is a link, what that leads to. */
  readonly #target: string;
  readonly #partial: string;
  #file: number | null;
  #end = 0;

  private constructor(path: string, target: string, partial: string, file: number) {
    this.name = path;
    this.#target = target;
    this.#partial = partial;
    this.#file = file;
  }

  /**
   * Opens the temporary file, and makes its folder where there is none. A file that will be replaced gives it its mode.
   * @throws TwinError where the path is taken by what is no file (a device, a pipe): a rename would replace it
   */
  static create(path: string): AtomicFile {
    return attempt("write", path, () => {
      const before = statSync(path, { throwIfNoEntry: false });
      if (before && !before.isFile()) {
        throw new TwinError(
          `cannot write ${path}: it is ${before.isDirectory() ? "a folder" : "a device or a pipe"}, and a file is due`,
        );
      }
      const target = before ? realpathSync(path) : path;
      const partial = join(dirname(target), `.${basename(target)}.${process.pid}-${serial++}.partial`);
      mkdirSync(dirname(target), { recursive: true });
      removeLeftoversOf(target);
      const file = new AtomicFile(path, target, partial, openSync(partial, "w"));
      if (before) {
        file.#resemble(before);
      }
      return file;
    });
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#end;
  }

  /** Appends, or puts bytes at a place. A failure removes the temporary file. */
  write(bytes: Uint8Array, position = this.#end): void {
    this.#attempt((file) => {
      writeFully(file, bytes, position);
      this.#end = Math.max(this.#end, position + bytes.byteLength);
    });
  }

  sync(): void {
    this.#attempt(fsyncSync);
  }

  /** Makes the bytes durable and gives them their name. */
  commit(): void {
    this.#attempt((file) => {
      fsyncSync(file);
      this.#close();
      renameSync(this.#partial, this.#target);
      syncFolder(dirname(this.#target));
    });
  }

  /** Leaves nothing behind. Harmless after `commit()`. */
  abort(): void {
    this.#close();
    try {
      unlinkSync(this.#partial);
    } catch {
      // Already renamed or removed.
    }
  }

  /** Takes the mode and, where this process may give files away, the owner of the file that it replaces. */
  #resemble({ mode, uid, gid }: Stats): void {
    try {
      fchownSync(this.#open(), uid, gid);
    } catch {
      // Only the superuser may.
    }
    try {
      fchmodSync(this.#open(), mode & 0o7777);
    } catch {
      // A file system without modes.
    }
  }

  #attempt(run: (file: number) => void): void {
    try {
      run(this.#open());
    } catch (error) {
      this.abort();
      throw fileError(error, "write", this.name);
    }
  }

  #open(): number {
    if (this.#file === null) {
      throw new TwinError(`cannot write ${this.name}: it was already finished or given up`);
    }
    return this.#file;
  }

  #close(): void {
    if (this.#file !== null) {
      const file = this.#file;
      this.#file = null;
      closeSync(file);
    }
  }
}

/** Replaces a file by the bytes or the text, as one step. */
export function writeFileAtomic(path: string, data: Uint8Array | string): void {
  const file = AtomicFile.create(path);
  file.write(typeof data === "string" ? new TextEncoder().encode(data) : data);
  file.commit();
}

/** Whether it is a temporary file of a process that was killed: of the file `of`, or of any. */
function isLeftover(name: string, of: string | null): boolean {
  const [, file, owner] = /^\.(.+)\.(\d+)-\d+\.partial$/.exec(name) ?? [];
  return owner !== undefined && (of ?? file) === file && Number(owner) !== process.pid && !isAlive(Number(owner));
}

/** Removes temporary files that killed processes left in a folder; those of living processes stay. */
export function removeLeftovers(folder: string): string[] {
  const removed = attempt("read", folder, () => readdirSync(folder)).filter((name) => isLeftover(name, null));
  for (const name of removed) {
    attempt("remove", join(folder, name), () => unlinkSync(join(folder, name)));
  }
  return removed;
}

/** The same of one file that is written now. What cannot be removed costs room, and nothing else. */
export function removeLeftoversOf(path: string): void {
  const folder = dirname(path);
  try {
    for (const name of readdirSync(folder).filter((one) => isLeftover(one, basename(path)))) {
      unlinkSync(join(folder, name));
    }
  } catch {
    // A folder that may be written and not read; or another process was quicker.
  }
}

/** Whether a process of this machine runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** A file, whole. `most` bounds its bytes, so that a foreign file cannot fill the memory. */
export function readBytes(path: string, most = 512 * 1024 * 1024): Uint8Array {
  const bytes = attempt("read", path, () => statSync(path).size);
  if (bytes > most) {
    throw new TwinError(`cannot read ${path}: it has ${bytes} bytes, and at most ${most} are expected here`);
  }
  return attempt("read", path, () => readFileSync(path));
}

/** A text file, whole, without a byte order mark. @throws TwinError where it is larger than `most`, or no UTF-8 */
export function readText(path: string, most?: number): string {
  return textOf(readBytes(path, most), path);
}

/** The text of bytes that must be UTF-8: others would be read as U+FFFD, and two keys as one. `name` is for the error. */
export function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const wrong = firstWrongByte(bytes);
    const line = bytes.subarray(0, wrong).filter((byte) => byte === 10).length + 1;
    throw new TwinError(
      `${name} is not UTF-8 text: its byte ${wrong} (0x${bytes[wrong].toString(16)}, line ${line}) is none of UTF-8. Convert it: iconv -f ENCODING -t UTF-8`,
    );
  }
}

function firstWrongByte(bytes: Uint8Array): number {
  let sound = 0;
  let wrong = bytes.byteLength;
  while (wrong - sound > 1) {
    const middle = (sound + wrong) >>> 1;
    if (isPrefix(bytes.subarray(0, middle))) {
      sound = middle;
    } else {
      wrong = middle;
    }
  }
  return wrong - 1;
}

/** Whether a UTF-8 text can begin so. */
function isPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
