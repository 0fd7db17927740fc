// Whether a folder would serve: opened as a server opens it, its weights read whole, its tables of those weights.
import { TwinError } from "../../contract/error.ts";
import { LocalTwin } from "./twin.ts";

/** @throws TwinError saying what is damaged, missing, or made with other weights than the graphs are */
export async function expectServes(folder: string): Promise<void> {
  const twin = await LocalTwin.open(folder, { release: "none" });
  try {
    await twin.engine.artefacts.weights.sound;
    for (const { table, state, because } of twin.status().tables) {
      if (state !== "fresh") {
        throw new TwinError(
          `table ${table} does not fit the weights: ${because}. Build the tables first: twin table build DIR --data DATA`,
        );
      }
    }
  } finally {
    await twin.close();
  }
}
