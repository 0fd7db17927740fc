// The program of a Web Worker that is a lane of the selection kernel.
import { openLane } from "../kernel/index.ts";
import { serveWorker } from "./lines.ts";

serveWorker(openLane);
