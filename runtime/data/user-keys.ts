// The key of a users file: held as the events' users are, present and unique.
import { TwinError } from "../../contract/error.ts";
import type { Binding } from "./binding.ts";
import { literal, type Source } from "./database/source.ts";
import type { KeyType } from "./items.ts";
import { keyColumn } from "./key-type.ts";
import { locate, type Relation } from "./relation.ts";
import { explainRead, type Resolved } from "./resolve.ts";

/** @param held as the events' users are held @throws TwinError naming the row without a key, or the second of a key */
export async function userKeys(source: Source, binding: Binding, users: Relation, held: KeyType): Promise<Resolved> {
  if (binding.users === null) {
    throw new TwinError(`${binding.place()}: no file of users is named`);
  }
  const key = await keyColumn(source, users, binding.users.key, held, "#ukey", binding.place("users", "key"));
  await checkKeys(source, users, key);
  return key;
}

/** Every user has one row, and every row a user. @throws TwinError naming the rows */
async function checkKeys(source: Source, users: Relation, key: Resolved): Promise<void> {
  const keys = `SELECT ${key.sql} AS k FROM ${users.sql()}`;
  const ask = async (sql: string): Promise<Record<string, unknown> | undefined> => {
    try {
      return (await source.all(sql))[0];
    } catch (cause) {
      throw await explainRead(source, users, [key])(cause);
    }
  };
  const column = `column \`${key.shown}\``;
  const none = await ask(`SELECT 1 FROM (${keys}) WHERE k IS NULL LIMIT 1`);
  if (none) {
    const place = await locate(source, users, `${key.sql} IS NULL`);
    throw new TwinError(
      `${place ?? users.name}, ${column}: the user's key is missing; fill it in or leave the row out`,
    );
  }
  const twice = await ask(`SELECT k FROM (${keys}) GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 1`);
  if (!twice) {
    return;
  }
  const same = `${key.sql} = ${typeof twice.k === "bigint" ? twice.k : literal(String(twice.k))}`;
  const first = await locate(source, users, same);
  const second = await locate(source, users, same, 1);
  throw new TwinError(
    `${second}, ${column}: user ${twice.k} was already given in ${first}; every user has one row, so remove one of them`,
  );
}
