// The program of the Web Worker in which a page's folder is opened and its requests are ranked.
import { serveWorker } from "./lines.ts";
import { openService } from "./service.ts";

serveWorker(openService);
