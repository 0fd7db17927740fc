// Which columns belong to a user or an item is found alike in one query, and in several that hold a part of the columns or groups.
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Source } from "../../runtime/data/database/source.ts";
import { steadyWithin } from "../../runtime/data/draft/belonging.ts";
import { profile } from "../../runtime/data/draft/profile.ts";
import { openRelation } from "../../runtime/data/relation.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);

/** Of a user: city, and age, which two of 5,000 users have twice; of a user and day: mood. */
const row = (i: number): string => {
  const user = i % 5000;
  const age = (user === 17 || user === 4321) && i >= 10_000 ? 99 : 20 + (user % 50);
  return [
    user,
    i % 3,
    `c${user % 40}`,
    age,
    `m${(user * 7 + (i % 3)) % 11}`,
    i % 13,
    1,
    user % 6 === 0 ? "" : user % 5,
  ].join();
};

it("with whatever is held at once", async () => {
  const folder = temporary();
  const rows = Array.from({ length: 15_000 }, (_, i) => row(i));
  writeFiles(folder, { "log.csv": `user,day,city,age,mood,other,one,gap\n${rows.join("\n")}\n` });
  const file = join(folder, "log.csv");
  const source = await Source.open({ reads: [file] });
  try {
    const relation = await openRelation(source, file, "--from");
    const [, ...columns] = await profile(source, relation);
    const found = async (keys: readonly string[], groups: number | undefined, held?: number) =>
      (await steadyWithin(source, relation, keys, columns, rows.length, groups, held))?.map(({ name }) => name) ?? null;
    const ofUser = ["city", "gap"];
    for (const held of [undefined, 1, 5000, 12_000, 40_000]) {
      expect(await found(["user"], 5000, held)).toEqual(ofUser);
      expect(await found(["user"], undefined, held)).toEqual(ofUser);
      // So few rows share both that it says nothing.
      expect(await found(["user", "day"], undefined, held)).toBe(null);
    }
  } finally {
    source.close();
  }
});
