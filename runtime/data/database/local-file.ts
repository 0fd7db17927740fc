// The path behind a file's name as a user writes it: on this machine, never an address.
import { resolve } from "node:path";
import { TwinError } from "../../../contract/error.ts";

/**
 * @param where the place of the name, for errors
 * @param folder what a relative name is relative to
 * @throws TwinError for an address such as `s3://…`: nothing is fetched
 */
export function localFile(name: string, where: string, folder = "."): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(name)?.[1];
  if (scheme !== undefined) {
    const way =
      scheme.toLowerCase() === "file" ? "name its path instead" : "download it, and name the file on this machine";
    throw new TwinError(`${where}: ${name} is an address, and nothing is fetched from elsewhere; ${way}`);
  }
  return resolve(folder, name);
}
