// What a process has of the deltas in front of its generation.

export interface DeltaStatus {
  /** Deltas in front of the generation in use, and the newest one's number (0: none). */
  readonly deltas: number;
  readonly newest: number;
  /** Items that they put in, and that they took out. */
  readonly items: number;
  readonly removed: number;
  /** Why later ones are not in use; empty: all are. */
  readonly because: string;
}
