// What is thrown where a device cannot be used at all: whoever runs graphs goes on with another provider.
import type { WebProvider } from "./ort-web.ts";

/** Not the user's fault, and no bug: told as a warning, and what was asked for is done elsewhere. */
export class DeviceFailure extends Error {
  readonly provider: WebProvider;
  /** Whether it gave no answer in time: a fresh thread may have more luck. */
  readonly stalled: boolean;

  constructor(provider: WebProvider, because: string, { stalled = false }: { readonly stalled?: boolean } = {}) {
    super(because);
    this.name = "DeviceFailure";
    this.provider = provider;
    this.stalled = stalled;
  }
}
