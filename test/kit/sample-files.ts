// An event log written once more as samples that bring their own histories, in whatever form such files have.
import { join } from "node:path";
import { type Binding, parseBinding } from "../../runtime/data/binding.ts";
import { temporary } from "./built-twin.ts";
import { writeFiles } from "./data-files.ts";
import { Database } from "./database.ts";
import { type LogEvent, videos } from "./prepared.ts";

/** How lists are written. */
export type ListForm = "bigint" | "text" | "separated" | "brackets" | "json" | "float";
export const listForms: readonly ListForm[] = ["bigint", "text", "separated", "brackets", "json", "float"];

export interface SampleForm {
  readonly form: ListForm;
  readonly newest: "last" | "first";
  /** Zeros that stand behind a list's end, or ahead of it. */
  readonly padding?: number;
}

const progressOf = (row: number): number | null => (row % 4 === 3 ? null : (row % 10) / 10);

/** Files of `logBinding`'s events: the log, items and users. */
function filesOf(events: readonly LogEvent[]): Record<string, string> {
  const lines = events.map(({ user, video, time, click }, row) =>
    [user, video, time, progressOf(row) ?? "", click ?? "", row % 3, row / 10].join(),
  );
  const items = Array.from({ length: videos }, (_, i) =>
    JSON.stringify({
      video: i + 1,
      category: i === 3 ? null : i % 12,
      duration: i * 15,
      topics: i === 2 ? null : Array.from({ length: i % 5 }, (_, t) => `t${t * i}`),
      cover: i === 5 ? null : [i, i / 2, -i],
    }),
  );
  return {
    "events.csv": `user,video,time,progress,click,hour,recall\n${lines.join("\n")}\n`,
    "items.jsonl": `${items.join("\n")}\n`,
    "users.csv": "user,age\n1,17\n2,30\n9,50\n",
  };
}

interface Row {
  readonly event: LogEvent;
  readonly row: number;
  /** Rows of the log, in the order in which the list has them; −1 is padding. */
  readonly past: readonly number[];
}

function rowsOf(events: readonly LogEvent[], { newest, padding = 0 }: SampleForm): Row[] {
  return events.map((event, row) => {
    const past = events
      .map((other, i) => ({ other, i }))
      .filter(({ other }) => other.user === event.user && other.time < event.time)
      .sort((a, b) => b.other.time - a.other.time || b.i - a.i)
      .map(({ i }) => i);
    const ordered = newest === "first" ? past : past.toReversed();
    return { event, row, past: [...ordered, ...new Array<number>(padding).fill(-1)] };
  });
}

const types: Readonly<Record<string, string>> = { bigint: "BIGINT[]", float: "DOUBLE[]", text: "VARCHAR[]" };

function lists(events: readonly LogEvent[], { past }: Row) {
  const pick = <T>(of: (event: LogEvent, row: number) => T, none: T): T[] =>
    past.map((i) => (i < 0 ? none : of(events[i], i)));
  return {
    seq: pick<number>(({ video }) => video, 0),
    times: pick<number>(({ time }) => time, 0),
    progresses: pick<number | null>((_, i) => progressOf(i), null),
  };
}

async function write(
  folder: string,
  events: readonly LogEvent[],
  rows: readonly Row[],
  form: ListForm,
): Promise<string> {
  const plain = ({ event: { user, video, time, click }, row }: Row) => ({
    user,
    video,
    time,
    click,
    hour: row % 3,
    recall: row / 10,
  });
  if (form === "separated" || form === "brackets") {
    const text = (values: readonly unknown[]): string => {
      const cells = values.map((value) => (value === null ? (form === "brackets" ? "null" : "") : String(value)));
      return form === "brackets" ? `[${cells.join(", ")}]` : cells.join("|");
    };
    const lines = rows.map((row) => {
      const { seq, times, progresses } = lists(events, row);
      const cells = [seq, times, progresses].map((list) => `"${text(list)}"`);
      return [...Object.values(plain(row)).map((value) => value ?? ""), ...cells].join();
    });
    writeFiles(folder, {
      "samples.csv": `user,video,time,click,hour,recall,seq,times,progresses\n${lines.join("\n")}\n`,
    });
    return "samples.csv";
  }
  const objects = rows.map((row) => JSON.stringify({ ...plain(row), ...lists(events, row) }));
  writeFiles(folder, { "samples.jsonl": `${objects.join("\n")}\n` });
  if (form === "json") {
    return "samples.jsonl";
  }
  const database = await Database.open();
  try {
    const columns = `{user: 'BIGINT', video: 'BIGINT', time: 'BIGINT', click: 'BOOLEAN', hour: 'BIGINT', recall: 'DOUBLE', seq: '${types[form]}', times: 'DOUBLE[]', progresses: 'DOUBLE[]'}`;
    await database.all(
      `COPY (SELECT * FROM read_json('${folder}/samples.jsonl', format = 'newline_delimited', columns = ${columns})) TO '${folder}/samples.parquet' (FORMAT parquet)`,
    );
  } finally {
    database.close();
  }
  return "samples.parquet";
}

const tail = (more: string): string => `items: {file: items.jsonl, key: video}
users: {file: users.csv, key: user}
columns: {predict.click: click}
${more}
`;

/**
 * The log as events, and as samples; `more` is YAML at the top level.
 * @param timed without, the samples have no times, and the log's are steps: the n-th event of a user, from 0, must be at n
 */
export async function bothBindings(
  events: readonly LogEvent[],
  form: SampleForm,
  { more = "", timed = true }: { readonly more?: string; readonly timed?: boolean } = {},
): Promise<{ readonly log: Binding; readonly samples: Binding }> {
  const folder = temporary();
  writeFiles(folder, filesOf(events));
  const file = await write(folder, events, rowsOf(events, form), form.form);
  const by = form.form === "separated" ? `, by: "|"` : "";
  const times = timed ? ", time: times" : "";
  const padding = form.padding === undefined ? "" : ", padding: 0";
  const samples = `samples:
  file: ${file}
  user: user
  item: video
  ${timed ? "time: time" : ""}
  histories:
    watched: {item: seq${by}, newest: ${form.newest}${padding}${times}, columns: {watched.progress: progresses}}
`;
  const texts = {
    "data.yaml": `events: {file: events.csv, user: user, item: video, ${timed ? "time" : "order"}: time}\n${tail(more)}`,
    "samples.yaml": `${samples}${tail(more)}`,
  };
  writeFiles(folder, texts);
  const [log, listed] = Object.entries(texts).map(([name, text]) => parseBinding(text, join(folder, name)));
  return { log, samples: listed };
}
