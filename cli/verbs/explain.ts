// `twin explain CODE`: the essay behind a diagnostic.
import { codes, explain } from "../../compiler/index.ts";
import { nearest } from "../../contract/nearest.ts";
import { WrongUsage } from "../failure.ts";
import { print } from "../output.ts";

export function explainCode(code: string): void {
  const essay = explain(code);
  if (essay === null) {
    const near = nearest(code, codes());
    throw new WrongUsage(
      `there is no diagnostic called \`${code}\`${near === null ? "; a diagnostic shows its code in brackets, as in error[unknown-name]" : `; did you mean \`${near}\`?`}`,
    );
  }
  print(essay);
}
