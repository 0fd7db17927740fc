// On what a page runs its graphs: WebGPU where there is an adapter that computes right numbers, else WASM; and why.
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { parityFile, smallParityFile } from "../../contract/parity-place.ts";
import { type GraphName, graphNames, sideGraphs, storedTypes } from "../../contract/port-spec.ts";
import { DeviceFailure } from "../session/device-failure.ts";
import { findAdapter } from "../session/gpu-adapter.ts";
import type { WebProvider } from "../session/ort-web.ts";
import { type GraphSession, graphOf, type SessionName, type Sessions } from "../session/session.ts";
import { OrtWebLibrary, type WebLibrary } from "../session/session-web.ts";
import { checkGraph, ReferenceCases } from "./graph-check.ts";
import type { WebStart } from "./messages.ts";
import { realm } from "./realm.ts";
import type { GraphCheck, ProviderStatus } from "./status.ts";
import { Verdicts } from "./verdicts.ts";
import type { WebFolder } from "./web-folder.ts";

type About = Pick<ProviderStatus, "because" | "adapter" | "threads">;

export class Device {
  readonly #library: WebLibrary;
  readonly #about: About;
  readonly #verdicts = new Verdicts();
  readonly #checks = new Map<SessionName, GraphCheck>();
  #cases: Promise<ReferenceCases> | null = null;

  constructor(library: WebLibrary, about: About) {
    this.#library = library;
    this.#about = about;
  }

  /**
   * Opens a graph; on a GPU it is held against its reference first, unless that was done before.
   * @throws DeviceFailure where the device does not serve, or computes wrong numbers
   */
  async open(folder: WebFolder, name: SessionName): Promise<GraphSession> {
    const { adapter } = this.#about;
    if (adapter === null) {
      return this.#library.open(name, await folder.graph(name));
    }
    const on = { adapter, version: this.#library.version };
    const known = await this.#verdicts.get(folder.manifest, name, on);
    if (known !== null) {
      this.#judge(known, name);
    }
    const session = await this.#library.open(name, await folder.graph(name));
    if (known === null) {
      const found = await checkGraph(session, name, folder.manifest, await this.#casesOf(folder));
      if (found === null) {
        await session.close();
        throw this.#refusal(
          name,
          `${casesFile(folder.manifest)} has no numbers of graph ${name} that could be compared`,
        );
      }
      await this.#verdicts.put(folder.manifest, found, on);
      this.#judge(found, name);
    }
    return session;
  }

  status(): ProviderStatus {
    const { provider, version } = this.#library;
    return { name: provider, version, ...this.#about, checked: [...this.#checks.values()] };
  }

  /** Holds every graph that serves here against its reference, here and now: the kernel's side graphs, too, where they run. */
  async verify(folder: WebFolder, sessions: Sessions): Promise<readonly GraphCheck[]> {
    const { manifest } = folder;
    const cases = await this.#casesOf(folder);
    let all: ReferenceCases | null = null;
    const open = new Set(sessions.opened());
    const found: GraphCheck[] = [];
    for (const name of namesOf(manifest, this.#about.adapter !== null)) {
      const session = await sessions.open(name);
      let check = await checkGraph(session, name, manifest, cases);
      if (check === null) {
        // What tries a GPU has no numbers of the side graphs.
        all ??= await casesOf(folder, parityFile);
        check = await checkGraph(session, name, manifest, all);
      }
      if (check !== null) {
        this.#checks.set(name, check);
        found.push(check);
      }
      if (!open.has(name)) {
        await sessions.drop(name);
      }
    }
    return found;
  }

  #casesOf(folder: WebFolder): Promise<ReferenceCases> {
    this.#cases ??= casesOf(folder, casesFile(folder.manifest));
    this.#cases.catch(() => {
      this.#cases = null;
    });
    return this.#cases;
  }

  #judge(check: GraphCheck, name: SessionName): void {
    this.#checks.set(name, check);
    if (check.wrong > 0) {
      const { adapter } = this.#about;
      throw this.#refusal(
        name,
        `${adapter} computes wrong numbers: ${check.wrong} of graph ${name}'s differ from the reference${check.worst > 0 ? `, by up to ${check.worst.toPrecision(2)}` : ""}`,
      );
    }
  }

  /** A variant is left out alone: its graph does the same over decoded rows. */
  #refusal(name: SessionName, because: string): Error {
    return graphOf(name).type !== null ? new TwinError(because) : new DeviceFailure("webgpu", because);
  }
}

const casesOf = async ({ dir, file }: WebFolder, name: string): Promise<ReferenceCases> =>
  new ReferenceCases(await file(name), `${dir}${name}`);

/** Builds of earlier versions have the whole file alone. */
const casesFile = ({ files }: Manifest): string =>
  Object.hasOwn(files, smallParityFile) ? smallParityFile : parityFile;

/** The graphs that serve on such a device, and their variants over stored rows. */
function namesOf({ graphs }: Manifest, gpu: boolean): SessionName[] {
  return graphNames.flatMap((graph: GraphName): SessionName[] => {
    const spec = graphs[graph];
    if (spec === undefined || (gpu && sideGraphs.includes(graph))) {
      return [];
    }
    const types = storedTypes.filter((type) => spec.variants?.[type] !== undefined);
    return [graph, ...types.map((type) => `${graph}.${type}` as const)];
  });
}

/** How a library is made: tests bring one that stalls, or computes wrong numbers. */
export type MakeLibrary = (options: ConstructorParameters<typeof OrtWebLibrary>[0]) => WebLibrary;

const makeOrt: MakeLibrary = (options) => {
  const library = new OrtWebLibrary(options);
  // It is on its way while the folder is; whoever opens a graph is told where that fails.
  library.import().catch(() => undefined);
  return library;
};

/** Asks for an adapter where WebGPU is wanted, and begins to import the library for what was found. */
export async function chooseDevice({ options, refused }: WebStart, make: MakeLibrary = makeOrt): Promise<Device> {
  const { providers, wasmPaths } = options;
  const { provider, because, adapter } = await choose(providers, refused);
  // On a device no node is left that threads could share.
  const alone = provider === "webgpu" || refused.some((one) => one.provider === "wasm");
  const threads = alone ? 1 : options.threads;
  return new Device(make({ provider, threads, wasmPaths }), { because, adapter, threads });
}

async function choose(
  providers: readonly WebProvider[],
  refused: WebStart["refused"],
): Promise<{ readonly provider: WebProvider; readonly because: string; readonly adapter: string | null }> {
  const reasons: string[] = [];
  for (const provider of providers) {
    const failed = refused.find((one) => one.provider === provider);
    if (failed !== undefined && provider === "webgpu") {
      reasons.push(failed.because);
    } else if (provider === "webgpu") {
      const found = await findAdapter(realm.navigator?.gpu, realm.isSecureContext === true);
      if (typeof found !== "string") {
        return { provider, because: `the browser has a WebGPU adapter: ${found.name}`, adapter: found.name };
      }
      reasons.push(found);
    } else {
      return { provider, because: reasons.length === 0 ? "it was asked for" : reasons.join("; "), adapter: null };
    }
  }
  return { provider: "wasm", because: reasons.join("; "), adapter: null };
}
