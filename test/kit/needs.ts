// What a machine may lack, and how it is found: a suite that needs such a thing says `needs("webgpu")`, and no test is
// skipped in another way. With TWIN_REQUIRE_ALL=1 what is lacking fails instead.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { noBrowserAdapter } from "./browser-flags.ts";
import { chromium } from "./chromium.ts";
import { redisProgram } from "./redis.ts";
import { noAdapter } from "./webgpu-probe.ts";

interface Thing {
  readonly what: string;
  /** What to do on a machine without it. */
  readonly bring: string;
  /** Why it is not there, or null where it is. Asked once a run. */
  missing(): string | null;
}

const root = join(import.meta.dirname, "../..");

/** Python with what `test/python/requirements.txt` names; TWIN_PYTHON names another interpreter. */
export const python = (): string => process.env.TWIN_PYTHON ?? join(root, "build/python/bin/python");

/** Runs a command in a name space where `folder` is a file system of its own, of 300 kB unless said. */
export const onSmallDisk = (folder: string, line: string, size = "300k") =>
  spawnSync("unshare", ["-rm", "bash", "-c", `mount -t tmpfs -o size=${size} tmpfs ${folder} && ${line}`], {
    encoding: "utf8",
  });

/** How to start a process to which the permissions of files apply: they do not to root. */
export const ordinaryUser = (): { uid?: number } => (process.getuid?.() === 0 ? { uid: 65534 } : {});

const optional = {
  chromium: {
    what: "Chromium",
    bring: "install Chromium or Chrome, or name its program in TWIN_CHROMIUM",
    missing: () => (chromium() === null ? "no program of that name starts" : null),
  },
  "browser webgpu": {
    what: "a WebGPU adapter in a browser",
    bring: "install Chromium or Chrome, or name its program in TWIN_CHROMIUM",
    missing() {
      const program = chromium();
      return program === null ? "no browser starts" : noBrowserAdapter(program);
    },
  },
  webgpu: {
    what: "a WebGPU adapter for onnxruntime-node",
    bring: "on Debian, `apt-get install chromium libvulkan1` brings one in software",
    missing: noAdapter,
  },
  python: {
    what: "Python with ONNX Runtime",
    bring:
      "`bash test/python/install.sh` installs it into build/python, or name an interpreter with the packages of test/python/requirements.txt in TWIN_PYTHON",
    missing() {
      const { status, stderr, error } = spawnSync(python(), ["-c", "import numpy, onnx, onnxruntime, xxhash"], {
        encoding: "utf8",
        timeout: 120_000,
      });
      return status === 0 ? null : (error?.message ?? stderr).trim().split("\n").at(-1) || `${python()} does not run`;
    },
  },
  redis: {
    what: "Redis",
    bring: "install Debian's redis-server, or name its program in TWIN_REDIS, and redis-cli (redis-tools)",
    missing() {
      const said = (program: string) => spawnSync(program, ["--version"], { encoding: "utf8", timeout: 20_000 });
      const [server, client] = [said(redisProgram()), said("redis-cli")];
      const missing = server.error ?? client.error;
      return missing?.message ?? (/v=[7-9]/.test(server.stdout) ? null : "it is older than 7");
    },
  },
  "redis tls": {
    what: "a Redis that speaks TLS, and openssl",
    bring: "Debian's redis-server is built with it; install openssl",
    missing() {
      const ssl = spawnSync("openssl", ["version"], { encoding: "utf8", timeout: 20_000 });
      // Without a certificate it ends at once, whether it knows the word or not.
      const { stdout, error } = spawnSync(redisProgram(), ["--port", "0", "--tls-port", "1"], {
        encoding: "utf8",
        timeout: 20_000,
      });
      const missing = ssl.error ?? error;
      return missing?.message ?? (/tls-cert-file/.test(stdout) ? null : "it is built without TLS");
    },
  },
  processors: {
    what: "two processors",
    bring: "give the machine a second one",
    missing: () => (availableParallelism() < 2 ? "there is one" : null),
  },
  proc: {
    what: "/proc",
    bring: "Linux lists there which files a process has open, and when one began",
    missing: () => (existsSync("/proc/self/fd") && existsSync("/proc/self/stat") ? null : "there is none"),
  },
  mount: {
    what: "a small disk of its own",
    bring: "Linux with util-linux, where a user may mount in a name space of his own",
    missing() {
      const folder = mkdtempSync(join(tmpdir(), "twin-test-"));
      try {
        const { status, stderr, error } = onSmallDisk(folder, "true");
        return status === 0 ? null : `nothing can be mounted: ${(stderr || String(error)).trim().split("\n")[0]}`;
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
  "ordinary user": {
    what: "a user to whom permissions apply",
    bring: "run as one, or let others read this checkout",
    missing() {
      const { status } = spawnSync(process.execPath, [join(root, "cli/twin.mjs"), "--version"], ordinaryUser());
      return status === 0 ? null : "root is told nothing, and another user may not read this checkout";
    },
  },
} satisfies Readonly<Record<string, Thing>>;

export type Optional = keyof typeof optional;

const asked = new Map<Optional, string | null>();

/** Why a thing is not to be had here, or null; files of one run share what was found. */
export function lacking(name: Optional): string | null {
  const known = asked.get(name);
  if (known !== undefined) {
    return known;
  }
  const shared = process.env.TWIN_TEST_FOLDER;
  const note = shared === undefined ? null : join(shared, `needs ${name}`);
  const missing = note !== null && existsSync(note) ? readFileSync(note, "utf8") || null : optional[name].missing();
  if (note !== null) {
    writeFileSync(note, missing ?? "");
  }
  asked.set(name, missing);
  return missing;
}

declare module "vitest" {
  interface TaskMeta {
    /** What the machine lacks for this test, in words. */
    lacks?: string;
  }
}

/** Options of a `describe` or an `it` that need these things: they are left out where one is lacking, and the run says so. */
export function needs(...names: readonly Optional[]): { readonly skip?: boolean; readonly meta?: { lacks: string } } {
  const lacks = names.flatMap((name) => {
    const reason = lacking(name);
    return reason === null ? [] : [`${optional[name].what} (${reason}; ${optional[name].bring})`];
  });
  if (lacks.length === 0) {
    return {};
  }
  if (process.env.TWIN_REQUIRE_ALL) {
    throw new Error(`TWIN_REQUIRE_ALL is set, and here is not ${lacks.join(", nor ")}`);
  }
  return { skip: true, meta: { lacks: lacks.join(", ") } };
}
