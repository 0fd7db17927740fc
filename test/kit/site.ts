// A web server for pages under test: files, folders, bytes and answers by path, on any free port, with the headers asked for.
import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, relative } from "node:path";

/** What a path gives: a text or bytes, a file, a folder (of a path that ends in `/`), or what a function answers. */
export type Content =
  | string
  | Uint8Array
  | { readonly file: string }
  | { readonly folder: string }
  | ((request: IncomingMessage, response: ServerResponse) => void);

export interface SiteOptions {
  readonly routes: Readonly<Record<string, Content>>;
  /** Of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Site {
  /** A secure context, as https would be. */
  readonly origin: string;
  /** The same server under a name that makes no secure context, as plain http in a local net: of a browser of `useBrowser`. */
  readonly insecure: string;
  /** Another origin of the same server, secure too. */
  readonly other: string;
  /** Every path that was asked for, with its query, in order. */
  readonly requests: string[];
  /** Gives a path another content from now on. */
  set(path: string, content: Content): void;
  close(): Promise<void>;
}

/** A name that a browser under test takes for this machine. */
export const plainHost = "plain.test";

/** With these a page is cross-origin isolated, and WASM may have threads. */
export const isolated: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "cross-origin",
};

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export async function startSite({ routes, headers = {} }: SiteOptions): Promise<Site> {
  const known = new Map(Object.entries(routes));
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://site");
    requests.push(url.pathname + url.search);
    for (const [name, value] of Object.entries(headers)) {
      response.setHeader(name, value);
    }
    answer(known, decodeURIComponent(url.pathname), request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("the server has no port");
  }
  const at = (host: string) => `http://${host}:${address.port}`;
  return {
    origin: at("127.0.0.1"),
    insecure: at(plainHost),
    other: at("localhost"),
    requests,
    set: (path, content) => known.set(path, content),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

function answer(
  routes: ReadonlyMap<string, Content>,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const exact = routes.get(path);
  const folder = [...routes]
    .filter(([route, one]) => typeof one === "object" && "folder" in one && path.startsWith(route))
    .map(([route]) => route)
    .sort((a, b) => b.length - a.length)[0];
  const content = exact ?? (folder === undefined ? undefined : routes.get(folder));
  if (typeof content === "function") {
    content(request, response);
  } else if (typeof content === "string" || content instanceof Uint8Array) {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    const type = typeof content === "string" && extname(path) === "" ? ".html" : extname(path);
    send(type, bytes.length, request, response, (from, to) => response.end(bytes.subarray(from, to)));
  } else if (content !== undefined) {
    const file = "file" in content ? content.file : join(content.folder, path.slice(folder.length));
    const inside = "file" in content || !relative(content.folder, file).startsWith("..");
    const stats = inside ? statSync(file, { throwIfNoEntry: false }) : undefined;
    if (stats?.isFile()) {
      send(extname(file), stats.size, request, response, (from, to) =>
        from === to ? response.end() : createReadStream(file, { start: from, end: to - 1 }).pipe(response),
      );
    } else {
      nothing(path, response);
    }
  } else {
    nothing(path, response);
  }
}

function nothing(path: string, response: ServerResponse): void {
  // A browser asks for it of itself.
  response.statusCode = path === "/favicon.ico" ? 204 : 404;
  response.end();
}

/** Answers with the whole, or with the one range that was asked for. */
function send(
  extension: string,
  size: number,
  request: IncomingMessage,
  response: ServerResponse,
  write: (from: number, to: number) => void,
): void {
  response.setHeader("content-type", types[extension] ?? "application/octet-stream");
  response.setHeader("accept-ranges", "bytes");
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const from = range === null ? 0 : Number(range[1]);
  const to = range === null || range[2] === "" ? size : Math.min(size, Number(range[2]) + 1);
  if (range !== null && from >= to) {
    response.writeHead(416, { "content-range": `bytes */${size}` }).end();
    return;
  }
  if (range !== null) {
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${from}-${to - 1}/${size}`);
  }
  response.setHeader("content-length", to - from);
  if (request.method === "HEAD") {
    response.end();
  } else {
    write(from, to);
  }
}
