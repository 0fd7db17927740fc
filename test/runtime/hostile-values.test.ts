// Values of the wrong kind are refused by the host, and those out of range are rows of the model's, before any graph runs: for
// every kind of feature at every place of a request, in Node and as a page has the folder.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import {
  type Engine,
  KernelUse,
  prepareSide,
  rankCandidates,
  Sessions,
  Variants,
} from "../../runtime/request/index.ts";
import { openArtefacts } from "../../runtime/serve/artefacts.ts";
import { type Feeds, floats } from "../../runtime/session/session.ts";
import { openFolder } from "../../runtime/web/folder.ts";
import { small } from "../kit/built-models.ts";
import { built, cleanUp } from "../kit/built-twin.ts";
import { type Case, hostileCases, type Request, rightRequest } from "../kit/hostile-values.ts";
import { webEngine } from "../kit/web-engine.ts";

afterAll(cleanUp);

const filesOf = (dir: string): Map<string, Uint8Array> =>
  new Map(
    readdirSync(dir, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(dir, path)).isFile())
      .map((path) => [path, readFileSync(join(dir, path))]),
  );

/** In the place of a graph's run. */
class Ran extends Error {}

/** An engine whose graphs do not run, and what would have entered them. */
interface Recorder {
  readonly engine: Engine;
  entered: { readonly graph: string; readonly feeds: Feeds }[];
  readonly manifest: Manifest;
}

function recorder(engine: Engine): Recorder {
  const { manifest } = engine.artefacts;
  const sessions = new Sessions(async (graph) => ({
    provider: "none",
    run: async (feeds) => {
      recorded.entered.push({ graph, feeds });
      if (graph !== "projector") {
        throw new Ran(graph);
      }
      // What a table lacks is projected while the user is prepared: ranking goes on from there.
      const rows = Object.values(feeds)[0].shape[0];
      return recordOf(
        (manifest.graphs.projector?.outputs ?? []).map(({ name, result }) => {
          const width = result.kind === "rows" ? manifest.tables[result.table].width : 0;
          return [name, floats(new Float32Array(rows * width), rows, width)] as const;
        }),
      );
    },
    close: async () => undefined,
  }));
  const recorded: Recorder = { engine: { ...engine, sessions }, entered: [], manifest };
  return recorded;
}

/** How a request ends; `before`: what had entered graphs in the step that refused it. */
async function asked(
  recorded: Recorder,
  request: Request,
): Promise<{ readonly error: unknown; readonly before: number }> {
  const { engine, entered } = recorded;
  const { context, candidates, ...user } = request;
  let before = 0;
  try {
    const side = await prepareSide(engine, user as never);
    before = entered.length;
    await rankCandidates(engine, side, { context, candidates } as never);
    return { error: null, before: 0 };
  } catch (error) {
    // Nothing goes on behind an error.
    await new Promise((resolve) => setTimeout(resolve, 0));
    return { error, before: entered.length - before };
  }
}

/** Every row that would have entered a graph is one of its table's. @returns how many inputs were looked at */
function expectInside({ entered, engine: { artefacts } }: Recorder, what: string): number {
  let looked = 0;
  for (const { graph, feeds } of entered) {
    for (const { name, source } of artefacts.inputs.get(graph) ?? []) {
      const feature = "feature" in source ? source.feature : null;
      const { dtype, data } = feeds[name];
      looked++;
      if (dtype === "float32") {
        expect(data.every(Number.isFinite), `${what}: ${graph}, ${name}`).toBe(true);
      } else if (feature !== null) {
        const table = artefacts.manifest.embeddings.find(({ parameter }) => parameter === feature.embedding);
        const least = feature.encoder.kind === "tags" ? -1 : 0;
        const inside = (row: number) => row >= least && row < (table?.rows ?? 0);
        expect(
          [...data].filter((row) => !inside(row)),
          `${what}: ${graph}, ${name}`,
        ).toEqual([]);
      }
    }
  }
  return looked;
}

const shown = ({ place, kind, value, names }: Case): string =>
  `${place}, ${kind} ${names[0]}: ${typeof value === "bigint" ? `${value}n` : Array.isArray(value) ? `[${value.map(String)}]` : String(value)}`;

describe.each(["Node", "a page"] as const)("in %s", (host) => {
  let record: () => Recorder;
  let manifest: Manifest;
  beforeAll(async () => {
    const dir = built(small(readFileSync("test/good/everything.twin", "utf8")));
    if (host === "a page") {
      const folder = await openFolder(filesOf(dir));
      ({ manifest } = folder);
      record = () => recorder(webEngine(folder));
      return;
    }
    const artefacts = await openArtefacts(dir, () => undefined);
    ({ manifest } = artefacts);
    const engine: Omit<Engine, "sessions"> = {
      artefacts,
      tables: { maxStaleness: 0, current: () => null },
      variants: new Variants(manifest, () => undefined),
      kernel: new KernelUse(manifest, "graph", null, { lanes: 1, startLane: null, maxBytes: 1 }),
      wholeTables: true,
      scoreBytes: 2 ** 27,
    };
    record = () => recorder({ ...engine, sessions: new Sessions(() => Promise.reject(new Error("replaced"))) });
  }, 60_000);

  it("what is right enters a graph", async () => {
    const recorded = record();
    expect((await asked(recorded, rightRequest(manifest))).error).toBeInstanceOf(Ran);
    expect(expectInside(recorded, "right")).toBeGreaterThan(0);
  });

  it("what is of the wrong kind is refused by its feature and place, and no graph has run", async () => {
    const cases = hostileCases(manifest, "wrong");
    const kinds = new Set(cases.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([...new Set(manifest.features.map(({ encoder }) => encoder.kind))].sort());
    for (const one of cases) {
      const recorded = record();
      const { error, before } = await asked(recorded, one.request);
      expect(error, shown(one)).toBeInstanceOf(TwinError);
      for (const name of one.names) {
        expect(String(error), shown(one)).toContain(name);
      }
      expect(before, `${shown(one)}: ${error}`).toBe(0);
    }
  }, 60_000);

  it("what is out of range is the unknown's row, or the nearest bucket's: no other row enters a graph", async () => {
    for (const one of hostileCases(manifest, "outside")) {
      const recorded = record();
      expect((await asked(recorded, one.request)).error, shown(one)).toBeInstanceOf(Ran);
      expect(expectInside(recorded, shown(one))).toBeGreaterThan(0);
    }
  }, 60_000);
});
