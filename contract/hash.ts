// xxHash64: the one hash of Twin (hashed features, table shards, string keys, checksums of files); its seed is 0 where none is said.
import xxhash, { type XXHashAPI } from "xxhash-wasm";

/** Above this size bytes are hashed in pieces, so that the hash's own memory stays small. */
const pieceBytes = 1 << 20;

export interface Hasher {
  /** xxHash64 of the UTF-8 text, unsigned. Lone surrogates hash as U+FFFD. */
  text(value: string): bigint;
  /** `text(value) mod buckets`, unsigned; `buckets` is an integer from 1 to 2^53 − 1. @param seed 0 unless said */
  bucket(value: string, buckets: number, seed?: number): number;
  /** xxHash64 of the bytes, unsigned. */
  bytes(data: Uint8Array): bigint;
  /** xxHash64 of bytes that come in pieces. */
  stream(): HashStream;
}

export interface HashStream {
  update(data: Uint8Array): void;
  /** xxHash64 of all that came, unsigned. */
  digest(): bigint;
}

/** Remainder of an unsigned 64-bit number, exact for every divisor up to 2^53 − 1. */
export function remainder64(value: bigint, divisor: number): number {
  split64[0] = value;
  const low = halves[0];
  const high = halves[1];
  // Both products and the sum stay below 2^53 here, so float64 is exact.
  if (divisor <= 0x4000000) {
    return ((high % divisor) * (0x100000000 % divisor) + (low % divisor)) % divisor;
  }
  return Number(value % BigInt(divisor));
}

const split64 = new BigUint64Array(1);
const halves = new Uint32Array(split64.buffer);

function wrap(api: XXHashAPI): Hasher {
  return {
    text: (value) => api.h64(value),
    bucket: (value, buckets, seed = 0) => remainder64(api.h64(value, seeds[seed] ?? BigInt(seed)), buckets),
    bytes(data) {
      if (data.byteLength <= pieceBytes) {
        return api.h64Raw(data);
      }
      const state = stream(api);
      state.update(data);
      return state.digest();
    },
    stream: () => stream(api),
  };
}

function stream(api: XXHashAPI): HashStream {
  const state = api.create64();
  return {
    update(data) {
      for (let at = 0; at < data.byteLength; at += pieceBytes) {
        state.update(data.subarray(at, at + pieceBytes));
      }
    },
    digest: () => state.digest(),
  };
}

/** Those that features use, made once. */
const seeds = [0n, 1n];

let loaded: Promise<Hasher> | undefined;

/** The hasher; its WebAssembly is loaded once per process. */
export function hasher(): Promise<Hasher> {
  loaded ??= xxhash().then(wrap);
  return loaded;
}
