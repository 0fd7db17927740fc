// Property tests draw the same cases in every run, so that a red run can be repeated; TWIN_SEED=random (or a number) draws others.
import fc from "fast-check";
import { beforeEach } from "vitest";
import { seed } from "./effort.ts";
import { noteTest } from "./watchdog.ts";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: seed(20_230_806) });

noteTest();
beforeEach(noteTest);
