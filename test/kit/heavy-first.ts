// The order in which a run takes its test files: those that are known to take long, then the rest as vitest would.
import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { first } from "../tiers.ts";

export class HeavyFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = first.indexOf(relative(this.ctx.config.root, moduleId).replaceAll("\\", "/"));
      return at < 0 ? first.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
