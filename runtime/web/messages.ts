// What a page and the thread that ranks for it say to each other; how it crosses is the affair of runtime/threads.
import type { Manifest } from "../../contract/manifest.ts";
import type { PrepareRequest, RankRequest } from "../request/index.ts";
import type { WebProvider } from "../session/ort-web.ts";
import type { RankResult } from "../twin/index.ts";
import type { CheckedOptions, WebProgress } from "./options.ts";
import type { GraphCheck, Said } from "./status.ts";
import type { FolderSource } from "./web-folder.ts";

export interface WebStart {
  /** An address is whole: a worker has another base than its page. */
  readonly from: Exclude<FolderSource, URL>;
  readonly options: CheckedOptions;
  /** What failed in threads before this one, and why: WebGPU, or WASM with more than one thread. */
  readonly refused: readonly { readonly provider: WebProvider; readonly because: string }[];
}

/** A user's side: by the request, and the generation that was in use when it was prepared (null: none). */
export interface SideOf {
  readonly prepared: number;
  readonly request: PrepareRequest;
  readonly generation: number | null;
}

export type WebJob =
  | { readonly kind: "prepare"; readonly prepared: number; readonly request: PrepareRequest }
  /** `request` null: the thread should hold the side. */
  | {
      readonly kind: "rank" | "explain";
      readonly side: SideOf | { readonly prepared: number; readonly request: null };
      readonly candidates: RankRequest;
    }
  | { readonly kind: "refresh" }
  | { readonly kind: "verify" }
  /** Nobody has a user that was prepared by this generation any more. */
  | { readonly kind: "forget"; readonly generation: number };

export type WebResult =
  | RankResult
  | { readonly kind: "prepared"; readonly generation: number | null }
  | { readonly kind: "refreshed"; readonly other: boolean }
  | { readonly kind: "verified"; readonly checks: readonly GraphCheck[] }
  /** The provider does not serve: the job is to be done otherwise, in a fresh thread. */
  | FailedDevice;

export interface FailedDevice {
  readonly kind: "failed device";
  readonly provider: WebProvider;
  readonly because: string;
  readonly stalled: boolean;
}

export interface WebAnswer {
  readonly result: WebResult;
  readonly said: Said;
}

export interface WebReady {
  /** Of the manifest: equal for one and the same build. */
  readonly build: string;
  readonly manifest: Manifest;
  readonly dir: string;
  readonly said: Said;
}

export type WebNote = { readonly kind: "progress"; readonly progress: WebProgress };
