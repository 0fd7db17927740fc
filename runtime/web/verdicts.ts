// What was found of graphs on a device, kept in the browser from visit to visit: by graph, weights, adapter and library.
import * as v from "valibot";
import { checkedJson, isChecked } from "../../contract/checked-json.ts";
import { digestOf } from "../../contract/digest.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import { graphOf, type SessionName } from "../session/session.ts";
import { type KeptBytes, keptBytes } from "./kept-bytes.ts";
import type { GraphCheck } from "./status.ts";

const Verdict = v.object({ worst: v.number(), wrong: v.number(), checksum: v.string() });

/** One place for all folders: whether a device computes a graph rightly is no folder's affair. */
const place = "graph checks";

/** What tells one device, by its driver and library as far as a browser tells, from another. */
export interface CheckedOn {
  readonly adapter: string;
  readonly version: string;
}

export class Verdicts {
  readonly #kept: Promise<KeptBytes> = keptBytes(place, () => undefined, { folder: false });

  async get(manifest: Manifest, name: SessionName, on: CheckedOn): Promise<GraphCheck | null> {
    const bytes = await (await this.#kept).get(keyOf(manifest, name, on));
    if (bytes === null) {
      return null;
    }
    const text = new TextDecoder().decode(bytes);
    if (!isChecked(text)) {
      return null;
    }
    const found = v.safeParse(Verdict, JSON.parse(text));
    return found.success ? { graph: name, worst: found.output.worst, wrong: found.output.wrong, cached: true } : null;
  }

  async put(manifest: Manifest, { graph, worst, wrong }: GraphCheck, on: CheckedOn): Promise<void> {
    // JSON has no infinity; what is that far off is told by how many numbers are wrong.
    const text = checkedJson({ worst: Math.min(worst, Number.MAX_VALUE), wrong });
    await (await this.#kept).put(keyOf(manifest, graph, on), new TextEncoder().encode(text));
  }
}

function keyOf({ graphs, files }: Manifest, name: SessionName, { adapter, version }: CheckedOn): string {
  const { graph, type } = graphOf(name);
  const spec = graphs[graph];
  const file = (type === null ? spec?.file : spec?.variants?.[type]?.file) ?? "";
  const told = [name, files[file]?.sha256, files[weightsFile]?.sha256, adapter, version];
  return digestOf(new TextEncoder().encode(JSON.stringify(told)));
}
