// A generation is held for as long as what was made by it can be reached, and no longer.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { holdFor } from "../../runtime/table/hold.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

it("holds once, lets go when its user is gone, and needs no generation", async () => {
  let held = 0;
  const generation = {
    hold: () => {
      held++;
      return () => {
        held--;
      };
    },
  };
  const user = { name: "who stays" };
  holdFor(user, generation);
  holdFor({}, generation);
  holdFor({}, null);
  expect(held).toBe(2);
  for (let round = 0; round < 100 && held > 1; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(held).toBe(1);
  expect(user.name).toBe("who stays");
});
