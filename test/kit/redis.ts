// Redis servers of a test's own: one, or a cluster of three primaries, on free ports, gone with the test.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The server's program; TWIN_REDIS names another. */
export const redisProgram = (): string => process.env.TWIN_REDIS ?? "redis-server";

export interface RedisServer {
  readonly port: number;
  /** `redis://127.0.0.1:PORT` */
  readonly address: string;
  readonly process: ChildProcess;
  /** Runs redis-cli. @returns what it printed */
  cli(...args: string[]): string;
  /** Starts it again on the same port after `kill`, over the same folder. */
  restart(...more: string[]): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  close(): Promise<void>;
}

/** A port that nobody listens on, low enough for the bus of a cluster node at 10,000 more. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 25_000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) {
      return port;
    }
  }
}

export async function startRedis(...more: string[]): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "twin-redis-"));
  const port = await freePort();
  const words = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  let running: ChildProcess;
  const login: string[] = [];
  const password = more.indexOf("--requirepass");
  if (password >= 0) {
    login.push("-a", more[password + 1], "--no-auth-warning");
  }
  const cli = (...args: string[]): string => {
    const { stdout, stderr } = spawnSync("redis-cli", ["-p", String(port), ...login, ...args], { encoding: "utf8" });
    return stdout + stderr;
  };
  const start = async (...others: string[]): Promise<void> => {
    running = spawn(redisProgram(), [...words, ...more, ...others], { stdio: "ignore" });
    for (let tries = 0; !cli("ping").includes("PONG"); tries++) {
      if (tries > 200 || running.exitCode !== null) {
        throw new Error(`${redisProgram()} does not answer on port ${port}`);
      }
      await sleep(50);
    }
  };
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    const ended = new Promise((resolve) => running.once("exit", resolve));
    if (running.exitCode === null && running.signalCode === null) {
      running.kill(signal);
      await ended;
    }
  };
  await start();
  return {
    port,
    address: `redis://127.0.0.1:${port}`,
    get process() {
      return running;
    },
    cli,
    restart: start,
    kill,
    async close() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface RedisCluster {
  readonly nodes: readonly RedisServer[];
  readonly address: string;
  close(): Promise<void>;
}

/** Three primaries without replicas, all slots served. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(
    [1, 2, 3].map(() => startRedis("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")),
  );
  const places = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const made = spawnSync("redis-cli", ["--cluster", "create", ...places, "--cluster-yes"], { encoding: "utf8" });
  if (made.status !== 0) {
    throw new Error(`no cluster: ${made.stdout}${made.stderr}`);
  }
  for (const node of nodes) {
    for (let tries = 0; !node.cli("cluster", "info").includes("cluster_state:ok"); tries++) {
      if (tries > 400) {
        throw new Error(`the cluster does not come up: ${node.cli("cluster", "info")}`);
      }
      await sleep(50);
    }
  }
  return {
    nodes,
    address: `redis://${places.join()}`,
    close: async () => void (await Promise.all(nodes.map((node) => node.close()))),
  };
}
