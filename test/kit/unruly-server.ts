// A static server of a folder that can be told to misbehave: no ranges, short answers, pages for what is missing, silence.
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";

export interface Asked {
  /** In the folder, decoded. */
  readonly path: string;
  readonly range: readonly [from: number, to: number] | null;
  /** How often it was asked for before. */
  readonly before: number;
  readonly request: IncomingMessage;
}

/** Answers in the server's place; false: it answers as it would. */
export type Whim = (asked: Asked, response: ServerResponse) => boolean;

export interface UnrulyServer {
  readonly url: string;
  /** Paths that were asked for, `weights.safetensors 0-1048576` with a range. */
  readonly log: string[];
  whim: Whim;
  ranges: boolean;
  /** The folder that it serves now. */
  folder: string;
  close(): Promise<void>;
}

export async function unrulyServer(folder: string): Promise<UnrulyServer> {
  const times = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "").split("?")[0]).replace(/^\/some\/build\//, "");
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const range = first === undefined ? null : ([Number(first), Number(last) + 1] as const);
    const before = times.get(path) ?? 0;
    times.set(path, before + 1);
    state.log.push(range === null ? path : `${path} ${range.join("-")}`);
    if (!state.whim({ path, range, before, request }, response)) {
      plain(join(state.folder, path), state.ranges ? range : null, response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const state: UnrulyServer = {
    url: `http://127.0.0.1:${port}/some/build`,
    log: [],
    whim: () => false,
    ranges: true,
    folder,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return state;
}

/** What a server without whims answers. */
export function plain(file: string, range: readonly [from: number, to: number] | null, response: ServerResponse): void {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch {
    response.writeHead(404, { "content-type": "text/html" }).end("<!doctype html><title>404</title>");
    return;
  }
  if (range === null) {
    response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    return;
  }
  const part = bytes.subarray(range[0], Math.min(range[1], bytes.length));
  const said = `bytes ${range[0]}-${range[0] + part.length - 1}/${bytes.length}`;
  response.writeHead(206, { "content-length": part.length, "content-range": said }).end(part);
}
