// `twin evaluate --self-test DIR`: proves that a build computes what it should.
import { selfTest, selfTestText } from "../../runtime/index.ts";
import { Failed } from "../failure.ts";
import { quietNativeLog } from "../native-log.ts";
import { print, printJson } from "../output.ts";

export async function evaluate(
  dir: string,
  options: { requests: number; seed: number; json?: boolean },
): Promise<void> {
  quietNativeLog();
  const report = await selfTest(dir, { requests: options.requests, seed: options.seed });
  if (options.json) printJson(report);
  else print(selfTestText(report));
  if (!report.passed) throw new Failed(`${dir}: the self-test failed`);
}
