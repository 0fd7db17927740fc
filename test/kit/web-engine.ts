// An engine over a folder as a page has it, whose sessions are Node's: what reading the folder gave, and nothing else, ranks.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Engine, KernelUse, prepareSide, Sessions, Variants } from "../../runtime/request/index.ts";
import { rankCandidates } from "../../runtime/request/rank.ts";
import type { Ranking } from "../../runtime/request/ranking.ts";
import type { PrepareRequest, RankRequest } from "../../runtime/request/request.ts";
import { openFile } from "../../runtime/session/session-node.ts";
import type { WebFolder } from "../../runtime/web/web-folder.ts";
import { temporary } from "./built-twin.ts";

export function webEngine(folder: WebFolder): Engine {
  const sessions = new Sessions(async (name) => {
    const { model, externalData } = await folder.graph(name);
    const place = join(temporary(), `${name}.onnx`);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, model);
    for (const { path, data } of externalData) {
      writeFileSync(join(dirname(place), path), data);
    }
    return openFile(place, { providers: ["cpu"], threads: 1, warn: () => undefined });
  });
  return {
    artefacts: folder,
    sessions,
    tables: folder.tables,
    variants: new Variants(folder.manifest, () => undefined),
    kernel: new KernelUse(folder.manifest, "graph", null, { lanes: 1, startLane: null, maxBytes: 1 }),
    wholeTables: false,
    scoreBytes: 2 ** 27,
  };
}

export async function rankBy(engine: Engine, user: PrepareRequest, candidates: RankRequest): Promise<Ranking> {
  return rankCandidates(engine, await prepareSide(engine, user), candidates);
}
