// The page of a run: complete in itself, with the log's figures in curves and table, and a script that draws them.
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { MetricsLine } from "../../../runtime/learn/metrics-line.ts";
import { chartLibrary } from "../../../runtime/train/page/chart-library.ts";
import { clientScript } from "../../../runtime/train/page/client.ts";
import { type Chart, thinned } from "../../../runtime/train/page/curves.ts";
import { renderRunPage } from "../../../runtime/train/page/run-page.ts";

/** A log of so many lines, evaluated at every tenth. */
function log(count: number): MetricsLine[] {
  return Array.from({ length: count }, (_, i) => ({
    step: 10 * (i + 1),
    epoch: (i + 1) / 20,
    samples: 1280 * (i + 1),
    seconds: 2 * (i + 1),
    loss: 0.7 - i / (2 * count),
    rate: 0.001,
    samples_per_second: 640,
    ...(i % 10 === 9 && {
      validation: {
        label: "click",
        rows: 500,
        auc: 0.5 + (i + 1) / (4 * count),
        gauc: null,
        logloss: 0.6 - i / (4 * count),
      },
    }),
  }));
}

const about = {
  model: "small",
  facts: [
    ["data", "data.yaml"],
    ["parameters", 1286705],
  ],
} as const;
const charts = (html: string): Chart[] =>
  JSON.parse(/<script type="application\/json" id="curves">(.*?)<\/script>/s.exec(html)![1]);

describe("the page", () => {
  const html = renderRunPage(log(40), about);

  it("needs nothing from elsewhere", () => {
    expect(html).toContain(chartLibrary().script);
    expect(html).toContain(chartLibrary().style);
    expect(
      [...html.matchAll(/\s(src|href)\s*=|@import|url\(|<link|fetch\(|import\(/g)].map(([found]) => found),
    ).toEqual([]);
  });
  it("has the log's values as curves", () => {
    const found = charts(html);
    expect(found.map(({ id }) => id)).toEqual(["loss", "auc", "logloss", "rate", "speed"]);
    expect(found[0].x).toHaveLength(40);
    expect(found[0].curves[0].y[0]).toBe(0.7);
    // GAUC is nowhere defined and has no curve.
    expect(found[1].curves.map(({ name }) => name)).toEqual(["AUC"]);
    expect(found[1].x).toEqual([100, 200, 300, 400]);
    for (const { id } of found) {
      expect(html).toContain(`<figure id="${id}">`);
    }
    expect(html).toContain('aria-label="validation AUC, by step; last: AUC 0.7500 at step 400"');
  });
  it("has the evaluations as a table, the best of them marked", () => {
    const rows = [...html.matchAll(/<tr( class="best")?><td>(\d+)<\/td>/g)].map(([, best, step]) => [
      step,
      best !== undefined,
    ]);
    expect(rows).toEqual([
      ["100", false],
      ["200", false],
      ["300", false],
      ["400", true],
    ]);
    expect(html).toContain("<noscript>");
    expect(html).toContain("<dd>1,286,705</dd>");
  });
  it("has a curve for each task where there are several", () => {
    const task = (label: string, auc: number) => ({ label, kind: "binary", auc, gauc: 0.6, logloss: 0.5 });
    const lines = log(1).map((line) => ({
      ...line,
      validation: task("click", 0.7),
      tasks: [task("click", 0.7), task("like", 0.8)],
    }));
    const [, auc] = charts(renderRunPage(lines, about));
    expect(auc.curves).toEqual([
      { name: "click AUC", y: [0.7] },
      { name: "click GAUC", y: [0.6] },
      { name: "like AUC", y: [0.8] },
      { name: "like GAUC", y: [0.6] },
    ]);
  });
  it("is whole before the first step, and shows the last values before the first evaluation", () => {
    expect(renderRunPage([], about)).toContain("No step was logged yet");
    expect(charts(renderRunPage([], about))).toEqual([]);
    const early = renderRunPage(log(3), about);
    expect(early).toContain("<h2>Last values</h2>");
    expect(early.match(/<tr><td>/g)).toHaveLength(1);
  });
  it("cannot be broken by names", () => {
    const label = "</script><img onerror=x>";
    const lines = log(10).map((line) => ({ ...line, tasks: [{ label, auc: 0.5 }] }));
    const hostile = renderRunPage(lines, { model: label, facts: [["<b>", '"&']] });
    expect(hostile).not.toContain("<img");
    expect(hostile).toContain("&lt;b&gt;");
    expect(hostile.match(/<\/script>/g)).toHaveLength(3);
    expect(charts(hostile)[1].curves[0].name).toBe(`${label} AUC`);
  });
});

it("long logs are thinned to means that keep the last step", () => {
  const lines = log(10_007);
  const few = thinned(lines, 100);
  expect(few.length).toBeLessThanOrEqual(100);
  expect(few.at(-1)!.step).toBe(lines.at(-1)!.step);
  const first = lines.slice(0, 101).map(({ loss }) => loss!);
  expect(few[0].loss).toBeCloseTo(first.reduce((sum, loss) => sum + loss, 0) / 101, 12);
  expect(thinned(log(5), 100)).toEqual(log(5));
  expect(renderRunPage(lines, about).length).toBeLessThan(600_000);
});

it("the script draws every chart, and again in other colours", () => {
  const listeners = new Map<string, (event?: unknown) => void>();
  const drawn: { options: { series: { label: string }[]; width: number }; data: unknown[]; destroyed: boolean }[] = [];
  class Plot {
    root = { parentElement: { clientWidth: 300 } };
    readonly #own: (typeof drawn)[number];
    constructor(options: (typeof drawn)[number]["options"], data: unknown[]) {
      this.#own = { options, data, destroyed: false };
      drawn.push(this.#own);
    }
    setSize({ width }: { width: number }): void {
      this.#own.options.width = width;
    }
    destroy(): void {
      this.#own.destroyed = true;
    }
  }
  const listen = (name: string, listener: () => void) => listeners.set(name, listener);
  const curves = JSON.stringify(charts(renderRunPage(log(40), about)));
  const classes = new Set<string>();
  runInNewContext(clientScript, {
    document: {
      getElementById: () => ({ textContent: curves }),
      querySelector: () => ({ clientWidth: 640 }),
      documentElement: {
        classList: { toggle: (name: string, on: boolean) => (on ? classes.add(name) : classes.delete(name)) },
      },
    },
    getComputedStyle: () => ({ getPropertyValue: (name: string) => ` ${name}` }),
    matchMedia: () => ({ addEventListener: (_: string, listener: () => void) => listen("scheme", listener) }),
    addEventListener: listen,
    uPlot: Plot,
  });
  expect(drawn).toHaveLength(5);
  expect(drawn[1].options.series.map(({ label }) => label)).toEqual(["step", "AUC"]);
  expect(drawn[1].data[0]).toEqual([100, 200, 300, 400]);
  listeners.get("resize")!();
  expect(drawn.map(({ options }) => options.width)).toEqual([300, 300, 300, 300, 300]);
  listeners.get("scheme")!();
  expect(drawn.filter(({ destroyed }) => destroyed)).toHaveLength(5);
  listeners.get("beforeprint")!();
  expect([...classes]).toEqual(["printed"]);
  listeners.get("afterprint")!();
  expect(classes.size).toBe(0);
  expect(drawn).toHaveLength(20);
});
