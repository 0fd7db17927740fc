// A user's side of a request where releases follow each other: ranked by the release that it was prepared by while that is
// open, then prepared again by the one that answers.
import type { Explanation, PrepareRequest, Ranking, RankRequest } from "../request/index.ts";
import type { CallOptions } from "../threads/wanted.ts";
import type { Prepared } from "../twin/index.ts";
import type { HeldRelease } from "./held-release.ts";

const unreachable = new FinalizationRegistry<() => void>((release) => release());

/** The release that answers. @throws TwinError once the folder was closed */
export type Current = () => HeldRelease;

export class ReleasedPrepared implements Prepared {
  readonly #current: Current;
  readonly #request: PrepareRequest;
  #made: Promise<Prepared>;
  /** What it is made as, once it is: whoever asks enters its queue at once. */
  #ready: Prepared | null;
  /** The release by which it is made, and whether that failed. */
  #by: HeldRelease;
  #failed = false;

  private constructor(current: Current, request: PrepareRequest, by: HeldRelease, prepared: Prepared) {
    this.#current = current;
    this.#request = request;
    this.#made = Promise.resolve(prepared);
    this.#ready = prepared;
    this.#by = by;
    unreachable.register(this, by.hold(), this);
  }

  /** @param request is read again where its release is gone */
  static async of(current: Current, request: PrepareRequest, options: CallOptions): Promise<ReleasedPrepared> {
    const by = current();
    return by.during(async () => new ReleasedPrepared(current, request, by, await by.twin.prepare(request, options)));
  }

  rank(request: RankRequest, options: CallOptions = {}): Promise<Ranking> {
    return this.#run(options, (prepared) => prepared.rank(request, options));
  }

  explain(request: RankRequest, options: CallOptions = {}): Promise<Explanation[]> {
    return this.#run(options, (prepared) => prepared.explain(request, options));
  }

  async #run<T>(options: CallOptions, run: (prepared: Prepared) => Promise<T>): Promise<T> {
    const current = this.#current();
    if (this.#by.closed || this.#failed) {
      this.#renew(current, options);
    }
    const ready = this.#ready;
    // Counted before anything is waited for, so that it stays open.
    return this.#by.during(ready === null ? async () => run(await this.#made) : () => run(ready));
  }

  #renew(by: HeldRelease, options: CallOptions): void {
    this.#by = by;
    unreachable.unregister(this);
    unreachable.register(this, by.hold(), this);
    const made = by.during(() => by.twin.prepare(this.#request, options));
    this.#made = made;
    this.#ready = null;
    this.#failed = false;
    made.then(
      (prepared) => {
        if (this.#made === made) {
          this.#ready = prepared;
        }
      },
      () => {
        this.#failed ||= this.#made === made;
      },
    );
  }
}
