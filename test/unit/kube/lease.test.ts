import assert from "node:assert/strict";
import { ConflictError } from "../../../src/errors.ts";
import { KubeApiError } from "../../../src/kube/api-error.ts";
import type { KubeClient } from "../../../src/kube/client.ts";
import { LeaderElector, type LeaderElectorOptions, type LeaseObject } from "../../../src/kube/lease.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import { eventually } from "../runtime/eventually.ts";

/** One Lease as the API server keeps it. */
class LeaseServer {
  lease: LeaseObject | undefined;
  writes = 0;
  /** Thrown instead of an answer while set. */
  outage: Error | undefined;
  #version = 0;

  readonly client = {
    get: async () => structuredClone(this.#existing()),
    create: async (_type: unknown, _namespace: string, lease: LeaseObject) => {
      if (this.outage) throw this.outage;
      if (this.lease) throw new KubeApiError(409, "AlreadyExists", "exists");
      return this.#store(lease);
    },
    replace: async (_type: unknown, lease: LeaseObject) => {
      if (this.#existing().metadata.resourceVersion !== lease.metadata.resourceVersion)
        throw new ConflictError("Conflict", "old");
      return this.#store(lease);
    },
  } as unknown as Pick<KubeClient, "get" | "create" | "replace">;

  get holder(): string | undefined {
    return this.lease?.spec?.holderIdentity;
  }

  /** What another replica writes. */
  takenBy(holderIdentity: string, leaseDurationSeconds = 0.5): void {
    this.#store({ ...(this.lease ?? ({} as LeaseObject)), spec: { holderIdentity, leaseDurationSeconds } });
  }

  #existing(): LeaseObject {
    if (this.outage) throw this.outage;
    if (!this.lease) throw new KubeApiError(404, "NotFound", "no lease");
    return this.lease;
  }

  #store(lease: LeaseObject): LeaseObject {
    this.writes++;
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++this.#version) } };
    return structuredClone(this.lease);
  }
}

/** For what happens when a Lease runs out: soon, with much time between the deadline and the end. */
const SHORT = { leaseMs: 1_300, renewDeadlineMs: 200 };

/** Ended after each test, also after one that failed: nothing is left running. */
const running: (() => Promise<void>)[] = [];

function start(server: LeaseServer, identity: string, options: Partial<LeaderElectorOptions> = {}) {
  const told: string[] = [];
  const abort = new AbortController();
  const elector = new LeaderElector({
    client: server.client,
    namespace: "kjo",
    name: "lock",
    identity,
    logger: createLogger({ level: "error", format: "json", write: () => undefined }),
    leaseMs: 2_000,
    renewDeadlineMs: 1_000,
    retryMs: 20,
    lead: async (signal) => {
      told.push("work begins");
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      told.push(elector.holdsLease ? "work ends in time" : "work ends too late");
    },
    onOverrun: () => told.push("overrun"),
    onLeading: (isLeading) => told.push(isLeading ? "leads" : "leads no more"),
    ...options,
  });
  const ended = elector.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  running.push(stop);
  return { elector, told, stop };
}

describe("kube/lease", () => {
  afterEach(() => Promise.all(running.splice(0).map((stop) => stop())));

  it("creates the Lease with times of six digits, renews it, and gives it back after the work has ended", async () => {
    const server = new LeaseServer();
    const { elector, told, stop } = start(server, "one");
    await eventually(() => server.writes >= 4, "three renewals");
    const { spec } = server.lease!;
    assert.match(spec?.renewTime ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.deepEqual([spec?.holderIdentity, spec?.leaseDurationSeconds, spec?.leaseTransitions], ["one", 2, 0]);
    assert.notEqual(spec?.renewTime, spec?.acquireTime);
    assert.ok(elector.holdsLease);
    await stop();
    assert.equal(server.holder, "");
    assert.deepEqual(told, ["leads", "work begins", "work ends in time", "leads no more"]);
    assert.equal(elector.holdsLease, false);
  });

  it("leaves the Lease to another while that is renewed, and counts the change when it takes over", async () => {
    const server = new LeaseServer();
    server.takenBy("other");
    const renewal = setInterval(() => server.takenBy("other"), 20);
    const { elector, told, stop } = start(server, "one");
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.deepEqual([told, elector.holdsLease, elector.leader], [[], false, "other"]);
    clearInterval(renewal);
    const lastMs = performance.now();
    await eventually(() => told.length > 0, "the take-over");
    assert.ok(performance.now() - lastMs >= 430, "the other's Lease had run out");
    assert.deepEqual([server.holder, server.lease?.spec?.leaseTransitions], ["one", 1]);
    await stop();
  });

  it("judges the end of another's Lease by its own clock, whatever the times in it", async () => {
    const server = new LeaseServer();
    server.takenBy("other", 60);
    const { told, stop } = start(server, "one");
    server.lease = { ...server.lease!, spec: { ...server.lease!.spec, renewTime: "2001-01-01T00:00:00.000000Z" } };
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(told, []);
    await stop();
  });

  it("takes a Lease that was given back at once", async () => {
    const server = new LeaseServer();
    const first = start(server, "one");
    await eventually(() => first.told.length === 2, "the first leader");
    const second = start(server, "two");
    await first.stop();
    const freeMs = performance.now();
    await eventually(() => second.told.length === 2, "the second leader");
    assert.ok(performance.now() - freeMs < 1_900);
    await second.stop();
  });

  it("stops its work before the Lease runs out when the API server is away", async () => {
    const server = new LeaseServer();
    const { told, elector, stop } = start(server, "one", SHORT);
    await eventually(() => told.length === 2, "the work");
    server.outage = new KubeApiError(0, "Unreachable", "away");
    await eventually(() => told.length === 4, "the end of the work");
    assert.deepEqual(told, ["leads", "work begins", "work ends in time", "leads no more"]);
    server.outage = undefined;
    await eventually(() => told.length === 6, "leading again");
    assert.ok(elector.holdsLease);
    await stop();
  });

  it("goes on where a renewal failed but the next one did not", async () => {
    const server = new LeaseServer();
    const { told, stop } = start(server, "one");
    await eventually(() => told.length === 2, "the work");
    server.outage = new KubeApiError(500, "InternalError", "etcd");
    await new Promise((resolve) => setTimeout(resolve, 60));
    server.outage = undefined;
    const { writes } = server;
    await eventually(() => server.writes > writes + 2, "renewals");
    assert.deepEqual(told, ["leads", "work begins"]);
    await stop();
  });

  it("stops its work at once when another has taken the Lease", async () => {
    const server = new LeaseServer();
    const { told, elector, stop } = start(server, "one");
    await eventually(() => told.length === 2, "the work");
    server.takenBy("other", 60);
    await eventually(() => told.includes("leads no more"), "the end");
    assert.equal(elector.holdsLease, false);
    assert.equal(server.holder, "other", "the other's Lease is not given back");
    await stop();
  });

  it("says so when the Lease ran out before the work ended", async () => {
    const server = new LeaseServer();
    const overrun = new AbortController();
    const lead = (): Promise<void> =>
      new Promise((resolve) => overrun.signal.addEventListener("abort", () => resolve()));
    const { told, elector, stop } = start(server, "one", {
      lead,
      leaseMs: 400,
      renewDeadlineMs: 200,
      onOverrun: () => {
        held.push(elector.holdsLease);
        overrun.abort();
      },
    });
    const held: boolean[] = [];
    await eventually(() => told.length === 1, "leading");
    server.outage = new KubeApiError(0, "Unreachable", "away");
    await eventually(() => held.length === 1, "the overrun");
    assert.deepEqual(held, [false]);
    await stop();
  });

  it("keeps leading after a freeze in which nobody took the Lease", async () => {
    const server = new LeaseServer();
    const { told, elector, stop } = start(server, "one", { leaseMs: 400, renewDeadlineMs: 200 });
    await eventually(() => told.length === 2, "the work");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    assert.equal(elector.holdsLease, false, "no write is safe before the Lease has been renewed");
    await eventually(() => elector.holdsLease, "the renewal");
    assert.deepEqual(told, ["leads", "work begins"]);
    await stop();
  });

  it("stops, and says so, after a freeze in which another took the Lease", async () => {
    const server = new LeaseServer();
    const { told, elector, stop } = start(server, "one", { leaseMs: 400, renewDeadlineMs: 200 });
    await eventually(() => told.length === 2, "the work");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    server.takenBy("other", 60);
    await eventually(() => told.includes("leads no more"), "the end");
    assert.equal(elector.holdsLease, false);
    await stop();
  });

  it("lets nobody write after a freeze before the Lease has been renewed", async () => {
    const server = new LeaseServer();
    const { told, elector, stop } = start(server, "one", { leaseMs: 400, renewDeadlineMs: 200 });
    await eventually(() => told.length === 2, "the work");
    elector.assertHeld();
    assert.equal(told.includes("overrun"), false);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    elector.assertHeld();
    assert.equal(told.at(-1), "overrun");
    await stop();
  });

  it("keeps the Lease while its work takes long to end", async () => {
    const server = new LeaseServer();
    const lead = async (signal: AbortSignal): Promise<void> => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      await new Promise((resolve) => setTimeout(resolve, 900));
    };
    const { told, elector, stop } = start(server, "one", { lead, leaseMs: 500, renewDeadlineMs: 400 });
    await eventually(() => elector.holdsLease, "leading");
    const stopped = stop();
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.deepEqual([elector.holdsLease, server.holder], [true, "one"]);
    await stopped;
    assert.deepEqual([told.includes("overrun"), server.holder], [false, ""]);
  });

  it("lets the work begin again when it ended by itself", async () => {
    const server = new LeaseServer();
    let times = 0;
    const lead = async (): Promise<void> => {
      if (++times === 1) throw new TypeError("oops");
    };
    const { stop } = start(server, "one", { lead });
    await eventually(() => times >= 3, "the third time");
    await stop();
  });
});
