// A build folder, opened and served: in this thread, or requests in threads of their own.
export { type Artefacts, openArtefacts, openListed, openWeights, recovered } from "./artefacts.ts";
export { expectServes } from "./expect-serves.ts";
export { load } from "./load.ts";
export { ReleasedTwin } from "./released.ts";
export { startLane } from "./start-lane.ts";
export { type LoadOptions, LocalTwin } from "./twin.ts";
export type { Verify } from "./weights-check.ts";
