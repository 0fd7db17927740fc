// A user's side of a request where releases follow each other: ranked by the release that it was prepared by while that is
// open, then prepared again by the one that answers.
import type { Explanation, PrepareRequest, Ranking, RankRequest } from "../request/index.ts";
import type { CallOptions } from "../threads/wanted.ts";
import type { Prepared } from "../twin/index.ts";
import type { HeldRelease } from "./held-release.ts";

const unreachable = new FinalizationRegistry<() => void>((release) => release());

interface Made {
  readonly by: HeldRelease;
  readonly prepared: Prepared;
}

export class ReleasedPrepared implements Prepared {
  readonly #current: () => HeldRelease;
  readonly #request: PrepareRequest;
  #made: Promise<Made>;
  /** The release by which it is made, and whether that failed. */
  #by: HeldRelease;
  #failed = false;

  private constructor(current: () => HeldRelease, request: PrepareRequest, made: Made) {
    this.#current = current;
    this.#request = request;
    this.#made = Promise.resolve(made);
    this.#by = made.by;
    unreachable.register(this, made.by.hold(), this);
  }

  /** @param current the release that answers @param request is read again where its release is gone */
  static async of(
    current: () => HeldRelease,
    request: PrepareRequest,
    options: CallOptions,
  ): Promise<ReleasedPrepared> {
    const by = current();
    return by.during(async () => {
      const made = { by, prepared: await by.twin.prepare(request, options) };
      return new ReleasedPrepared(current, request, made);
    });
  }

  rank(request: RankRequest, options: CallOptions = {}): Promise<Ranking> {
    return this.#run(options, (prepared) => prepared.rank(request, options));
  }

  explain(request: RankRequest, options: CallOptions = {}): Promise<Explanation[]> {
    return this.#run(options, (prepared) => prepared.explain(request, options));
  }

  async #run<T>(options: CallOptions, run: (prepared: Prepared) => Promise<T>): Promise<T> {
    if (this.#by.closed || this.#failed) {
      this.#renew(options);
    }
    // Counted before anything is waited for, so that it stays open.
    return this.#by.during(async () => run((await this.#made).prepared));
  }

  #renew(options: CallOptions): void {
    const by = this.#current();
    this.#by = by;
    unreachable.unregister(this);
    unreachable.register(this, by.hold(), this);
    this.#made = by.during(async () => ({ by, prepared: await by.twin.prepare(this.#request, options) }));
    this.#failed = false;
    this.#made.catch(() => {
      this.#failed = true;
    });
  }
}
