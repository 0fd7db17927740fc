// Popularity in prepared samples, in logs in memory and in a run's weights is what its definition says of the log.
import { afterAll, expect, it } from "vitest";
import { openDataset } from "../../../runtime/data/prepare/open.ts";
import type { Part } from "../../../runtime/learn/dataset.ts";
import { openArtefacts } from "../../../runtime/serve/artefacts.ts";
import { built, cleanUp } from "../../kit/built-twin.ts";
import { videoModel } from "../../kit/data-files.ts";
import { type LogEvent, logBinding, prepared, t0 } from "../../kit/prepared.ts";

afterAll(cleanUp);

const model = videoModel({ max: 5 })
  .replace(
    "  cover: ",
    "  hot: popularity(on: item.category, of: click, k: 3, window: 2h)\n  met: popularity(on: item.video)\n  cover: ",
  )
  .replace("context, candidate]", "context, candidate, item.hot, item.met]");
const artefacts = await openArtefacts(built(model), () => undefined);
const { manifest } = artefacts;
const parts: readonly Part[] = ["training", "validation", "test"];

const events = Array.from(
  { length: 60 },
  (_, i): LogEvent => ({
    user: 1 + (i % 3),
    video: 1 + ((i * 7) % 9),
    time: t0 + Math.floor(i / 2) * 600,
    session: null,
    kept: true,
    click: i % 5 === 0 ? null : i % 3 === 0,
  }),
);
/** As the items file says it, row 1 + the id; see `logBinding`. */
const categoryOf = (video: number): number => (video > 8 || video === 4 ? 0 : video);

it.each([0, 700])("of each sample, delay %s", async (delay) => {
  const binding = logBinding(
    events,
    `{delay: ${delay}s}`,
    "columns: {predict.click: click}\nsplit: {by: share, train: 60%, validation: 20%, test: rest}\n",
  );
  const dataset = await openDataset((await prepared(binding, manifest)).folder);
  const batches = parts.map((part) =>
    dataset.batch(
      part,
      Uint32Array.from({ length: dataset.count(part) }, (_, i) => i),
      {},
    ),
  );
  const training = [...batches[0].row].map((row) => events[row]);
  const known = training.filter(({ click }) => click !== null);
  const base = (known.filter(({ click }) => click).length + 0.5) / (known.length + 1);
  const newest = Math.max(...training.map(({ time }) => time));
  const due = (event: LogEvent, part: number): number[] => {
    const seen = ({ time }: LogEvent, window: number): boolean =>
      part === 0
        ? time < event.time && time <= event.time - delay && time >= event.time - window
        : time >= newest - window;
    const category = categoryOf(event.video);
    const own = category === 0 ? [] : training.filter((one) => categoryOf(one.video) === category && seen(one, 7200));
    const rated = own.filter(({ click }) => click !== null);
    const rate = (rated.filter(({ click }) => click).length + 3 * base) / (rated.length + 3);
    const item = event.video > 8 ? [] : training.filter((one) => one.video === event.video && seen(one, Infinity));
    return [Math.log(1 + own.length), Math.log(rate / (1 - rate)), Math.log(1 + item.length)];
  };
  batches.forEach(({ single, row, rows }, part) => {
    expect(rows).toBeGreaterThan(0);
    for (let i = 0; i < rows; i++) {
      const [count, rate, met] = due(events[row[i]], part);
      expect(single["item.hot"][2 * i]).toBeCloseTo(count, 5);
      expect(single["item.hot"][2 * i + 1]).toBeCloseTo(rate, 5);
      expect(single["item.met"][i]).toBeCloseTo(met, 5);
    }
  });
  const counted = dataset.counted!;
  expect(counted["item.hot"].length).toBe(2 * 11);
  expect(counted["item.met"].length).toBe(51);
  dataset.close();
});
