// What serving a model takes, as a text: every figure with where it comes from.
import { bytesText, countText, durationText } from "../../compiler/diagnostics/number-text.ts";
import { aligned } from "../../contract/width.ts";
import type { CapacityReport, Servers } from "../../runtime/capacity/index.ts";
import { mostKeys } from "../../runtime/table/key-index-build.ts";

/** `3.00 G`, `300 k`: three digits. */
function manyText(value: number): string {
  const units = ["", "k", "M", "G", "T", "P"];
  let [power, rest] = [0, value];
  while (rest >= 999.5 && power < units.length - 1) {
    rest /= 1000;
    power++;
  }
  const digits = Number(rest.toPrecision(3));
  return `${digits}${units[power] === "" ? "" : ` ${units[power]}`}`;
}

const bits = (bytesPerSecond: number): string =>
  `${manyText(8 * bytesPerSecond)}${bytesPerSecond < 125 ? " " : ""}bit/s`;
const cores = (count: number): string =>
  count < 10 ? String(Number(count.toPrecision(2))) : countText(Math.ceil(count));
const right = (column: number): boolean => column > 0;

export function capacityText(report: CapacityReport): string {
  const { question, requestsPerSecond, perRequest } = report;
  const { candidatesPerSecond, candidates } = question;
  return [
    `model ${report.model}: ${manyText(question.items)} items, ${manyText(candidatesPerSecond)} candidates a second, ${countText(candidates)} a request: ${manyText(requestsPerSecond)} requests a second`,
    `a request asks for ${keysText(perRequest.user)} of the user, ${keysText(perRequest.candidates)} of the candidates: ${bytesText(perRequest.bytes)}`,
    "",
    ...rowLines(report),
    "",
    ...wayLines(report),
    "",
    ...workLines(report),
    "",
    "assumed",
    ...assumed(report),
  ].join("\n");
}

const keysText = (keys: Readonly<Record<string, number>>): string =>
  Object.entries(keys)
    .map(([name, count]) => `${countText(count)} of ${name}`)
    .join(" and ") || "nothing";

function rowLines({ rows, index, whole }: CapacityReport): string[] {
  const lines = rows.map(({ name, precision, chosen, row, file, redisKey, redis }) => [
    `${name}${precision === null ? "" : `, ${precision}`}${chosen ? " *" : ""}`,
    `${row}`,
    bytesText(file),
    `${Number(redisKey.toPrecision(4))}`,
    bytesText(Math.round(redis)),
  ]);
  return [
    ...aligned([["rows", "bytes a row", "in files", "bytes a key in a Redis", "in a Redis"], ...lines], right),
    ...(index.parts === 1
      ? []
      : [`in files: ${countText(index.parts)} folders at least, for one index holds ${countText(mostKeys)} keys`]),
    `* as the model says: ${bytesText(whole.file)} in files, an index of any keys with them (${bytesText(index.sparse)}; of whole numbers without gaps ${bytesText(index.dense)}), ${bytesText(Math.round(whole.redis))} in a Redis`,
  ];
}

const serversText = ({ memory, keys, network, due }: Servers): string =>
  due === 0
    ? "none"
    : `${countText(due)} (memory ${countText(memory)}, keys ${countText(keys)}, network ${countText(network)})`;

function wayLines({ ways }: CapacityReport): string[] {
  const lines = ways.map(({ keysPerSecond, bytesPerSecond, servers, instead, writes }, i) => [
    `${i + 1}`,
    manyText(keysPerSecond),
    bits(bytesPerSecond),
    serversText(servers),
    instead.bytes === 0 ? "" : `${bytesText(Math.round(instead.bytes))} ${instead.where}`,
    writes === 0 ? "" : `${bytesText(Math.round(writes))}/s`,
  ]);
  return [
    ...aligned(
      [["way", "keys a second", "answers", "servers of the store", "instead", "a refresh writes there"], ...lines],
      (column) => column === 1 || column === 2,
    ),
    ...ways.map(({ way }, i) => `${i + 1}: ${way}`),
  ];
}

function workLines({ refresh, cores: ranking, question: { timed } }: CapacityReport): string[] {
  const lines: string[] = [];
  if (refresh === null) {
    lines.push("refresh: none is asked for, and no table names one");
  } else {
    const { seconds, rowsPerSecond, bytesPerSecond, cores: projecting } = refresh;
    lines.push(
      `refresh: every row in ${durationText(seconds)}: ${manyText(rowsPerSecond)} rows a second, ${bytesText(Math.round(bytesPerSecond))}/s into the store${projecting === null ? "" : `, ${cores(projecting)} cores that project`}`,
    );
  }
  lines.push(
    ranking === null || timed === null
      ? "cores that rank: not measured"
      : `cores that rank: ${cores(ranking)}, at ${Number(timed.requestMilliseconds.toPrecision(3))} ms of one a request`,
  );
  return lines;
}

/** What stands behind the figures, and who said so. */
function assumed({ question }: CapacityReport): string[] {
  const { server, skew, timed, history, session } = question;
  const copies = `${countText(server.copies)} ${server.copies === 1 ? "copy" : "copies"}`;
  const measured =
    timed === null
      ? "nothing was measured"
      : `the graphs that rank and the projector, by one thread, made-up inputs: ${timed.processor}; encoding, stores and the network are not in it`;
  return aligned([
    [
      "  histories",
      history === null ? "as long as each may be (max)" : `${countText(history)} behaviours, or max where that is less`,
    ],
    [
      "  a server",
      `${bytesText(server.memory)}, filled to ${Number((100 * server.fill).toPrecision(3))} %, ${copies} of each row (--server-memory, --server-fill, --copies)`,
    ],
    [
      "",
      `${manyText(server.keysPerSecond)} keys a second of one process (--server-keys). A Redis 7.0 took 1.84 to 2.02 µs of its core`,
    ],
    ["", "for a key, by MGETs of 10 to 1,000 random ones of a million with 128 bytes (AMD EPYC)"],
    [
      "  a key",
      `${server.keyLength} characters (--key-length); in a Redis as its allocator rounds them, which a test holds against used_memory`,
    ],
    ["  asked for", skew === 0 ? "all items alike (--skew)" : `by Zipf's law, exponent ${skew} (--skew)`],
    ["  a session", `${countText(session)} requests (--session)`],
    ["  answers", "values alone, without what a protocol adds"],
    ["  measured", measured],
  ]);
}
