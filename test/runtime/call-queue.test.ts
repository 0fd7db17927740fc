// Calls that wait: how many may, for how long, who is next, and that nothing is left behind.
import { getEventListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { CallQueue, placesFor } from "../../runtime/threads/queue.ts";
import type { CallOptions } from "../../runtime/threads/wanted.ts";

/** A queue before one place, and calls that end when they are told to. */
function queueOf(limit: number, places = 1) {
  const queue = new CallQueue(limit, placesFor(places));
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const signals = new Map<string, AbortSignal | null>();
  const call = (name: string, options: CallOptions = {}): Promise<string> => {
    const answer = queue.run(null, options, (_, signal) => {
      begun.push(name);
      signals.set(name, signal);
      return new Promise<string>((resolve, reject) => {
        ends.set(name, (error) => (error ? reject(error) : resolve(name)));
      });
    });
    answer.catch(() => undefined);
    return answer;
  };
  return { queue, begun, call, end: (name: string, error?: Error) => ends.get(name)!(error), signals };
}

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("a queue", () => {
  it("begins at once where a place is free, else in the order in which calls came", async () => {
    const { queue, begun, call, end } = queueOf(9, 2);
    const answers = ["a", "b", "c", "d"].map((name) => call(name));
    expect(begun).toEqual(["a", "b"]);
    expect([queue.working, queue.waiting]).toEqual([2, 2]);
    end("b");
    expect(await answers[1]).toBe("b");
    await expect.poll(() => begun).toEqual(["a", "b", "c"]);
    for (const name of ["a", "c"]) {
      end(name);
    }
    await expect.poll(() => begun).toContain("d");
    end("d");
    expect(await Promise.all(answers)).toEqual(["a", "b", "c", "d"]);
    await queue.idle();
    expect([queue.working, queue.waiting]).toEqual([0, 0]);
  });

  it("refuses the call after its last place, with its limit and the way out", async () => {
    const { queue, call, end } = queueOf(2);
    const answers = ["a", "b", "c"].map((name) => call(name));
    await expect(call("d")).rejects.toMatchObject({
      name: "TwinError",
      code: "queue_full",
      message: expect.stringMatching(/2 requests wait already.*queue: 2.*load\(DIR, \{ workers, queue \}\)/),
    });
    expect(queue.waiting).toBe(2);
    end("a");
    await answers[0];
    await expect.poll(() => queue.waiting).toBe(1);
    const late = call("e");
    expect(queue.waiting).toBe(2);
    for (const name of ["b", "c", "e"]) {
      await expect.poll(() => end(name)).toBeUndefined();
    }
    expect(await late).toBe("e");
  });

  it("of length 0 takes what can begin at once", async () => {
    const { call, end } = queueOf(0);
    const only = call("a");
    await expect(call("b")).rejects.toThrow(/no request may wait/);
    end("a");
    expect(await only).toBe("a");
  });

  it("lets a call that waits and is aborted go at once, and gives its place to another", async () => {
    const { queue, begun, call, end } = queueOf(1);
    const first = call("a");
    const stop = new AbortController();
    const waiting = call("b", { signal: stop.signal });
    await expect(call("c")).rejects.toMatchObject({ code: "queue_full" });
    stop.abort(new Error("the client is gone"));
    expect(queue.waiting).toBe(0);
    await expect(waiting).rejects.toThrow("the client is gone");
    const next = call("c");
    end("a");
    await first;
    await expect.poll(() => begun).toEqual(["a", "c"]);
    end("c");
    expect(await next).toBe("c");
  });

  it("drops the result of a call that runs and is aborted, and keeps its place until it is done", async () => {
    const { queue, begun, call, end, signals } = queueOf(1);
    const stop = new AbortController();
    const running = call("a", { signal: stop.signal });
    const next = call("b");
    expect([signals.get("a")!.aborted, signals.get("b")]).toEqual([false, undefined]);
    stop.abort();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(signals.get("a")!.aborted).toBe(true);
    expect([queue.working, queue.waiting, begun]).toEqual([1, 1, ["a"]]);
    end("a", new Error("of which nobody hears"));
    await expect.poll(() => begun).toEqual(["a", "b"]);
    end("b");
    expect(await next).toBe("b");
    expect(signals.get("b")).toBeNull();
  });

  it("waits for what runs on after its call was given up", async () => {
    const { queue, call, end } = queueOf(1);
    const stop = new AbortController();
    const running = call("a", { signal: stop.signal });
    stop.abort();
    await expect(running).rejects.toThrow();
    let idle = false;
    const waited = queue.idle().then(() => {
      idle = true;
    });
    await pause(5);
    expect(idle).toBe(false);
    end("a");
    await waited;
  });

  it("rejects a call whose deadline passes, while it waits or runs", async () => {
    const { queue, begun, call, end } = queueOf(9);
    const passed = { name: "TwinError", code: "deadline", message: expect.stringMatching(/deadline.*passed/) };
    const running = call("a", { deadline: Date.now() + 30 });
    const waiting = call("b", { deadline: new Date(Date.now() + 20) });
    await expect(call("c", { deadline: Date.now() - 1 })).rejects.toMatchObject(passed);
    await expect(waiting).rejects.toMatchObject(passed);
    expect(queue.waiting).toBe(0);
    await expect(running).rejects.toMatchObject(passed);
    end("a");
    await queue.idle();
    expect(begun).toEqual(["a"]);
  });

  it("drops a result that is late, also where no timer had its turn", async () => {
    const queue = new CallQueue(1, placesFor(1));
    const answer = queue.run(null, { deadline: Date.now() + 5 }, async () => {
      for (const until = Date.now() + 20; Date.now() < until; ) {}
      return "late";
    });
    await expect(answer).rejects.toMatchObject({ code: "deadline" });
  });

  it("waits for a deadline that no timer reaches", async () => {
    const { call, end } = queueOf(1);
    const answer = call("a", { deadline: Date.now() + 2 ** 40 });
    await pause(5);
    end("a");
    expect(await answer).toBe("a");
  });

  it.each([
    [{ deadline: 50 }, /deadline is 50: bring a Date, or milliseconds since 1970 such as Date\.now\(\) \+ 50/],
    [{ deadline: 1_704_015_178 }, /deadline is 1704015178/],
    [{ deadline: new Date("never") }, /deadline is Invalid Date/],
    [{ deadline: "soon" }, /deadline is soon/],
    [{ signal: {} }, /signal must be an AbortSignal/],
    [{ timeout: 5 }, /no option `timeout`; known: signal, deadline/],
    [new AbortController().signal, /a signal is brought as an option: \{ signal \}/],
    [null, /options of a call must be an object/],
  ])("refuses options %j", async (options, message) => {
    const { begun, call } = queueOf(1);
    await expect(call("a", options as never)).rejects.toThrow(message);
    expect(begun).toEqual([]);
  });

  it("leaves no listener and no timer behind, and has one listener a signal", async () => {
    const warned = vi.fn();
    process.on("warning", warned);
    const timers = () => process.getActiveResourcesInfo().filter((one) => one === "Timeout").length;
    const before = timers();
    const { signal } = new AbortController();
    const options = { signal, deadline: Date.now() + 600_000 };
    const { queue, begun, call, end } = queueOf(100);
    const answers = Array.from({ length: 101 }, (_, n) => call(String(n), options));
    expect(listeners(signal)).toBe(1);
    await expect(call("one more", options)).rejects.toMatchObject({ code: "queue_full" });
    queue.refuse(new Error("enough"));
    await expect(answers[100]).rejects.toThrow("enough");
    expect(listeners(signal)).toBe(1);
    end("0");
    await answers[0];
    await queue.idle();
    expect(begun).toEqual(["0"]);
    expect(listeners(signal)).toBe(0);
    expect(timers()).toBe(before);
    await pause(1);
    process.off("warning", warned);
    expect(warned).not.toHaveBeenCalled();
  });

  it("is told of a signal that was aborted before", async () => {
    const { begun, call } = queueOf(1);
    const signal = AbortSignal.abort(new Error("before"));
    await expect(call("a", { signal })).rejects.toThrow("before");
    expect([begun, listeners(signal)]).toEqual([[], 0]);
  });

  it("holds a hundred thousand without growing slow", async () => {
    const queue = new CallQueue(100_000, placesFor(4));
    let done = 0;
    const began = performance.now();
    await Promise.all(Array.from({ length: 100_000 }, () => queue.run(null, {}, async () => done++)));
    expect(done).toBe(100_000);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
