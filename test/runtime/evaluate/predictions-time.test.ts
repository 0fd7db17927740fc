// Another system's scores find their rows by user, item and time, in whatever way it writes the same instant.
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseBinding } from "../../../runtime/data/binding.ts";
import { readPredictions } from "../../../runtime/evaluate/predictions.ts";
import type { Collected, Task } from "../../../runtime/evaluate/rows.ts";
import { cleanUp, temporary } from "../../kit/built-twin.ts";
import { writeFiles } from "../../kit/data-files.ts";
import { ask } from "../../kit/database.ts";

const folder = temporary();
const logs = {
  naive: "TIMESTAMP '2020-09-13 12:26:40' + INTERVAL (i) HOUR",
  zoned: "(TIMESTAMP '2020-09-13 12:26:40' + INTERVAL (i) HOUR) AT TIME ZONE 'UTC'",
  seconds: "1600000000 + i * 3600",
};

beforeAll(async () => {
  for (const [name, time] of Object.entries(logs)) {
    await ask(
      `COPY (SELECT 1 AS user, i::BIGINT AS item, ${time} AS ts, (i % 2)::INT AS click FROM range(3) r(i)) TO '${join(folder, `${name}.parquet`)}'`,
    );
  }
  const texts = (write: (hour: number) => string): string =>
    `user,item,time,click\n${[0, 1, 2].map((i) => `1,${i},${write(12 + i)},0.${i + 1}\n`).join("")}`;
  writeFiles(folder, {
    "iso.csv": texts((hour) => `2020-09-13T${hour}:26:40Z`),
    "shifted.csv": texts((hour) => `2020-09-13 ${hour + 8}:26:40+08:00`),
    "plain.csv": texts((hour) => `2020-09-13 ${hour}:26:40`),
    "epoch.csv": texts((hour) => String(1600000000 + (hour - 12) * 3600)),
  });
  await ask(
    `COPY (SELECT user, item, time::VARCHAR AS time, click FROM read_csv('${join(folder, "plain.csv")}')) TO '${join(folder, "text.parquet")}'`,
  );
});
afterAll(cleanUp);

const files = ["iso.csv", "shifted.csv", "plain.csv", "epoch.csv", "text.parquet"];
const cases = Object.keys(logs).flatMap((log) => files.map((file) => [file, log] as const));
// A number is compared as a number with any clock; a text only with a clock of timestamps.
const known = cases.filter(([file, log]) => !(file === "text.parquet" && log === "seconds"));

it.each(known)("%s beside a log of %s", async (file, log) => {
  const text = `events: {file: ${log}.parquet, user: user, item: item, time: ts}`;
  const binding = parseBinding(text, join(folder, "d.yaml"));
  const tasks = [{ name: "click", kind: "binary" }] as unknown as readonly Task[];
  const rows = { rows: 3, row: Float64Array.of(0, 1, 2), prepared: null } as unknown as Collected;
  const model = { model: "m", features: [], histories: [], labels: [] };
  const found = await readPredictions(join(folder, file), binding, model, tasks, rows);
  expect(found.unused).toBe(0);
  expect([...found.labels[0]!.score]).toEqual([0.1, 0.2, 0.3]);
});
