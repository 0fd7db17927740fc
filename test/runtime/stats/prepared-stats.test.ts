// The statistics of prepared samples are those that a request with the same past gets for the same candidate.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { isStat } from "../../../contract/encoder-spec.ts";
import type { Binding } from "../../../runtime/data/binding.ts";
import { openDataset } from "../../../runtime/data/prepare/open.ts";
import { readHistories, type SampleRequest } from "../../../runtime/data/samples.ts";
import type { Encoded } from "../../../runtime/encode/encoded.ts";
import type { Part } from "../../../runtime/learn/dataset.ts";
import { HistorySide, readKnownAt } from "../../../runtime/request/history.ts";
import { SideStats, statsTaken } from "../../../runtime/request/stats.ts";
import { openArtefacts } from "../../../runtime/serve/artefacts.ts";
import { ItemColumns } from "../../../runtime/table/item-columns.ts";
import { built, cleanUp } from "../../kit/built-twin.ts";
import { videoModel } from "../../kit/data-files.ts";
import { long } from "../../kit/effort.ts";
import { anyEvent, type LogEvent, logBinding, prepared, t0 } from "../../kit/prepared.ts";

afterAll(cleanUp);

const stats = `
  stats {
    seen: met(on: item.category)
    all: met()
    by_topic: met(on: item.topics)
    rate: rate(on: item.topics, of: watched.kept, k: 5, base: 0.4)
    own: rate(of: watched.session)
    hot: recent(on: item.category, of: watched.kept, half: 2, base: 0.4)
    week: recent(on: item.video, of: watched.kept, half: 1h)
    last: last(on: item.category, of: watched.progress, dim: 2)
    number: last(of: watched.session)
    gap: since(on: item.topics, at: [1min, 1h, 2h], dim: 2)
    place: since(on: item.category, at: [2, 3, 5], dim: 2)
  }
`;
const model = videoModel({ max: 5, key: "hashed(buckets: 50, hashes: 2, dim: 4, key: true)" })
  .replace("    ago: ", "    kept: flag(dim: 2)\n    session: number\n    ago: ")
  .replace("\n  }\n}\n\nmetric", `\n  }\n${stats}}\n\nmetric`)
  .replace("context, candidate]", "context, candidate, watched.stats]");
const dir = built(model);
const artefacts = await openArtefacts(dir, () => undefined);
const { manifest } = artefacts;
const [spec] = manifest.histories;
const counted = manifest.features.filter(({ encoder }) => isStat(encoder));

/** What the items file says, by key; see `logBinding`. */
const items = (keys: ArrayLike<unknown>) => {
  const known = Array.from(keys, Number).map((key) => (key >= 1 && key <= 8 ? key - 1 : null));
  return {
    category: known.map((i) => (i === null || i === 3 ? null : i % 12)),
    topics: known.map((i) => (i === null || i === 2 ? null : Array.from({ length: i % 5 }, (_, t) => `t${t * i}`))),
    // Items that the file does not have are no items.
    video: Array.from(keys, (key, i) => (known[i] === null ? null : key)),
  };
};

/** The statistics of a request's candidate, as a server has them. */
async function served(request: SampleRequest, index: number): Promise<Record<string, number>> {
  const context = artefacts.context("history watched", request.time);
  const columns = request.history.watched as unknown as Record<string, ArrayLike<unknown>>;
  const keys = columns.item as BigInt64Array;
  const knownAt = readKnownAt(manifest, spec, columns as never, keys.length);
  const brought = { keys, rowKeys: null, store: null, inline: items(keys), context };
  const side = new HistorySide(spec, columns as never, brought, columns.time as Float64Array, context, { knownAt });
  const [taken] = statsTaken(manifest, artefacts.inputs);
  await side.items.fetch(taken.on);
  const stats = new SideStats(artefacts, new Map([["watched", side]]), request.time);
  const candidate = [(request.candidates.item as BigInt64Array)[index]];
  const own = { keys: candidate, rowKeys: null, store: null, inline: items(candidate), context };
  const candidates = { items: new ItemColumns(own) } as never;
  await (candidates as { items: ItemColumns }).items.fetch(taken.on);
  return Object.fromEntries(counted.map((one) => [one.name, (stats.column(one, candidates, 0, 1).data as Encoded)[0]]));
}

const parts: readonly Part[] = ["training", "validation", "test"];
const exact = new Set(["met", "last", "since"]);

async function compare(binding: Binding, memory: number): Promise<number> {
  const { folder } = await prepared(binding, manifest, { every: 7 });
  const dataset = await openDataset(folder, { memory });
  const requests = new Map<number, { request: SampleRequest; index: number }>();
  for await (const user of readHistories(binding, manifest, { samples: "labelled" })) {
    for (const request of user.requests) {
      for (const [index, row] of request.rows.entries()) {
        requests.set(row, { request, index });
      }
    }
  }
  let samples = 0;
  for (const part of parts) {
    const all = Uint32Array.from({ length: dataset.count(part) }, (_, i) => i);
    const { single, row, rows } = dataset.batch(part, all, {});
    for (let i = 0; i < rows; i++) {
      const { request, index } = requests.get(row[i])!;
      const due = await served(request, index);
      for (const { name, encoder } of counted) {
        const place = `${name} of row ${row[i]}`;
        if (exact.has(encoder.kind)) {
          expect(single[name][i], place).toBe(due[name]);
        } else {
          expect(Math.abs(single[name][i] - due[name]), place).toBeLessThan(1e-6 * Math.max(1, Math.abs(due[name])));
        }
      }
    }
    samples += rows;
  }
  dataset.close();
  return samples;
}

/** The log has a 1 and a 0 at its beginning, so that it can be trained on whatever else is in it. */
const sound = (events: readonly LogEvent[]): LogEvent[] => [
  ...[true, false].map((click) => ({ user: 1, video: 1, time: t0 - 1, session: null, kept: true, click })),
  ...events,
];

describe("statistics of prepared samples", () => {
  it("are those of a request with the same past", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { minLength: 2, maxLength: 40 }),
        fc.integer({ min: 0, max: 8000 }),
        fc.record({ where: fc.boolean(), exclude: fc.boolean(), inMemory: fc.boolean(), late: fc.boolean() }),
        async (events, delay, { where, exclude, inMemory, late }) => {
          const history = `{delay: ${delay}s${where ? ", where: kept" : ""}${exclude ? ", exclude_same: session" : ""}}`;
          const known = late ? ", watched.kept: {column: kept, known_at: progress_at}" : "";
          const binding = logBinding(sound(events), history, `columns: {predict.click: click${known}}\n`);
          expect(await compare(binding, inMemory ? 1e9 : 0)).toBeGreaterThan(0);
        },
      ),
      { numRuns: long ? 150 : 10 },
    );
  });
});
