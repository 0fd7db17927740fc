// The program of a thread that is a lane of the selection kernel.
import { innerLine } from "../../host/start-thread.ts";
import { type LaneJob, type LaneStart, openLane, type Phases } from "../../kernel/index.ts";
import { serveCalls } from "../../threads/serve-calls.ts";

serveCalls<LaneStart, LaneJob, Phases, null>(innerLine(), openLane);
