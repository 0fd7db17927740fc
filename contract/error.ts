// The one error class for what users can cause: its message names the place and the way out; no stack trace is shown.

/**
 * What a server answers to otherwise than to a wrong request. `queue_full`: too many wait. `deadline`: it passed.
 * `thread_ended`: the thread of the request ended; it may be sent again. `closed`: the folder was closed. `folder_changed`:
 * another build took the folder's place while it was read; it may be opened again.
 */
export type TwinErrorCode = "queue_full" | "deadline" | "thread_ended" | "closed" | "folder_changed";

export class TwinError extends Error {
  override readonly name = "TwinError";
  declare readonly code?: TwinErrorCode;

  constructor(
    message: string,
    { code, ...options }: ErrorOptions & { readonly code?: TwinErrorCode | undefined } = {},
  ) {
    super(message, options);
    if (code !== undefined) {
      this.code = code;
    }
  }
}
