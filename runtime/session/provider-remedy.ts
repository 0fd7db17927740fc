// What a machine lacks where an execution provider cannot be had, and how one gets it.
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** What is known of this machine. */
export interface ProviderHost {
  /** `linux-x64` */
  readonly platform: string;
  /** Where the libraries of CUDA lie, which are not in the package from npm; null: nowhere. */
  readonly cudaLibraries: string | null;
}

/** How one gets a provider, as a sentence without an end; null where nothing is known. */
export function providerRemedy(provider: string, host: ProviderHost = thisHost()): string | null {
  switch (provider) {
    case "cuda":
    case "tensorrt":
      return cudaRemedy(provider, host);
    case "webgpu":
      return host.platform.startsWith("linux")
        ? "it needs a graphics card with a Vulkan driver (Debian: libvulkan1 and the card's driver); without a card, Debian's packages chromium and libvulkan1 with VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json bring an adapter in software"
        : "it needs a graphics card and its driver";
    default:
      return null;
  }
}

/** The first line of what ONNX Runtime says, without the place in its source and the condition that it checks there. */
export const nativeReason = (text: string): string =>
  text.split("\n")[0].replace(/^\/onnxruntime_src\/.*? was false\. /, "");

function cudaRemedy(provider: string, { platform, cudaLibraries }: ProviderHost): string {
  if (platform !== "linux-x64") {
    return `onnxruntime-node has ${provider} on Linux x64 alone, and this is ${platform}`;
  }
  const machine = `an NVIDIA graphics card with its driver, the CUDA 12 runtime and cuDNN 9${provider === "tensorrt" ? ", and TensorRT 10" : ""}`;
  return cudaLibraries === null
    ? `its libraries are not in the package from npm: \`node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12\` downloads them; the machine needs ${machine}`
    : `its libraries are installed, so the machine lacks one of ${machine}: see \`nvidia-smi\`, and \`ldd ${cudaLibraries}\` for what is not found`;
}

const thisHost = (): ProviderHost => ({
  platform: `${process.platform}-${process.arch}`,
  cudaLibraries: cudaLibraries(),
});

function cudaLibraries(): string | null {
  try {
    const bin = join(dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json")), "bin");
    const name = "libonnxruntime_providers_cuda.so";
    const places = readdirSync(bin).map((one) => join(bin, one, process.platform, process.arch, name));
    return places.find((place) => existsSync(place)) ?? null;
  } catch {
    // Installed in a way of its own: nothing can be said of where it lies.
    return null;
  }
}
