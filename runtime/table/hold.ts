// Holds a generation for as long as what was made by it can be reached.
import type { OpenGeneration } from "./live-tables.ts";

const users = new FinalizationRegistry<() => void>((release) => release());

/** Holds a generation for as long as `user` can be reached: nobody says when a prepared user is done with. */
export function holdFor(user: object, generation: Pick<OpenGeneration, "hold"> | null): void {
  const release = generation?.hold() ?? null;
  if (release !== null) {
    users.register(user, release);
  }
}
