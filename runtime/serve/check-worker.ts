// The thread that hashes a part of a large file, while another opens sessions.
import { parentPort, workerData } from "node:worker_threads";
import { type CheckJob, checkNow } from "./weights-check.ts";

const port = parentPort!;

checkNow(workerData as CheckJob).then(
  () => port.postMessage(null),
  (error: unknown) => port.postMessage(error instanceof Error ? error.message : String(error)),
);
