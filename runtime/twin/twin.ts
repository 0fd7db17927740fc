// A loaded build folder as its user sees it, whatever loaded it.
import type { Manifest } from "../../contract/manifest.ts";
import type { Explanation, PrepareRequest, Ranking, RankRequest } from "../request/index.ts";
import type { CallOptions } from "../threads/wanted.ts";
import type { TablesStatus } from "./status.ts";

/**
 * A user's side of a request; candidates may be ranked against it any number of times, always by the tables that were in
 * use when it was prepared.
 */
export interface Prepared {
  /** @throws TwinError naming the column and index of what is wrong; as `prepare` does where it is not done in time */
  rank(request: RankRequest, options?: CallOptions): Promise<Ranking>;
  /** Why each candidate has its score: meant for few candidates. */
  explain(request: RankRequest, options?: CallOptions): Promise<Explanation[]>;
}

export interface Twin {
  readonly dir: string;
  readonly manifest: Manifest;
  /** What the caller should know: providers that cannot be had, artefacts recovered from a stopped build. */
  readonly warnings: readonly string[];
  /**
   * @throws TwinError naming the column and index of what is wrong, or with the code `queue_full`, `deadline`, `thread_ended`
   * or `closed`; the reason of the signal where that aborts
   */
  prepare(request: PrepareRequest, options?: CallOptions): Promise<Prepared>;
  status(): TablesStatus;
  /** Takes the newest generation into use; true where it is another one. */
  refresh(): Promise<boolean>;
  /** Waits for all requests that came before, and releases sessions, files and threads; everything else throws from then on. */
  close(): Promise<void>;
}
