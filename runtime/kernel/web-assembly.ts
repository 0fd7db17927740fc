// What is used of WebAssembly, which every host has and no library of types here declares; and the kernel's module.
import { modules } from "./bytes.ts";

/** A compiled module: goes to other threads as it is. */
export type WasmModule = { readonly kind?: "module" };

export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** @throws RangeError past its maximum, or where the host has no more @returns pages before */
  grow(pages: number): number;
}

interface Wasm {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  compile(bytes: Uint8Array<ArrayBuffer>): Promise<WasmModule>;
  instantiate(
    module: WasmModule,
    imports: { readonly env: { readonly memory: WasmMemory } },
  ): Promise<{ readonly exports: unknown }>;
}

declare const WebAssembly: Wasm;

export const pageBytes = 65_536;

/** What kernel/index.ts exports; all numbers are addresses, bytes and counts. */
export interface KernelExports {
  score(
    ...of: [
      q: number,
      count: number,
      width: number,
      keys: number,
      bias: number,
      biasBytes: number,
      tiles: number,
      group: number,
      block: number,
      rows: number,
      maxima: number,
      maximaBytes: number,
    ]
  ): void;
  spread(bias: number, heads: number, count: number, tiles: number, out: number): void;
  agree(
    ...of: [
      candidates: number,
      rows: number,
      any: number,
      behaviours: number,
      worth: number,
      heads: number,
      count: number,
      tiles: number,
      out: number,
    ]
  ): void;
  agreeKept(
    ...of: [
      candidates: number,
      rows: number,
      any: number,
      behaviours: number,
      worth: number,
      heads: number,
      count: number,
      tiles: number,
      kept: number,
      keptHeadBytes: number,
      keptBytes: number,
      keep: number,
      out: number,
    ]
  ): void;
  biases(
    ...of: [
      table: number,
      heads: number,
      features: number,
      count: number,
      add: number,
      from: number,
      to: number,
      row: number,
      headBytes: number,
    ]
  ): void;
  scoreItems(
    ...of: [
      q: number,
      queryBytes: number,
      heads: number,
      width: number,
      keys: number,
      index: number,
      valid: number,
      length: number,
      from: number,
      to: number,
      group: number,
      row: number,
      headBytes: number,
      maxima: number,
      maximaBytes: number,
    ]
  ): void;
  greatest(values: number, count: number): number;
  turn(rows: number, rowBytes: number, index: number, width: number, length: number, into: number): void;
  lay(
    ...of: [
      rows: number,
      rowBytes: number,
      index: number,
      width: number,
      length: number,
      into: number,
      intoBytes: number,
      add: number,
    ]
  ): void;
  greater(into: number, other: number, vectors: number): void;
  about(
    ...of: [
      heads: number,
      tiles: number,
      group: number,
      maximaBytes: number,
      width: number,
      keys: number,
      biases: number,
      block: number,
      keep: number,
      scratch: number,
      whole: number,
      state: number,
    ]
  ): void;
  select(
    ...of: [
      count: number,
      rows: number,
      maxima: number,
      queries: number,
      queryBytes: number,
      apart: number,
      keep: number,
      stamps: number,
      id: number,
      kept: number,
      keptBytes: number,
    ]
  ): number;
  selectBytes(heads: number, keep: number): number;
  stateBytes(heads: number): number;
  pick(
    ...of: [
      rows: number,
      heads: number,
      count: number,
      tiles: number,
      kept: number,
      keptHeadBytes: number,
      keep: number,
      out: number,
    ]
  ): void;
  compute(
    ...of: [
      q: number,
      qHeadBytes: number,
      width: number,
      keys: number,
      bias: number,
      tiles: number,
      heads: number,
      count: number,
      kept: number,
      keptHeadBytes: number,
      keptBytes: number,
      keep: number,
      out: number,
    ]
  ): void;
  attend(
    ...of: [
      scores: number,
      heads: number,
      count: number,
      kept: number,
      keptHeadBytes: number,
      keptBytes: number,
      keep: number,
      mask: number,
      values: number,
      rowBytes: number,
      width: number,
      masks: number,
      out: number,
      outBytes: number,
      strength: number,
    ]
  ): void;
}

/** The kernel for memory of its own, or for shared memory; compiled once for all that ask. */
export function kernelModule(kind: keyof typeof modules): Promise<WasmModule> {
  const known = compiled[kind];
  if (known !== undefined) {
    return known;
  }
  const bytes = Uint8Array.from(atob(modules[kind].base64), (byte) => byte.charCodeAt(0));
  const module = WebAssembly.compile(bytes);
  compiled[kind] = module;
  return module;
}

const compiled: { own?: Promise<WasmModule>; shared?: Promise<WasmModule> } = {};

/** @throws RangeError where the host has no such memory */
export const newMemory = (initial: number, maximum: number, shared: boolean): WasmMemory =>
  new WebAssembly.Memory({ initial, maximum, shared });

export async function instance(module: WasmModule, memory: WasmMemory): Promise<KernelExports> {
  return (await WebAssembly.instantiate(module, { env: { memory } })).exports as KernelExports;
}
