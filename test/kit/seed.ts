// Property tests draw the same cases in every run, so that a red run can be repeated; TWIN_SEED=random (or a number) draws others.
import fc from "fast-check";

const wanted = process.env.TWIN_SEED;
if (wanted !== "random") fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted ?? 20_230_806) });
