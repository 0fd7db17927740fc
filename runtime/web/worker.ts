// The program of the Web Worker in which a page's folder is opened and its requests are ranked.
import { importOrt } from "../session/ort-web.ts";
import { serveWorker } from "./lines.ts";
import { realm } from "./realm.ts";
import { openService } from "./service.ts";

// Where a bundler puts ONNX Runtime into this file, its threads on WASM are started from here, too, under this name: then all
// is done by the library's own code, as soon as it is there. It takes what is said to it before another task runs.
if (realm.name?.startsWith("em-pthread")) {
  void importOrt("wasm", null);
} else {
  serveWorker(openService);
}
