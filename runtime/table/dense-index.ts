// The key index of integers that lie close together: one ordinal for each integer from the smallest key on.

/** Halves of an integer given as decimal text, unsigned. */
export function offsetsFrom(text: string): { low: number; high: number } {
  const value = BigInt(text);
  return { low: Number(BigInt.asUintN(32, value)), high: Number(BigInt.asUintN(32, value >> 32n)) };
}

/** Ordinals of keys (word pairs), 0 where there is none. */
export function lookupDense(
  slots: Uint32Array,
  min: { readonly low: number; readonly high: number },
  keys: Uint32Array,
  ordinals: Int32Array,
): void {
  for (let i = 0; i < ordinals.length; i++) {
    const low = keys[2 * i] - min.low;
    // key − min in 64 bits, modulo 2^64: within the slots only where its high half is 0.
    const high = (keys[2 * i + 1] - min.high - (low < 0 ? 1 : 0)) | 0;
    const place = low >>> 0;
    ordinals[i] = high === 0 && place < slots.length ? slots[place] : 0;
  }
}

/** The keys in the order of their ordinals, as word pairs. */
export function allDense(
  slots: Uint32Array,
  min: { readonly low: number; readonly high: number },
  count: number,
): Uint32Array {
  const keys = new Uint32Array(2 * count);
  for (let place = 0; place < slots.length; place++) {
    const ordinal = slots[place];
    if (ordinal > 0) {
      const low = min.low + place;
      keys[2 * ordinal - 2] = low;
      keys[2 * ordinal - 1] = min.high + (low > 0xffffffff ? 1 : 0);
    }
  }
  return keys;
}
