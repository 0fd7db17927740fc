// A folder that is served by releases: which one it is, a process reads a few times a second, opens it beside the one that
// answers, and then answers by it. Every answer is of one release. A folder that has none yet answers itself until its first.
import { existsSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { refreshPath } from "../host/build-folder.ts";
import {
  type RefreshFile,
  readPointer,
  readPointerLater,
  readRefreshLater,
  readsRelease,
  refreshStatus,
  releaseFolder,
  releasesFolder,
} from "../release/index.ts";
import type { PrepareRequest } from "../request/index.ts";
import type { CallOptions } from "../threads/wanted.ts";
import { type Prepared, type TablesStatus, type Twin, UnderWay } from "../twin/index.ts";
import { HeldRelease } from "./held-release.ts";
import { lookEvery } from "./looking.ts";
import { ReleasedPrepared } from "./released-prepared.ts";

/** Releases that do not serve any more and stay open for users who were prepared by them. */
const mostLeft = 2;

/** Milliseconds until a release that could not be opened is tried again, at first and at most. */
const again = { first: 1000, most: 30_000 };

/** Opens the folder of one release. */
export type OpenFolder = (folder: string) => Promise<Twin>;

export class ReleasedTwin implements Twin {
  readonly #dir: string;
  readonly #refreshPath: string;
  readonly #open: OpenFolder;
  readonly #underWay: UnderWay;
  readonly #timer: NodeJS.Timeout;
  #now: HeldRelease;
  #left: HeldRelease[] = [];
  #moving: Promise<boolean> | null = null;
  /** The release that the pointer names where it does not answer yet, and why. */
  #next: number | null = null;
  #because = "";
  #retry = { at: 0, after: again.first };
  /** How it stands who makes the releases, when that was last read. */
  #refresh: RefreshFile | null = null;

  private constructor(dir: string, open: OpenFolder, now: HeldRelease) {
    this.#dir = dir;
    this.#refreshPath = refreshPath(dir);
    this.#open = open;
    this.#now = now;
    this.#underWay = new UnderWay(dir);
    this.#timer = setInterval(() => void this.#look(false), lookEvery).unref();
  }

  /** @throws TwinError where the release that serves cannot be opened */
  static async open(dir: string, open: OpenFolder): Promise<ReleasedTwin> {
    // Between reading which one serves and opening it another one may serve, and that one be removed.
    for (;;) {
      const number = readPointer(dir)?.release ?? null;
      try {
        const held = await (number === null ? openItself(dir, open) : openRelease(dir, number, open));
        const twin = new ReleasedTwin(dir, open, held);
        twin.#refresh = await readRefreshLater(twin.#refreshPath);
        return twin;
      } catch (error) {
        if ((readPointer(dir)?.release ?? null) === number) {
          throw error;
        }
      }
    }
  }

  get dir(): string {
    return this.#now.number === null ? this.#now.twin.dir : this.#dir;
  }

  get manifest(): Manifest {
    return this.#now.twin.manifest;
  }

  get warnings(): readonly string[] {
    return this.#now.twin.warnings;
  }

  prepare(request: PrepareRequest, options: CallOptions = {}): Promise<Prepared> {
    return this.#underWay.run(() => ReleasedPrepared.of(this.#current, request, options));
  }

  readonly #current = (): HeldRelease => {
    this.#underWay.expectOpen();
    return this.#now;
  };

  status(): TablesStatus {
    this.#underWay.expectOpen();
    const { number, twin } = this.#now;
    const next = this.#next;
    return {
      ...twin.status(),
      release: number === null && next === null ? null : { number, next, because: this.#because },
      refresh: this.#refresh && refreshStatus(this.#refresh),
    };
  }

  /** Does something with whatever answers now, which stays open meanwhile. */
  within<T>(run: (twin: Twin) => Promise<T>): Promise<T> {
    const now = this.#current();
    return this.#underWay.run(() => now.during(() => run(now.twin)));
  }

  refresh(): Promise<boolean> {
    return this.#underWay.run(async () => {
      const before = this.#now;
      // One that is under way may have looked before the caller wrote.
      await this.#moving;
      await this.#look(true);
      if (this.#because !== "") {
        throw new TwinError(this.#because);
      }
      const { number, twin } = this.#now;
      return number === null ? this.#now.during(() => twin.refresh()) : this.#now !== before;
    });
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    return this.#underWay.close(async () => {
      await this.#moving;
      await Promise.all([this.#now, ...this.#left].map((held) => held.close()));
    });
  }

  /** @param atOnce whether a release that could not be opened is tried now. @returns whether another release answers */
  #look(atOnce: boolean): Promise<boolean> {
    this.#moving ??= this.#move(atOnce).finally(() => {
      this.#moving = null;
    });
    return this.#moving;
  }

  async #move(atOnce: boolean): Promise<boolean> {
    try {
      this.#refresh = await readRefreshLater(this.#refreshPath);
      const pointer = await readPointerLater(this.#dir);
      // Between the two renames of a build the folder is not there.
      if (pointer === null || pointer.release === this.#now.number) {
        this.#settled();
        return false;
      }
      if (!atOnce && performance.now() < this.#retry.at) {
        return false;
      }
      this.#next = pointer.release;
      const opened = await openRelease(this.#dir, pointer.release, this.#open);
      const before = this.#now;
      this.#now = opened;
      this.#settled();
      before.leave();
      this.#left = [...this.#left.filter(({ closed }) => !closed), before];
      for (const held of this.#left.slice(0, -mostLeft)) {
        held.leaveSoon();
      }
      return true;
    } catch (error) {
      this.#because = error instanceof Error ? error.message : String(error);
      const { after } = this.#retry;
      this.#retry = { at: performance.now() + after, after: Math.min(2 * after, again.most) };
      return false;
    }
  }

  #settled(): void {
    this.#next = null;
    this.#because = "";
    this.#retry = { at: 0, after: again.first };
  }
}

/** The folder as it lies: who builds in it need not mind who reads. */
const openItself = async (dir: string, open: OpenFolder): Promise<HeldRelease> =>
  new HeldRelease(null, await open(dir), () => undefined);

/** Opens a release, which says that it is read; one that went meanwhile is none. */
async function openRelease(dir: string, number: number, open: OpenFolder): Promise<HeldRelease> {
  const done = readsRelease(releasesFolder(dir), number) ?? (() => undefined);
  try {
    const folder = releaseFolder(dir, number);
    if (!existsSync(folder)) {
      throw new TwinError(`${folder} is not there any more: twin releases ${dir}, then twin rollback ${dir} --to N`);
    }
    const twin = await open(folder);
    try {
      await expectSound(twin, folder);
    } catch (error) {
      await twin.close();
      throw error;
    }
    return new HeldRelease(number, twin, done);
  } catch (error) {
    done();
    throw error;
  }
}

/** Waits until the weights are checked, so that nobody waits for that at a swap. @throws TwinError where they are damaged */
async function expectSound(twin: Twin, folder: string): Promise<void> {
  for (;;) {
    const { state, because } = twin.status().weights;
    if (state === "damaged") {
      throw new TwinError(`${folder}: ${because}`);
    }
    if (state !== "checking") {
      return;
    }
    await wait(10);
  }
}
