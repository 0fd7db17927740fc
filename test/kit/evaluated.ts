// A small build with its tables and a labelled event log, split by time: what evaluation is tested on.
import { join } from "node:path";
import { random } from "../../contract/random.ts";
import { buildTables } from "../../runtime/build-table/build.ts";
import { type Binding, readBinding } from "../../runtime/data/index.ts";
import { built, temporary } from "./built-twin.ts";
import { videoModel, writeFiles } from "./data-files.ts";

export interface LoggedEvent {
  readonly user: number;
  readonly video: number;
  readonly time: number;
  readonly click: number;
  readonly watch: number;
  readonly request: string;
}

export interface Evaluated {
  readonly folder: string;
  readonly dir: string;
  readonly binding: Binding;
  readonly events: readonly LoggedEvent[];
  /** Numbers of the rows of the test part. */
  readonly test: readonly number[];
}

const t0 = 1_600_000_000;
const users = 6;
const each = 30;
/** The last third is the test part; in it lie videos that nobody met before. */
const end = t0 + 200_000;

/** Events of six users; three of an instant are one request. */
function someEvents(): LoggedEvent[] {
  const { next, below } = random(11);
  const events: LoggedEvent[] = [];
  for (let user = 1; user <= users; user++) {
    for (let i = 0, first = 0; i < each; i++) {
      const time = t0 + Math.floor(i / 3) * 30_000 + user;
      const videos = time > end ? 50 : 40;
      if (i % 3 === 0) {
        first = below(videos);
      }
      const video = (first + (i % 3) * 13) % videos;
      const click = Number(next() < 0.4);
      events.push({ user, video, time, click, watch: click * below(100), request: `${user}/${Math.floor(i / 3)}` });
    }
  }
  return events;
}

/** @param model settings of the model @param seed of its start values */
export async function evaluated(model: Parameters<typeof videoModel>[0] = {}, seed = 1): Promise<Evaluated> {
  const folder = temporary();
  const events = someEvents();
  const lines = events.map(({ user, video, time, click, watch, request }, i) =>
    [user, video, time, click, watch, request, Math.floor(i / 3) % 24, i / 100, i % 10, 20 + user].join(),
  );
  const videos = Array.from({ length: 50 }, (_, video) =>
    JSON.stringify({
      video,
      category: video % 9,
      duration: video * 2,
      topics: [`t${video % 7}`],
      cover: [video / 50, 1, 0],
    }),
  );
  writeFiles(folder, {
    "events.csv": `user,video,time,click,watch,request,hour,recall,progress,age\n${lines.join("\n")}\n`,
    "items.jsonl": `${videos.join("\n")}\n`,
    "data.yaml":
      "events: {file: events.csv, user: user, item: video, time: time}\nitems: {file: items.jsonl, key: video}\n" +
      `columns: {predict.click: click, predict.watch: watch}\nsplit: {by: time, train: ..${end}, test: rest}\n`,
  });
  const dir = built(videoModel({ max: 40, ...model }), { seed });
  const binding = readBinding(join(folder, "data.yaml"));
  await buildTables({ dir, binding });
  const test = events.flatMap(({ time }, row) => (time > end ? [row] : []));
  return { folder, dir, binding, events, test };
}
