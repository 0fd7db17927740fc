// `twin verify` of clustered data: what was made of the log, held against clusters.yaml, and that nothing else is read with it.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { FolderCheck, type VerifyFolder } from "../../host/verify-folder.ts";
import { clustersFile, madeAnew, outputFolders, readDone, type Whole } from "./folder.ts";

export const verifyClusters: VerifyFolder = async (dir, options) => {
  let whole: Whole | null = null;
  let problem: TwinError | null = null;
  try {
    whole = readDone(dir);
  } catch (error) {
    if (!(error instanceof TwinError)) {
      throw error;
    }
    problem = error;
  }
  const files = whole?.files ?? [];
  const check = await FolderCheck.begin(
    options,
    files.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  await check.check(clustersFile, () => {
    if (problem !== null) {
      throw problem;
    }
    return "its text has its checksum";
  });
  if (whole === null) {
    return check.report("clustering");
  }
  for (const { file, ...known } of files) {
    await check.check(file, () => check.whole(join(dir, file), known, madeAnew(dir)));
  }
  const named = new Set(files.map(({ file }) => file));
  for (const folder of outputFolders.filter((name) => existsSync(join(dir, name)))) {
    for (const name of readdirSync(join(dir, folder)).toSorted()) {
      if (!named.has(join(folder, name))) {
        await check.check(join(folder, name), () => {
          throw new TwinError(
            `${clustersFile} does not name it, and data.yaml reads whatever lies in ${folder}: remove it`,
          );
        });
      }
    }
  }
  return check.report("clustering");
};
