// What is known to go wrong on ONNX Runtime's web builds, and that our graphs and our tests go around it.
import { describe, expect, it } from "vitest";
import { builder } from "../../compiler/ir/build.ts";
import { evaluate } from "../../compiler/ir/evaluate.ts";
import { isWalk } from "../../runtime/metrics/tied-lists.ts";
import { useBrowser } from "../kit/browser.ts";
import { graphOf } from "../kit/graph-of.ts";
import { needs } from "../kit/needs.ts";
import { bytesOf } from "../kit/onnx.ts";
import { mostRetries, type OrtPages, ortPages } from "../kit/ort-pages.ts";

const [heads, rows, keep] = [2, 3, 8];

/** Selections over scores [heads, rows, length]. */
const selections = () => {
  const b = builder("relevance/search");
  const scores = b.input("scores", "float32", [heads, "candidates", "history"]);
  const positions = b.input("positions", "float32", ["history"]);
  return graphOf({ kept: b.roundRobin(scores, positions, keep), top: b.topPositions(scores, positions, keep) });
};

const feedsOf = (length: number, score: (index: number) => number) => ({
  scores: {
    shape: [heads, rows, length],
    data: Array.from({ length: heads * rows * length }, (_, i) => Math.fround(score(i))),
  },
  positions: { shape: [length], data: Array.from({ length }, (_, i) => i) },
});

async function selected(pages: OrtPages, provider: "wasm" | "webgpu", feeds: ReturnType<typeof feedsOf>) {
  (await pages.site()).set("/select.onnx", bytesOf(selections()));
  const typed = Object.fromEntries(
    Object.entries(feeds).map(([name, feed]) => [name, { dtype: "F32" as const, ...feed }]),
  );
  const asked = { url: "/select.onnx", feeds: typed, provider, threads: 1 };
  return pages.inPage((page) => page.evaluate((given) => globalThis.graphs.runModel(given), asked));
}

const none = (): never => {
  throw new Error("there are no parameters");
};

describe("in a browser", needs("browser webgpu"), () => {
  const browser = useBrowser();
  const on = { wasm: ortPages(browser, "wasm"), webgpu: ortPages(browser, "webgpu") };
  const both = ["wasm", "webgpu"] as const;

  it.each(both)("what is masked is named by a place of its own, never by −1, on %s", async (provider) => {
    const length = 12;
    for (const valid of [0, 1, keep - 1, keep, length]) {
      const feeds = feedsOf(length, (i) => (i % length < valid ? ((i * 7) % 11) / 4 : -1e30));
      const { kept, top } = await selected(on[provider], provider, feeds);
      for (const { data } of [kept, top]) {
        expect(data.every((place) => Number.isInteger(place) && place >= 0 && place < length)).toBe(true);
      }
      for (let row = 0; row < rows; row++) {
        const lists = Array.from({ length: heads }, (_, head) => {
          const start = (head * rows + row) * length;
          return feeds.scores.data.slice(start, start + length);
        });
        const found = kept.data.slice(row * keep, row * keep + Math.min(keep, valid));
        expect(isWalk(lists, found)).toBe(true);
      }
    }
  });

  it.each(both)(
    "runs that are asked for at once are queued, on two sessions of one device, on %s",
    async (provider) => {
      const n = 8;
      const b = builder("square");
      const x = b.input("x", "float32", [n, n]);
      (await on[provider].site()).set("/square.onnx", bytesOf(graphOf({ y: b.matmul(x, x) })));
      const inputs = Array.from({ length: 12 }, (_, run) =>
        Array.from({ length: n * n }, (_, i) => ((i * 5 + run) % 7) - 3),
      );
      const feeds = { x: { dtype: "F32" as const, shape: [n, n], data: [] } };
      const asked = { url: "/square.onnx", feeds, provider, threads: 1 };
      const found = await on[provider].inPage((page) =>
        page.evaluate(([given, all]) => globalThis.graphs.runTogether(given, all), [asked, inputs] as const),
      );
      const square = (data: readonly number[]) =>
        data.map((_, at) => {
          const [row, column] = [Math.floor(at / n), at % n];
          return data.slice(0, n).reduce((sum, _one, k) => sum + data[row * n + k] * data[k * n + column], 0);
        });
      expect(found).toEqual(inputs.map(square));
    },
  );

  it("ties are given lower index first on WASM, on rows of any length", async () => {
    for (const length of [16, 257, 5000]) {
      const feeds = feedsOf(length, (i) => (i % length) % 2);
      const { kept, top } = await selected(on.wasm, "wasm", feeds);
      const wanted = evaluate(selections(), feeds, none);
      expect([kept.data, top.data]).toEqual([Array.from(wanted.kept.data), Array.from(wanted.top.data)]);
    }
  });

  it("a run that stalls is tried again in a fresh page, and too many fail", async () => {
    const hasty = ortPages(browser, "wasm", { patience: 2000 });
    let tries = 0;
    const seen = await hasty.inPage(async (page) => {
      tries++;
      if (tries === 1) {
        await page.evaluate(() => {
          Object.assign(globalThis, { stale: true });
        });
        await new Promise(() => undefined);
      }
      return page.evaluate(() => "stale" in globalThis);
    });
    expect([seen, tries, hasty.retries()]).toEqual([false, 2, 1]);
    await expect(hasty.inPage(() => new Promise(() => undefined))).rejects.toThrow(
      `${mostRetries + 1} runs on wasm gave no answer within 2 s each`,
    );
  });
});
