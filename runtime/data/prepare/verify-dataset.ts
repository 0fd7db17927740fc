// `twin verify` of prepared data: its description, and every block of every column.
import { join } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { FolderCheck, type VerifyFolder } from "../../host/verify-folder.ts";
import { type DatasetSpec, datasetFile, hasNoHashes, readDatasetSpec } from "./dataset-file.ts";
import { makeAnew } from "./file-blocks.ts";

export const verifyDataset: VerifyFolder = async (dir, options) => {
  if (hasNoHashes(dir)) {
    const check = await FolderCheck.begin(options, 0);
    await check.check(
      datasetFile,
      () => "format 1, of Twin 0.1, which kept no hashes: nothing can be held against them",
    );
    return check.report("cache");
  }
  let files: DatasetSpec["files"] = {};
  let problem: TwinError | null = null;
  try {
    files = readDatasetSpec(dir).files;
  } catch (error) {
    if (!(error instanceof TwinError)) {
      throw error;
    }
    problem = error;
  }
  const total = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  const check = await FolderCheck.begin(options, total);
  await check.check(datasetFile, () => {
    if (problem !== null) {
      throw problem;
    }
    return "its text has its checksum";
  });
  for (const [file, { bytes, blocks }] of Object.entries(files)) {
    await check.check(file, () => check.whole(join(dir, file), { bytes, blocks: blocks.join("") }, makeAnew));
  }
  return check.report("cache");
};
