// The thread that hashes a part of a large file, while another opens sessions.
import { innerLine } from "../host/start-thread.ts";
import { serveCalls } from "../threads/serve-calls.ts";
import { checkNow } from "./weights-check.ts";

serveCalls(innerLine(), async () => ({ ready: null, run: checkNow }));
