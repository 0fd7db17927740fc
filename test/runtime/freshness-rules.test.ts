// Whether a table may be used: fresh, stale or refused, and how old it may be.
import { describe, expect, it } from "vitest";
import { allow, freshness, metricsOf, parseDuration } from "../../runtime/table/freshness.ts";
import { smallBuild } from "../kit/small-model.ts";

const other = "ab".repeat(32);

describe("freshness", () => {
  const { manifest } = smallBuild();
  const made = (producer: string, metric: string) => ({
    madeAt: "2024-01-01T00:00:00.000Z",
    fingerprints: { producer: { video_keys: producer }, metric: { relevance: metric } },
  });
  const now = Date.parse("2024-01-01T00:10:00Z") / 1000;
  const { producer, metric } = manifest.fingerprints;

  it("follows the fingerprints", () => {
    expect(metricsOf(manifest, "video_keys")).toEqual(["relevance"]);
    const judge = (p: string, m: string) => freshness(manifest, "video_keys", made(p, m), now);
    expect(judge(producer.video_keys, metric.relevance)).toMatchObject({ state: "fresh", age: 600 });
    expect(judge(other, metric.relevance).state).toBe("stale");
    expect(judge(producer.video_keys, other).state).toBe("refused");
    const none = {
      madeAt: "2024-01-01T00:00:00Z",
      fingerprints: { producer: {}, metric: { relevance: metric.relevance } },
    };
    expect(freshness(manifest, "video_keys", none, now).state).toBe("refused");
  });

  it("depends on the metric of every part: of keys their own, of values that of their attention", () => {
    const [keys, values] = manifest.tables.video_keys.parts;
    expect([keys.of.kind, values.of.kind]).toEqual(["keys", "values"]);
    const of = (...parts: (typeof keys)[]) => ({
      ...manifest,
      tables: { video_keys: { ...manifest.tables.video_keys, parts } },
    });
    expect(metricsOf(of(values), "video_keys")).toEqual(["relevance"]);
    expect(metricsOf(of(keys), "video_keys")).toEqual(["relevance"]);
    const even = manifest.attends.map((attend) => ({ ...attend, by: { kind: "mean" as const } }));
    expect(metricsOf({ ...of(values), attends: even as typeof manifest.attends }, "video_keys")).toEqual([]);
    expect(() => metricsOf({ ...of(values), attends: manifest.attends.slice(1) }, "video_keys")).toThrow(
      /a table of small holds values of interest, an attention that its manifest does not have.*twin build/,
    );
  });

  it("refuses a table whose generation names no fingerprint of a metric that it was projected for", () => {
    const silent = { ...made(producer.video_keys, metric.relevance), fingerprints: { producer, metric: {} } };
    const found = freshness(manifest, "video_keys", silent, now);
    expect(found).toMatchObject({ state: "refused" });
    const short = metric.relevance.slice(0, 12);
    expect(found.because).toBe(`it was made for another metric: relevance (none) instead of ${short}`);
    expect(freshness(manifest, "video_keys", made(producer.video_keys, other), now).because).toBe(
      `it was made for another metric: relevance ${other.slice(0, 12)} instead of ${short}`,
    );
  });

  it("knows no age of a table that is dated in the future, and so allows it for none", () => {
    const at = (madeAt: string, p = other) =>
      freshness(manifest, "video_keys", { ...made(p, metric.relevance), madeAt }, now);
    // Clocks of two machines may stand a minute apart.
    expect(at("2024-01-01T00:11:00.000Z")).toMatchObject({ state: "stale", age: 0 });
    expect(() => allow(at("2024-01-01T00:11:00.000Z"), 1, "d")).not.toThrow();
    const ahead = at("2024-01-01T00:11:00.001Z");
    expect(ahead).toMatchObject({ state: "stale", age: Number.NaN });
    expect(() => allow(ahead, 1e12, "d")).toThrow(
      /table video_keys in d is stale: .* made at 2024-01-01T00:11:00.001Z, which is in the future.*twin table build d .*set the clock right/,
    );
    // Its age does not matter where it was made with these weights.
    expect(() => allow(at("2034-01-01T00:00:00.000Z", producer.video_keys), 0, "d")).not.toThrow();
  });

  it("allows a stale table up to its age, a refused one never", () => {
    const stale = freshness(manifest, "video_keys", made(other, metric.relevance), now);
    expect(() => allow(stale, 600, "d")).not.toThrow();
    expect(() => allow(stale, 599, "d")).toThrow(/stale.*600 s old and maxStaleness is 599 s.*twin table build d/);
    const refused = freshness(manifest, "video_keys", made(producer.video_keys, other), now);
    expect(() => allow(refused, 1e9, "d")).toThrow(/cannot be used.*another metric/);
    const old = freshness(manifest, "video_keys", made(other, metric.relevance), now + 0.25);
    expect(() => allow(old, 600, "d")).toThrow(/it is 601 s old and maxStaleness is 600 s/);
    const undated = { ...stale, age: Number.NaN };
    expect(() => allow(undated, 1e9, "d")).toThrow(/stale/);
  });

  it.each([
    [900, 900],
    ["15min", 900],
    ["90s", 90],
    ["1.5h", 5400],
    ["2d", 172800],
    [" 12.25min ", 735],
    [0, 0],
    ["0s", 0],
  ])("reads %j", (text, seconds) => {
    expect(parseDuration(text, "here")).toBe(seconds);
  });

  it.each([-1, "15", "1 week", "s", "1.s", ".5h", "x1s", "1sx", "1.x5h", Number.NaN])(
    "refuses %j as a duration",
    (text) => {
      expect(() => parseDuration(text, "here")).toThrow(/here.*no duration/);
    },
  );
});
