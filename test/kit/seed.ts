// Property tests draw the same cases in every run, so that a red run can be repeated; TWIN_SEED=random (or a number) draws others.
import fc from "fast-check";
import { beforeEach } from "vitest";
import { long, seed } from "./effort.ts";
import { noteTest } from "./watchdog.ts";

fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  seed: seed(20_230_806),
  // A property that fails is made smaller for as long as that takes, in which no time limit of a test is heard: an hour of
  // steps that take seconds each says less than the first case does.
  ...(!long && { interruptAfterTimeLimit: 240_000, markInterruptAsFailure: true }),
});

noteTest();
beforeEach(noteTest);
