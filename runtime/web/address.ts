// Addresses of folders and packs, as a page may give them: what cannot be one is said in words, before anything is fetched.
import { TwinError } from "../../contract/error.ts";

const pick =
  'serve it over http, or let the user pick it: <input type="file" webkitdirectory> gives files that `load` takes';

/** Schemes under which no folder lies. */
const noFolder: Readonly<Record<string, string>> = {
  "file:": `browsers let no page read files by their address; ${pick}`,
  "blob:": "a blob is one file, and a folder is due; bring its files as a Map of paths to bytes or blobs",
  "data:": "it holds one file, and a folder is due; bring its files as a Map of paths to bytes or blobs",
  "javascript:": "it is a program",
  "about:": "nothing lies there",
};

/**
 * An address in full, against that of the page.
 * @param what it is of: one file may be a blob, or be held by the address itself
 * @throws TwinError saying why nothing can be there
 */
export function addressOf(address: string | URL, what: "folder" | "file"): URL {
  const page: { readonly href: string } | undefined = Reflect.get(globalThis, "location");
  let url: URL;
  try {
    url = new URL(address, page?.href);
  } catch (error) {
    throw new TwinError(
      `${JSON.stringify(String(address))} is no address here; write it in full: https://example.org/models/build/`,
      { cause: error },
    );
  }
  const single = what === "file" && (url.protocol === "blob:" || url.protocol === "data:");
  if (!single && Object.hasOwn(noFolder, url.protocol)) {
    throw new TwinError(`${placeOf(url)} cannot be fetched: ${noFolder[url.protocol]}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TwinError(
      `${placeOf(url)}: the address holds a user's name or password, which browsers do not send from there; use what stands behind \`?\`, a cookie, or \`fetch\` of a page of your own`,
    );
  }
  return url;
}

/** An address for errors: without what stands behind `?`, which may be a secret, and without what it holds itself. */
export function placeOf({ protocol, host, pathname, href }: URL): string {
  if (protocol === "data:") {
    return `${href.slice(0, 40)}${href.length > 40 ? "…" : ""}`;
  }
  return host === "" ? protocol + pathname : `${protocol}//${host}${pathname}`;
}
