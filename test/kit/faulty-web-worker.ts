// The worker's program over a device that is none: WASM under the name of WebGPU, with the fault that the worker's name says.
import { importOrt, type OrtWeb } from "../../runtime/session/ort-web.ts";
import { OrtWebLibrary } from "../../runtime/session/session-web.ts";
import { serveWorker } from "../../runtime/web/lines.ts";
import { openServiceOn } from "../../runtime/web/service.ts";

/** `threads stall`: WASM with more than one; of a GPU: `sound`; `stalls` always, or `stalls once`; `wrong` numbers; `lost` in the second run; `lost idle`, after it. */
const fault = Reflect.get(globalThis, "name") as string;

const threadsStall = fault === "threads stall";

Object.defineProperty(Reflect.get(globalThis, "navigator"), "gpu", {
  value: { requestAdapter: async () => (threadsStall ? null : { info: { vendor: "pretended" } }) },
});

const never = new Promise<never>(() => undefined);

async function faultyThreads(_: string, elsewhere: string | null): Promise<OrtWeb> {
  const real = await importOrt("wasm", elsewhere);
  const create: OrtWeb["InferenceSession"]["create"] = (...args: unknown[]) =>
    real.env.wasm.numThreads === 1 ? Reflect.apply(real.InferenceSession.create, real.InferenceSession, args) : never;
  return { ...real, InferenceSession: { create } } as unknown as OrtWeb;
}

async function faulty(_: string, elsewhere: string | null): Promise<OrtWeb> {
  const real = await importOrt("wasm", elsewhere);
  let lose: (info: { reason: string }) => void = () => undefined;
  const lost = new Promise<{ reason: string }>((resolve) => {
    lose = resolve;
  });
  let runs = 0;
  const create = async (model: Uint8Array, options: object) => {
    if (fault === "stalls" || (fault === "stalls once" && (await firstTime()))) {
      return never;
    }
    const session = await real.InferenceSession.create(model, {
      ...options,
      executionProviders: ["wasm"],
      extra: {},
    });
    return {
      inputNames: session.inputNames,
      release: () => session.release(),
      async run(feeds: Parameters<typeof session.run>[0]) {
        runs++;
        if (fault === "lost" && runs === 2) {
          lose({ reason: "unknown" });
          return never;
        }
        const outputs = await session.run(feeds);
        if (fault === "wrong") {
          for (const { data } of Object.values(outputs)) {
            if (data instanceof Float32Array) {
              data[0] += 0.01;
            }
          }
        }
        if (fault === "lost idle" && runs === 2) {
          setTimeout(() => lose({ reason: "unknown" }), 0);
        }
        return outputs;
      },
    };
  };
  return {
    ...real,
    env: Object.assign(Object.create(real.env), { wasm: real.env.wasm, webgpu: { device: { lost } } }),
    InferenceSession: { create },
  } as unknown as OrtWeb;
}

/** Whether no worker of this page has asked yet. */
async function firstTime(): Promise<boolean> {
  const store = await (Reflect.get(globalThis, "caches") as CacheStorage).open("faulty");
  const asked = (await store.match("/asked")) !== undefined;
  await store.put("/asked", new Response(""));
  return !asked;
}

interface CacheStorage {
  open(name: string): Promise<{ match(at: string): Promise<unknown>; put(at: string, what: Response): Promise<void> }>;
}

serveWorker((start: Parameters<typeof openServiceOn>[0], note: Parameters<typeof openServiceOn>[1]) =>
  openServiceOn(
    start,
    note,
    (options) =>
      new OrtWebLibrary({
        ...options,
        ...(options.provider === "webgpu" && { library: faulty, opensWithin: 1500 }),
        ...(threadsStall && { library: faultyThreads, opensWithin: 1500 }),
      }),
  ),
);
