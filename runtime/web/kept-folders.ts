// Of how many folders a page keeps something: those that were opened last. A folder that nobody opens any more, as that of an
// older build under an address of its own, goes when another one is opened.

/** What is used of the host's Cache Storage. */
export interface Caches {
  open(name: string): Promise<Storage>;
  keys(): Promise<readonly string[]>;
  delete(name: string): Promise<boolean>;
}

/** What is used of one cache. */
export interface Storage {
  match(address: string): Promise<Response | undefined>;
  put(address: string, response: Response): Promise<void>;
  /** In the order in which they were put. */
  keys(): Promise<readonly { readonly url: string }[]>;
  delete(address: string): Promise<boolean>;
}

/** The cache of what is kept of one place: a folder's address, or what is no folder's. */
export const cacheOf = (place: string): string => `twin-compiler ${place}`;

const isFolder = (name: string): boolean => /^twin-compiler [a-z][a-z0-9+.-]*:/.test(name);

/** Folders of one origin of which something is kept. */
export const mostFolders = 8;

/** When a folder was opened last, in its own cache. Nobody asks for this address. */
export const usedAddress = "https://twin.invalid/used";

/** Notes that a folder is used, and drops those beyond `mostFolders` that were used longest ago. What fails costs room alone. */
export async function dropOldFolders(caches: Caches, own: Storage, place: string): Promise<void> {
  try {
    await own.put(usedAddress, new Response(String(Date.now())));
    const others = (await caches.keys()).filter((name) => isFolder(name) && name !== cacheOf(place));
    if (others.length < mostFolders) {
      return;
    }
    const used = await Promise.all(
      others.map(async (name) => {
        const noted = await (await caches.open(name)).match(usedAddress);
        return { name, at: noted === undefined ? 0 : Number(await noted.text()) || 0 };
      }),
    );
    const old = used.sort((a, b) => b.at - a.at).slice(mostFolders - 1);
    await Promise.all(old.map(({ name }) => caches.delete(name)));
  } catch {
    // Another page may be at it, too.
  }
}
