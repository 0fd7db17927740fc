// Whether this page or worker has a WebGPU adapter, and what it is called.
/** What is used of WebGPU: TypeScript's library for Node does not have it. */
export interface Gpu {
  requestAdapter(options?: { readonly powerPreference?: "high-performance" }): Promise<GpuAdapter | null>;
}

export interface GpuAdapter {
  readonly info?: {
    readonly vendor?: string;
    readonly architecture?: string;
    readonly device?: string;
    readonly description?: string;
  };
}

/** The device that a library made. */
export interface GpuDevice {
  readonly lost: Promise<{ readonly reason?: string; readonly message?: string }>;
  destroy(): void;
}

export interface FoundAdapter {
  readonly adapter: GpuAdapter;
  /** Vendor, architecture and name, as far as the browser tells. */
  readonly name: string;
}

/** Milliseconds that the browser may take to say whether it has one. */
const answersWithin = 10_000;

/** An adapter, or why there is none. */
export async function findAdapter(gpu: Gpu | undefined, secure: boolean): Promise<FoundAdapter | string> {
  if (gpu === undefined) {
    return secure
      ? "this browser has no WebGPU"
      : "a page that is no secure context (https, or localhost) has no WebGPU";
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), answersWithin);
  });
  try {
    const adapter = await Promise.race([gpu.requestAdapter({ powerPreference: "high-performance" }), late]);
    if (adapter === "late") {
      return `the browser did not say within ${answersWithin / 1000} s whether it has a WebGPU adapter`;
    }
    return adapter === null ? "the browser has no WebGPU adapter" : { adapter, name: nameOf(adapter) };
  } catch (error) {
    return `the browser gave no WebGPU adapter: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(timer);
  }
}

function nameOf({ info = {} }: GpuAdapter): string {
  const { vendor, architecture, device, description } = info;
  const parts = [vendor, architecture, device, description].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? "an adapter that does not say its name" : parts.join(" ");
}
