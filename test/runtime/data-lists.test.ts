// Samples that bring their histories as lists are what the same events are: batches, requests, and what is said of bad lists.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Binding } from "../../runtime/data/binding.ts";
import { openDataset } from "../../runtime/data/prepare/open.ts";
import { readHistories, type SampleRequest } from "../../runtime/data/samples.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import type { Batch, Part } from "../../runtime/learn/dataset.ts";
import { built, cleanUp } from "../kit/built-twin.ts";
import { videoModel } from "../kit/data-files.ts";
import { anyEvent, type LogEvent, prepared, t0 } from "../kit/prepared.ts";
import { bothBindings, listForms, type SampleForm } from "../kit/sample-files.ts";

afterAll(cleanUp);
/** With gaps between the behaviours, by edges in that form. */
const gapped = (text: string, edges: string): string =>
  text.replace(
    "    ago: ",
    `    gap: gap(on: item.category, at: ${edges}, dim: 2)\n    topic: gap(on: item.topics, at: ${edges}, dim: 2)\n    rest: gap(at: ${edges}, dim: 2)\n    ago: `,
  );
const twoHashes = videoModel({ max: 5, key: "hashed(buckets: 50, hashes: 2, dim: 4, key: true)" });
const manifest = readManifest(built(gapped(twoHashes, "[10s, 2h]")));
const parts: readonly Part[] = ["training", "validation", "test"];

/** The log has ones and zeros of a user of its own, so that it can be trained on whatever else is in it. */
const sound = (events: readonly LogEvent[]): LogEvent[] => [
  ...Array.from({ length: 10 }, (_, i) => ({
    user: 9,
    video: 1 + (i % 3),
    time: t0 + i,
    session: null,
    kept: true,
    click: i % 2 === 0,
  })),
  ...events,
];

const anyForm = fc.record({
  form: fc.constantFrom(...listForms),
  newest: fc.constantFrom("last" as const, "first" as const),
  padding: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
});

async function batches(binding: Binding, memory = 1e9, model = manifest): Promise<Batch[]> {
  const { folder } = await prepared(binding, model, { every: 7 });
  const dataset = await openDataset(folder, { memory });
  const all = parts.map((part) =>
    dataset.batch(
      part,
      Uint32Array.from({ length: dataset.count(part) }, (_, i) => i),
      { watched: 4 },
    ),
  );
  dataset.close();
  return all;
}

describe("samples with lists", () => {
  it("make the same batches as the events that they were made of, in every form", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { minLength: 1, maxLength: 30 }),
        anyForm,
        fc.boolean(),
        async (events, form, inMemory) => {
          const split = "split: {by: share, train: 60%, validation: 20%, test: rest}";
          const { log, samples } = await bothBindings(sound(events), form as SampleForm, { more: split });
          const due = await batches(log);
          const found = await batches(samples, inMemory ? 1e9 : 0);
          expect(found).toEqual(due);
        },
      ),
      { numRuns: 12 },
    );
  });

  it("without times make the same batches as events in an order: a step is a place in the list", async () => {
    const steps = readManifest(built(gapped(videoModel({ max: 5 }).replace("[1h, 1d]", "[2, 4]"), "[2, 3]")));
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { minLength: 1, maxLength: 40 }), anyForm, async (events, form) => {
        const at = new Map<number, number>();
        const placed = sound(events).map((event) => {
          const time = at.get(event.user) ?? 0;
          at.set(event.user, time + 1);
          return { ...event, time };
        });
        const split = "split: {holdout: users, train: 100%, test: rest}";
        const { log, samples } = await bothBindings(placed, form as SampleForm, { more: split, timed: false });
        const due = await batches(log, 1e9, steps);
        const ago = due[0].histories.watched.cross["watched.ago"];
        expect(new Set(ago).size).toBeGreaterThan(1);
        expect(new Set(due[0].histories.watched.cross["watched.gap"]).size).toBeGreaterThan(1);
        expect(await batches(samples, 1e9, steps)).toEqual(due);
      }),
      { numRuns: 8 },
    );
  });

  it("make the same requests as the events", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { minLength: 1, maxLength: 30 }), anyForm, async (events, form) => {
        const { log, samples } = await bothBindings(sound(events), form as SampleForm);
        expect(await requests(samples)).toEqual(await requests(log));
      }),
      { numRuns: 10 },
    );
  });
});

async function requests(binding: Binding) {
  const all = [];
  for await (const { user, events, requests: own } of readHistories(binding, manifest)) {
    all.push({ user, events, requests: [...own].map(plain) });
  }
  return all;
}

/** A number that is missing is NaN in one and null in the other, and both encode alike. */
function plain(request: SampleRequest) {
  const { watched } = request.history;
  const progress = Array.from(watched.progress as ArrayLike<number | null>, (value) => value ?? Number.NaN);
  const item = Array.from(watched.item as ArrayLike<bigint>);
  return { ...request, history: { item, progress, time: Array.from(watched.time) } };
}
