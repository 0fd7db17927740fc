#!/usr/bin/env node
// `twin`: runs the bundled command line; in a checkout it is bundled first where a source is newer.
import { existsSync } from "node:fs";

if (existsSync(new URL("./bundle.mjs", import.meta.url))) {
  const { stale, bundle } = await import("./bundle.mjs");
  if (stale()) {
    await bundle();
  }
}
await import("../dist/twin.js");
