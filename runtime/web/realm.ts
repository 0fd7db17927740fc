// What is used of a page or of its worker: TypeScript's library for Node does not have it.
import type { Gpu } from "../session/gpu-adapter.ts";

/** A Web Worker, from outside. */
export interface PageWorker {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  terminate(): void;
  addEventListener(
    type: "message" | "messageerror" | "error",
    listener: (event: { readonly data?: unknown; readonly message?: string; preventDefault?(): void }) => void,
  ): void;
}

interface Realm {
  readonly navigator?: { readonly gpu?: Gpu; readonly hardwareConcurrency?: number };
  readonly crossOriginIsolated?: boolean;
  readonly isSecureContext?: boolean;
  /** Of a page: against what addresses are resolved. */
  readonly document?: { readonly baseURI: string };
  readonly location?: { readonly href: string };
  // Inside a worker.
  readonly name?: string;
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  addEventListener(type: "message" | "messageerror", listener: (event: { readonly data?: unknown }) => void): void;
  close(): void;
}

/** This page, or this worker. */
export const realm = globalThis as unknown as Realm;

/** An address as this page means it. @throws where it is none */
export const absolute = (address: string | URL): string =>
  new URL(address, realm.document?.baseURI ?? realm.location?.href).href;
