// Opens a safetensors file.
import { readTensors, type TensorChecks, type TensorFile } from "../bytes/tensor-file.ts";
import { fileSource } from "./file-source.ts";

/**
 * @param checks every block is held against its hash when it is first read
 * @throws TwinError where the file is missing, foreign, truncated, lies about its contents, or is damaged where it is read
 */
export function openTensors(path: string, checks?: TensorChecks): TensorFile {
  return readTensors(fileSource(path), checks);
}
