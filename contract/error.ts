// The one error class for what users can cause: its message names the place and the way out; no stack trace is shown.
export class TwinError extends Error {
  override readonly name = "TwinError";
}
