// TLS and users: `rediss://` with a certificate of one's own, a user of few rights, and a password that is said nowhere.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { publishTables } from "../../../runtime/build-table/publish.ts";
import { load } from "../../../runtime/index.ts";
import { openRedis } from "../../../runtime/redis/index.ts";
import { cleanUp, temporary } from "../../kit/built-twin.ts";
import { fine, twin as twinProcess } from "../../kit/cli.ts";
import { needs } from "../../kit/needs.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../../kit/rank-model.ts";
import { freePort, type RedisServer, startRedis } from "../../kit/redis.ts";

afterAll(cleanUp);

const [publisher, ranker] = ["hush-publisher", "hush-ranker"];
const ranking = ["+mget", "+get", "+hgetall", "+info", "+ping", "+client|setname"];
const publishing = [...ranking, "+hget", "+hset", "+incr", "+mset", "+set"];

/** Users with the rights that the error of a refused one names, and no others. */
function addUsers(server: RedisServer): void {
  for (const [name, word, rights] of [
    ["publisher", publisher, publishing],
    ["ranker", ranker, ranking],
  ] as const) {
    expect(server.cli("acl", "setuser", name, "on", `>${word}`, "~twin:*", ...rights)).toContain("OK");
  }
  expect(server.cli("acl", "setuser", "default", "off")).toMatch(/OK|NOAUTH|NOPERM/);
}

const as = (user: string, word: string) => ({ TWIN_REDIS_USERNAME: user, TWIN_REDIS_PASSWORD: word });

/** Everything that a folder says. */
function textOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

/** The folder without its tables, and what `published.json` says. */
function elsewhere(dir: string): string {
  const served = join(temporary(), "served");
  cpSync(dir, served, { recursive: true });
  rmSync(join(served, "tables/generations"), { recursive: true });
  rmSync(join(served, "tables/current"));
  return served;
}

describe("users of a Redis", needs("redis"), () => {
  afterEach(() => void vi.unstubAllEnvs());
  const login = (user: string, word: string): void => {
    for (const [name, value] of Object.entries(as(user, word))) {
      vi.stubEnv(name, value);
    }
  };

  it("publish and rank with few rights, and no file, status, warning or error has their passwords", async () => {
    const server = await startRedis();
    try {
      addUsers(server);
      const dir = await builtRanked(
        rankSource("precision: float16 on_miss: zero"),
        { covered: 150 },
        { outside: "all" },
      );
      const said: string[] = [];
      const refused = async (what: Promise<unknown>, pattern: RegExp) => {
        const error = await what.then(
          () => new Error("nothing was refused"),
          (reason: Error) => reason,
        );
        expect(error.message).toMatch(pattern);
        for (let one: unknown = error; one instanceof Error; one = one.cause) {
          said.push(String(one.stack), JSON.stringify(one, Object.getOwnPropertyNames(one)));
        }
      };
      login("publisher", "hush-wrong");
      await refused(publishTables({ dir, to: server.address }), /does not let us in.*TWIN_REDIS_PASSWORD/);
      login("ranker", ranker);
      await refused(publishTables({ dir, to: server.address }), /this user may not do that.*INCR/);
      login("publisher", publisher);
      const report = await publishTables({ dir, to: server.address, note: (text) => said.push(text) });
      const served = elsewhere(dir);
      login("ranker", ranker);
      const twin = await load(served, { cache: 100_000 });
      const prepared = await twin.prepare(someUser(9));
      const { scores } = await prepared.rank(someCandidates(9));
      expect(scores.click).toHaveLength(9);
      await server.kill();
      await refused(twin.prepare(someUser(40, 99)), /nobody answers|in time/);
      said.push(JSON.stringify([report, twin.status(), twin.warnings, twin.manifest]), textOf(dir), textOf(served));
      await twin.close();
      vi.stubEnv("TWIN_REDIS_URL", `redis://ranker:${ranker}@127.0.0.1:1`);
      await refused(load(served), /names a user or a password/);
      expect(said.join("\n")).not.toMatch(/hush/);
    } finally {
      await server.close();
    }
  });
});

describe("a Redis behind TLS", needs("redis", "redis tls"), () => {
  let server: RedisServer;
  let folder: string;
  let address: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "twin-tls-"));
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    const { status, stderr } = spawnSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
        ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
      ],
      { encoding: "utf8" },
    );
    expect(status, stderr).toBe(0);
    const port = await freePort();
    const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate];
    server = await startRedis("--tls-port", String(port), ...files, "--tls-auth-clients", "no");
    address = `rediss://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it("is not trusted without its certificate, and the error says what to do", async () => {
    await expect(openRedis(address)).rejects.toThrow(
      /^rediss:\/\/127\.0\.0\.1:\d+: its certificate is not trusted \(.+\)\. Name the file .* in NODE_EXTRA_CA_CERTS/,
    );
    // Nor does anybody speak it where no TLS is.
    await expect(openRedis(server.address.replace("redis:", "rediss:"), { connect: 1000 })).rejects.toThrow(
      /^rediss:\/\/127\.0\.0\.1:\d+: /,
    );
  });

  it("is published to and ranked from by those who trust it, as users", async () => {
    addUsers(server);
    const dir = await builtRanked();
    const trusted = { NODE_EXTRA_CA_CERTS: join(folder, "certificate.pem") };
    const env = { ...trusted, ...as("publisher", publisher) };
    const { stdout, stderr } = await fine(["table", "publish", dir, "--to", address], { env });
    expect(stdout).toMatch(/generation 1 lies in rediss:\/\/127\.0\.0\.1:\d+; 600 rows/);
    const served = elsewhere(dir);
    const request = join(folder, "request.json");
    writeFileSync(request, JSON.stringify({ ...someUser(9), ...someCandidates(5) }));
    const words = (place: string) => ["rank", place, "--request", request, "--json"];
    const [near, far] = [
      await fine(words(dir)),
      await fine(words(served), { env: { ...trusted, ...as("ranker", ranker) } }),
    ];
    // Ages are those of the moment.
    const answer = ({ stdout: text }: { stdout: string }) =>
      JSON.parse(text, (key, value) => (key === "age" ? undefined : value));
    expect(answer(far)).toEqual(answer(near));
    const wrong = await twinProcess(words(served), { env: { ...trusted, ...as("ranker", "hush-wrong") } });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/does not let us in/);
    expect([stdout, stderr, far.stdout, far.stderr, wrong.stdout, wrong.stderr].join("\n")).not.toMatch(/hush/);
  });
});
