// `twin verify` of prepared data: its description, and every block of every column.
import { join } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { FolderCheck, type VerifyFolder } from "../../host/verify-folder.ts";
import { datasetFile, hasNoHashes, readDatasetSpec } from "./dataset-file.ts";
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
  const spec = { files: {} as ReturnType<typeof readDatasetSpec>["files"], problem: null as TwinError | null };
  try {
    spec.files = readDatasetSpec(dir).files;
  } catch (error) {
    if (!(error instanceof TwinError)) {
      throw error;
    }
    spec.problem = error;
  }
  const total = Object.values(spec.files).reduce((sum, { bytes }) => sum + bytes, 0);
  const check = await FolderCheck.begin(options, total);
  await check.check(datasetFile, () => {
    if (spec.problem) {
      throw spec.problem;
    }
    return "its text has its checksum";
  });
  for (const [file, { bytes, blocks }] of Object.entries(spec.files)) {
    await check.check(file, () => check.whole(join(dir, file), { bytes, blocks: blocks.join("") }, makeAnew));
  }
  return check.report("cache");
};
