// `twin why DIR --request R.json --item X --versus Y`: what sets two candidates of a request apart.
import { writeFileAtomic } from "../../runtime/host/files.ts";
import { WrongUsage } from "../failure.ts";
import { loadOptions, openTwin, type RuntimeOptions, warner } from "../open-twin.ts";
import { print, printJson, say } from "../output.ts";
import { readRequest } from "../read-request.ts";
import { whyOf } from "../why/difference.ts";
import { renderWhy } from "../why/page.ts";
import { whyText } from "../why/text.ts";

interface WhyOptions extends RuntimeOptions {
  readonly request: string;
  readonly item: string;
  readonly versus: string;
  readonly label?: string;
  readonly page?: string;
  readonly json?: boolean;
}

export async function why(dir: string, options: WhyOptions): Promise<void> {
  const { item, versus, label, page, json } = options;
  if (item === versus) {
    throw new WrongUsage("--item and --versus are the same candidate: name two");
  }
  const settings = loadOptions(options);
  const request = await readRequest(options.request);
  const twin = await openTwin(dir, settings);
  const warn = warner(twin);
  try {
    warn();
    const found = await whyOf(twin, request, item, versus, label ?? null);
    warn();
    if (page !== undefined) {
      writeFileAtomic(page, renderWhy(found));
      say(`written: ${page}`);
    }
    if (json) {
      printJson(found);
    } else {
      print(whyText(found));
    }
  } finally {
    await twin.close();
  }
}
