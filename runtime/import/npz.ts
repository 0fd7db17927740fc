// A NumPy archive (`numpy.savez`, `numpy.savez_compressed`) as foreign weights.
import { TwinError } from "../../contract/error.ts";
import type { ForeignArray, ForeignWeights } from "./foreign-weights.ts";
import { type NpyHeader, npyFloats, npyHeadBytes, parseNpy } from "./npy.ts";
import { openZip } from "./zip.ts";

/**
 * Opens an archive; of its arrays the headers are read, the numbers when they are asked for. An array that cannot be read
 * harms nobody who does not need it.
 */
export async function openNpz(path: string): Promise<ForeignWeights> {
  const zip = await openZip(path, "a NumPy archive (.npz)");
  try {
    const arrays = new Map<string, ForeignArray>();
    const unreadable = new Map<string, string>();
    const headers = new Map<string, { readonly entry: string; readonly header: NpyHeader; readonly bytes: number }>();
    for (const [entry, { bytes }] of zip.entries) {
      if (!entry.endsWith(".npy")) {
        throw new TwinError(`${path} is not a NumPy archive (.npz): it holds \`${entry}\`, which is no .npy`);
      }
      const name = entry.slice(0, -".npy".length);
      const head = await zip.head(entry, npyHeadBytes);
      try {
        const header = parseNpy(head, bytes, `${path}, array \`${name}\``);
        headers.set(name, { entry, header, bytes });
        arrays.set(name, { name, shape: header.shape, dtype: header.dtype, place: entry });
      } catch (error) {
        if (!(error instanceof TwinError)) {
          throw error;
        }
        await zip.check(entry);
        unreadable.set(name, error.message);
      }
    }
    return {
      path,
      arrays,
      unreadable,
      async read(name) {
        const why = unreadable.get(name);
        if (why !== undefined) {
          throw new TwinError(why);
        }
        const known = headers.get(name);
        if (!known) {
          throw new TwinError(`${path} has no array called \`${name}\``);
        }
        return npyFloats(known.header, await zip.read(known.entry, known.header.start, known.bytes));
      },
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}
