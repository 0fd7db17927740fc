// Where bytes are read from at any place, whatever holds them. A host brings its own; here is the one in memory.

export interface ByteSource {
  /** What errors call it: a path, for example. */
  readonly name: string;
  /** How many there are. */
  readonly bytes: number;
  /** Fills `into` with the bytes from `position` on. @returns how many there were: fewer where it ends */
  read(into: Uint8Array, position: number): number;
  close(): void;
}

export function memorySource(name: string, memory: Uint8Array): ByteSource {
  return {
    name,
    bytes: memory.length,
    read(into, position) {
      const piece = memory.subarray(position, position + into.length);
      into.set(piece);
      return piece.length;
    },
    close: () => undefined,
  };
}
