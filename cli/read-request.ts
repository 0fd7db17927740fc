// A request from a file, or from standard input.
import { buffer } from "node:stream/consumers";
import { readText, textOf } from "../runtime/host/files.ts";
import { type JsonRequest, parseRequest } from "../runtime/index.ts";

/** @param file `-` is standard input @throws TwinError naming the place of what is no request */
export const readRequest = async (file: string): Promise<JsonRequest> =>
  file === "-"
    ? parseRequest(textOf(await buffer(process.stdin), "standard input"), "standard input")
    : parseRequest(readText(file), file);
