// The line to a thread: answers, errors with their class, memory that is shared or goes over, and every way to end.
import { afterEach, describe, expect, it } from "vitest";
import { TwinError } from "../../contract/error.ts";
import { startThread } from "../../runtime/host/start-thread.ts";
import { Crew } from "../../runtime/threads/crew.ts";
import type { InnerLine, OuterLine } from "../../runtime/threads/line.ts";
import type { Call, Reply } from "../../runtime/threads/messages.ts";
import { serveCalls } from "../../runtime/threads/serve-calls.ts";
import { openAll, Thread } from "../../runtime/threads/thread.ts";
import type { TrialJob, TrialStart } from "../kit/trial-thread.ts";

type Trial = Thread<TrialJob, unknown, string>;
const opened: Trial[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((thread) => thread.end()));
});

async function trial(open: TrialStart["open"] = "well", shared = new SharedArrayBuffer(4)): Promise<Trial> {
  const line = startThread<TrialStart, TrialJob, unknown, string>(import.meta.url, "../kit/trial-thread.ts", "");
  const thread: Trial = await Thread.open(line, { open, shared }, { name: "trial thread" });
  opened.push(thread);
  return thread;
}

const thrown = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

describe("a thread", () => {
  it("answers each job by itself, in the order in which they came", async () => {
    const thread = await trial();
    expect(thread.ready).toBe("open");
    const answers = await Promise.all([1, 2, 3].map(() => thread.ask({ kind: "count" })));
    expect(answers).toEqual([1, 2, 3]);
  });

  it("shares shared memory, and takes other memory over without a copy", async () => {
    const shared = new SharedArrayBuffer(4);
    const thread = await trial("well", shared);
    await thread.ask({ kind: "count" });
    expect(new Int32Array(shared)[0]).toBe(1);
    const values = new Float32Array([1, 2]);
    const answer = await thread.ask({ kind: "double", values }, { transfer: [values.buffer] });
    expect(answer).toEqual(new Float32Array([2, 4]));
    expect(values.byteLength).toBe(0);
  });

  it("passes errors with their class: a use error with its code, a bug with the stack of its thread", async () => {
    const thread = await trial();
    expect(await thrown(thread.ask({ kind: "refuse" }))).toEqual(new TwinError("row 3 is wrong", { code: "deadline" }));
    const bug = (await thrown(thread.ask({ kind: "bug" }))) as Error;
    expect(bug).not.toBeInstanceOf(TwinError);
    expect(bug.stack).toMatch(/RangeError: a bug[\s\S]*trial-thread/);
    expect(await thrown(thread.ask({ kind: "uncloneable" }))).toMatchObject({ message: /could not be cloned/ });
    const job = { kind: "wait", milliseconds: () => 1 } as never;
    expect(await thrown(thread.ask(job))).toMatchObject({
      name: "TwinError",
      message: expect.stringMatching(/cannot be sent to a trial thread.*Bring plain columns/),
    });
    expect(await thread.ask({ kind: "count" })).toBe(1);
  });

  it.each([
    ["refused", TwinError, /nothing to open/],
    ["broken", Error, /a bug while opening/],
    ["ended", TwinError, /trial thread ended early: exit code 3/],
  ] as const)("that cannot open says why: %s", async (how, kind, message) => {
    const error = (await thrown(trial(how))) as Error;
    expect(error.constructor).toBe(kind);
    expect(error.message).toMatch(message);
  });

  it("is told that a result is not wanted any more, whether its job waits or runs", async () => {
    const thread = await trial();
    const [first, second] = [new AbortController(), new AbortController()];
    const running = thread.ask({ kind: "wait", milliseconds: 60_000 }, { signal: first.signal });
    const waiting = thread.ask({ kind: "count" }, { signal: second.signal });
    const wanted = thread.ask({ kind: "count" });
    second.abort();
    first.abort();
    expect(await running).toBe("dropped");
    await expect(waiting).rejects.toThrow(/abort/);
    expect(await wanted).toBe(1);
  });

  it.each([
    ["exit", TwinError, /ended early: exit code 7/],
    ["throw", Error, /ended early: thrown beside the job/],
  ] as const)("that dies (%s) fails what it was asked, and what it is asked later", async (kind, type, message) => {
    const thread = await trial();
    let died = 0;
    thread.onDeath(() => died++);
    const both = [thread.ask({ kind }), thread.ask({ kind: "count" })];
    for (const answer of both) {
      const error = (await thrown(answer)) as Error;
      expect(error.constructor).toBe(type);
      expect(error.message).toMatch(message);
    }
    expect(thread.gone).toBe(true);
    await expect(thread.ask({ kind: "count" })).rejects.toThrow(message);
    expect(died).toBe(1);
    await thread.close();
  });

  it("is closed after its jobs, and lets go of what it has", async () => {
    const shared = new SharedArrayBuffer(4);
    const thread = await trial("well", shared);
    const last = thread.ask({ kind: "count" });
    await thread.close();
    expect(await last).toBe(1);
    expect(new Int32Array(shared)[0]).toBe(-1);
    await expect(thread.ask({ kind: "count" })).rejects.toMatchObject({ code: "closed" });
  });

  it("fails its jobs where it is ended", async () => {
    const thread = await trial();
    const answer = thread.ask({ kind: "wait", milliseconds: 60_000 });
    await thread.end();
    await expect(answer).rejects.toMatchObject({ code: "closed" });
  });
});

it("opens all threads or none", async () => {
  let count = 0;
  let ended = 0;
  const open = async () => {
    if (++count === 2) {
      throw new TwinError("the second one failed");
    }
    return { end: async () => void ended++ };
  };
  await expect(openAll(3, open)).rejects.toThrow(/the second one failed/);
  expect(ended).toBe(2);
});

it("speaks over whatever carries plain data, such as a browser's worker", async () => {
  const { outer, inner } = channel();
  serveCalls<string, number, number, string>(inner, async (start) => ({ ready: start, run: (job) => job + 1 }));
  const thread = await Thread.open<string, number, number, string>(outer, "begun", { name: "worker" });
  expect([thread.ready, await thread.ask(1)]).toEqual(["begun", 2]);
  await thread.close();
});

/** Both ends of a line on the web's own `MessageChannel`. */
function channel(): {
  outer: OuterLine<string, number, number, string>;
  inner: InnerLine<string, number, number, string>;
} {
  const { port1, port2 } = new MessageChannel();
  const onMessage = <T>(port: typeof port1, take: (message: T) => void): void => {
    Object.assign(port, { onmessage: ({ data }: { data: T }) => take(data) });
  };
  return {
    outer: {
      post: (call, transfer) => port1.postMessage(call, [...transfer]),
      listen: (take) => onMessage<Reply<number, string>>(port1, take),
      end: async () => port1.close(),
    },
    inner: {
      post: (reply, transfer) => port2.postMessage(reply, [...transfer]),
      listen: (take) => onMessage<Call<string, number>>(port2, take),
      close: () => port2.close(),
    },
  };
}

describe("a crew", () => {
  class Fake {
    #died: (() => void) | null = null;
    ended = false;
    onDeath(listener: () => void): void {
      this.#died = listener;
    }
    die(): void {
      this.#died!();
    }
    async close(): Promise<void> {
      this.ended = true;
    }
    async end(): Promise<void> {
      this.ended = true;
    }
  }
  const crewOf = (open: () => Promise<Fake>) => {
    const warnings: string[] = [];
    let changes = 0;
    const crew = new Crew<Fake>({
      open,
      changed: () => changes++,
      warn: (message) => warnings.push(message),
      pauses: [0, 1, 1],
    });
    return { crew, warnings, changes: () => changes };
  };

  it("replaces a member that dies, also when that takes several attempts", async () => {
    const members: Fake[] = [];
    let failing = 0;
    const { crew, warnings, changes } = crewOf(async () => {
      if (failing-- > 0) {
        throw new TwinError("not now");
      }
      members.push(new Fake());
      return members.at(-1)!;
    });
    await crew.start(2);
    expect(crew.take(() => false)).toBe(members[0]);
    expect(crew.take((one) => one === members[1])).toBe(members[1]);
    expect(crew.take(() => true)).toBeNull();
    failing = 2;
    members[0].die();
    crew.give(members[0]);
    expect(crew.take(() => true)).toBeNull();
    await expect.poll(changes).toBe(1);
    expect(crew.take(() => true)).toBe(members[2]);
    expect([crew.alive, crew.broken, warnings]).toEqual([2, null, []]);
    await crew.close();
    expect(members.map(({ ended }) => ended)).toEqual([false, true, true]);
  });

  it("says who is missing, and that it is broken when nobody is left", async () => {
    const members: Fake[] = [];
    const { crew, warnings, changes } = crewOf(async () => {
      if (members.length === 2) {
        throw new TwinError("the folder is gone");
      }
      members.push(new Fake());
      return members.at(-1)!;
    });
    await crew.start(2);
    members[0].die();
    await expect.poll(() => warnings).toEqual([expect.stringMatching(/1 of 2 are left: the folder is gone/)]);
    expect(crew.broken).toBeNull();
    members[1].die();
    await expect.poll(changes).toBe(1);
    expect(crew.broken).toMatchObject({
      code: "thread_ended",
      message: expect.stringMatching(/no worker thread is alive.*the folder is gone.*load the folder again/),
    });
    await crew.close();
  });

  it("starts nobody any more once it is closed", async () => {
    const members: Fake[] = [];
    const { crew } = crewOf(async () => {
      members.push(new Fake());
      return members.at(-1)!;
    });
    await crew.start(1);
    members[0].die();
    await crew.close();
    await expect.poll(() => members.slice(1).every(({ ended }) => ended)).toBe(true);
    expect(crew.alive).toBe(0);
  });
});
