// What a string takes in the memory of a Redis 7, as its allocator rounds it: held against `used_memory` by a test.

/**
 * jemalloc's size classes (jemalloc.net, "Size classes") with a quantum of 16 bytes, as Debian's packages have it; the one that
 * comes with Redis's sources has smaller ones below 128 bytes, so that this is the most.
 */
export function allocated(bytes: number): number {
  if (bytes <= 8) {
    return 8;
  }
  if (bytes <= 128) {
    return 16 * Math.ceil(bytes / 16);
  }
  // Four classes between two powers of two.
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  return step * Math.ceil(bytes / step);
}

/** A simple dynamic string: its header, the bytes, and a final zero (Redis, `sds.h`). */
function dynamicString(bytes: number, least: number): number {
  const header = bytes < 32 && least < 3 ? 1 : bytes < 256 ? 3 : bytes < 65_536 ? 5 : 9;
  return header + bytes + 1;
}

/** Longest value that lies in the object itself. */
const embedded = 44;

/** An object's head (`robj`), and an entry of the dictionary (`dictEntry`). */
const [head, entry] = [16, 24];

/**
 * Bytes of a key with its value, a bucket of the dictionary with it.
 * @param keys all of the server: buckets are a power of two, so that each key has one or nearly two
 */
export function redisBytes(key: number, value: number, keys: number): number {
  const buckets = (8 * 2 ** Math.ceil(Math.log2(Math.max(4, keys)))) / Math.max(1, keys);
  const held =
    value <= embedded
      ? allocated(head + dynamicString(value, 3))
      : allocated(head) + allocated(dynamicString(value, 3));
  return allocated(entry) + allocated(dynamicString(key, 1)) + held + buckets;
}
