// ONNX Runtime's own log: coloured lines on stderr for what we report ourselves. Call before the first session opens.
import { env } from "onnxruntime-node";

/** Failures still come as errors; TWIN_DEBUG leaves the log as it is. */
export function quietNativeLog(): void {
  if (!process.env.TWIN_DEBUG) {
    env.logLevel = "fatal";
  }
}
