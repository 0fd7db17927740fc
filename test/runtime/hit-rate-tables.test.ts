// Hit rates where a table is read by an attend alone, and the search goes by another metric, by graphs and by the kernel.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../contract/manifest.ts";
import { hitRateReport } from "../../runtime/evaluate/hit-rate-report.ts";
import type { RankedRequest } from "../../runtime/hit-rate/index.ts";
import { LocalTwin } from "../../runtime/serve/index.ts";
import { buildInto, cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { rawItems, rawRequest } from "../kit/raw-request.ts";

afterAll(cleanUp);

const source = `model two

item {
  song: id(vocab: 200, dim: 4, key: true)
  mood: id(vocab: 9, dim: 4)
}

history heard {
  of:  item
  max: 60
}

metric relevance { query: item keys: heard.item heads: 2 dim: 4 }
metric other { query: [item.song, item.mood] keys: [heard.item.song, heard.item.mood] dim: 8 embeddings: own(dim: 4) }

search nearest { from: heard by: other keep: 8 }
attend interest { over: nearest by: other value: product }
attend recent { over: heard.last(10) by: relevance }

tower ranking {
  input:  [interest, recent, item]
  hidden: [8]
  predict { click: binary }
}

table song_keys { of: relevance.keys precision: float16 }
`;

describe.each(["graph", "kernel"] as const)("by the plan %s", (plan) => {
  it("are those of every kind of table, and all of what the oracle keeps", async () => {
    const dir = buildInto(join(temporary(), "build"), source);
    const manifest: Manifest = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
    const items = rawItems(manifest, 120, false);
    await writeTables(dir, items.keys, items.columns, { covered: 80 });
    const twin = await LocalTwin.open(dir, { plan, threads: 1 });
    try {
      const requests = [1, 2, 3].map((seed) => {
        const { history, candidates } = rawRequest(manifest, items, { seed, behaviours: 40, candidates: 4 }) as never;
        return { prepare: { history }, rank: { candidates } } as RankedRequest;
      });
      const found = await hitRateReport(twin, requests, { edges: null });
      expect(found.length).toBeGreaterThan(3);
      for (const { tables, notMeasured, curves } of found) {
        expect([tables, notMeasured, curves?.[0].hits]).toEqual([tables, null, curves?.[0].wanted]);
        expect(curves?.[0].wanted).toBe(3 * 4 * 8);
      }
    } finally {
      await twin.close();
    }
  });
});
