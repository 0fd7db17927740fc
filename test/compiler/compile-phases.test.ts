// A build is phases in a line: each shows its result, and nothing is lowered or emitted twice.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { smallSource } from "../kit/small-model.ts";

const counts = { lowered: 0, projectors: 0, metrics: 0, emitted: [] as string[] };
const counted = ["graphs/index.ts", "lower/projector.ts", "emit/emitter.ts"].map((name) => `../../compiler/${name}`);
let compiled: typeof import("../kit/small-model.ts").compiled;

vi.doMock("../../compiler/graphs/index.ts", async (original) => {
  const real = await original<typeof import("../../compiler/graphs/index.ts")>();
  return {
    ...real,
    lowerGraphs: (...args: Parameters<typeof real.lowerGraphs>) => {
      counts.lowered++;
      return real.lowerGraphs(...args);
    },
    metricValues: (...args: Parameters<typeof real.metricValues>) => {
      counts.metrics++;
      return real.metricValues(...args);
    },
  };
});
vi.doMock("../../compiler/lower/projector.ts", async (original) => {
  const real = await original<typeof import("../../compiler/lower/projector.ts")>();
  return {
    ...real,
    lowerProjector: (...args: Parameters<typeof real.lowerProjector>) => {
      counts.projectors++;
      return real.lowerProjector(...args);
    },
  };
});
vi.doMock("../../compiler/emit/emitter.ts", async (original) => {
  const real = await original<typeof import("../../compiler/emit/emitter.ts")>();
  return {
    ...real,
    emitNodes: (...args: Parameters<typeof real.emitNodes>) => {
      counts.emitted.push(args[0].name);
      return real.emitNodes(...args);
    },
  };
});

const names = (files: readonly { readonly path: string }[]) =>
  files.flatMap(({ path }) => (path.endsWith(".onnx") ? [path.replace(/^train\/|\.onnx$/g, "")] : []));

// Modules that other files have loaded are not counted, and those that are counted are no other file's.
beforeAll(async () => {
  vi.resetModules();
  ({ compiled } = await import("../kit/small-model.ts"));
});
afterAll(() => {
  for (const path of counted) {
    vi.doUnmock(path);
  }
  vi.resetModules();
});

afterEach(() => {
  Object.assign(counts, { lowered: 0, projectors: 0, metrics: 0, emitted: [] });
});

describe("a build", () => {
  it("shows what each phase made, in their order", () => {
    const shown: [string, string][] = [];
    compiled(smallSource, { tableInput: "uint8", show: (phase, text) => shown.push([phase, text]) });
    expect(shown.map(([phase]) => phase)).toEqual([
      "model",
      "parameters",
      "plan",
      "graph",
      "rewritten",
      "folded",
      "stored",
      "training",
      "fingerprints",
      "cost",
      "manifest",
    ]);
    expect(shown.filter(([, text]) => text.trim() === "")).toEqual([]);
  });

  it("lowers all graphs once, the projector once, and each metric once for its fingerprint", () => {
    compiled(smallSource);
    expect(counts).toMatchObject({ lowered: 1, projectors: 1, metrics: 1 });
  });

  it("lowers the projector again only where rows of its embeddings come from outside: that is another graph", () => {
    compiled(smallSource, { outside: "all" });
    expect(counts).toMatchObject({ lowered: 1, projectors: 2 });
  });

  it("emits every graph once", () => {
    const { files } = compiled(smallSource, { tableInput: "uint8" });
    expect(counts.emitted.toSorted()).toEqual(names(files).toSorted());
  });
});
