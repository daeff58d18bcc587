import assert from "node:assert/strict";
import { KubeApiError } from "../../../src/kube/api-error.ts";
import type { ListPage } from "../../../src/kube/client.ts";
import { Reflector, type ReflectorIncident } from "../../../src/kube/reflector.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import { eventually } from "../runtime/eventually.ts";
import { object, page, ScriptedApi, type TestObject } from "./scripted-api.ts";

const gone = (): KubeApiError => new KubeApiError(410, "Expired", "too old resource version");
const unreachable = (): KubeApiError => new KubeApiError(0, "Unreachable", "connect ECONNREFUSED");

/** Ended after each test, also after one that failed: nothing is left running. */
const running: (() => Promise<void>)[] = [];

/** A reflector on the script, with what it told its sink as text. */
function start(api: ScriptedApi, silenceMs = 60_000) {
  const told: string[] = [];
  const states: string[] = [];
  const incidents: ReflectorIncident[] = [];
  const lines: string[] = [];
  const abort = new AbortController();
  const reflector = new Reflector<TestObject>({
    source: api,
    sink: {
      replace: (objects) => told.push(`replace ${objects.map(({ metadata }) => metadata.name).join(",")}`),
      apply: (type, { metadata }) => told.push(`${type} ${metadata.name}@${metadata.resourceVersion}`),
    },
    logger: createLogger({ level: "debug", format: "json", write: (line) => lines.push(line) }),
    onState: ({ name }) => states.push(name),
    onIncident: (incident) => incidents.push(incident),
    silenceMs,
    backoff: { baseMs: 1, maxMs: 2 },
  });
  const ended = reflector.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
    assert.equal(reflector.state, "Stopped");
  };
  running.push(stop);
  return { reflector, told, states, incidents, lines, stop };
}

describe("kube/reflector", () => {
  afterEach(() => Promise.all(running.splice(0).map((stop) => stop())));

  it("lists all pages, then watches from where the list was", async () => {
    const api = new ScriptedApi([page(10, object("a", 3), object("b", 4)), page(10, object("c", 5))]);
    const { reflector, told, states, stop } = start(api);
    const watch = await api.nextWatch();
    assert.equal(watch.resourceVersion, "10");
    assert.ok(watch.timeoutSeconds >= 240 && watch.timeoutSeconds <= 480);
    assert.ok(reflector.hasListed);
    assert.deepEqual(told, ["replace a,b,c"]);
    assert.deepEqual(states, ["Listing", "Watching"]);
    await stop();
  });

  it("hands on what the watch sends, and keeps bookmarks to itself", async () => {
    const api = new ScriptedApi([page(10)]);
    const { told, stop } = start(api);
    const watch = await api.nextWatch();
    watch.send("ADDED", object("a", 11));
    watch.bookmark(15);
    watch.send("DELETED", object("a", 16));
    await eventually(() => told.length === 3, "three calls");
    assert.deepEqual(told.slice(1), ["ADDED a@11", "DELETED a@16"]);
    await stop();
  });

  it("goes on from the last version it saw, bookmarks included, when the server ends the watch", async () => {
    const api = new ScriptedApi([page(10)]);
    const { stop, incidents } = start(api);
    const first = await api.nextWatch();
    first.send("ADDED", object("a", 11));
    first.bookmark(20);
    first.end();
    assert.equal((await api.nextWatch()).resourceVersion, "20");
    assert.deepEqual(incidents, ["listed"]);
    await stop();
  });

  it("goes on from the last version after a connection error", async () => {
    const api = new ScriptedApi([page(10)]);
    const { stop, incidents, states } = start(api);
    const first = await api.nextWatch();
    first.send("MODIFIED", object("a", 12));
    first.fail(unreachable());
    assert.equal((await api.nextWatch()).resourceVersion, "12");
    assert.deepEqual(incidents, ["listed", "watch_failed"]);
    assert.deepEqual(states, ["Listing", "Watching", "BackingOff", "Watching"]);
    await stop();
  });

  for (const [how, expire] of [
    ["an ERROR event 410", (watch) => watch.sendError(410, "Expired")],
    ["an answer 410", (watch) => watch.fail(gone())],
  ] as readonly [
    string,
    (watch: { sendError(code: number, reason: string): void; fail(error: Error): void }) => void,
  ][]) {
    it(`lists again after ${how}`, async () => {
      const api = new ScriptedApi([page(10, object("a", 3))], [page(30, object("b", 25))]);
      const { told, incidents, stop } = start(api);
      expire(await api.nextWatch());
      assert.equal((await api.nextWatch()).resourceVersion, "30");
      assert.deepEqual(told, ["replace a", "replace b"]);
      assert.deepEqual(incidents, ["listed", "expired", "listed"]);
      await stop();
    });
  }

  it("lists again after any other ERROR event", async () => {
    const api = new ScriptedApi([page(10)], [page(30)]);
    const { states, stop } = start(api);
    (await api.nextWatch()).sendError(500, "InternalError");
    assert.equal((await api.nextWatch()).resourceVersion, "30");
    assert.deepEqual(states, ["Listing", "Watching", "BackingOff", "Empty", "Listing", "Watching"]);
    await stop();
  });

  it("takes a silent watch for dead and goes on from the last version", async () => {
    const api = new ScriptedApi([page(10)]);
    const { incidents, stop } = start(api, 40);
    const first = await api.nextWatch();
    first.bookmark(14);
    const second = await api.nextWatch();
    assert.ok(first.signal.aborted);
    assert.equal(second.resourceVersion, "14");
    assert.deepEqual(incidents, ["listed", "silent"]);
    await stop();
  });

  it("does not take a watch for dead on which something comes", async () => {
    const api = new ScriptedApi([page(10)]);
    const { incidents, stop } = start(api, 60);
    const watch = await api.nextWatch();
    for (let version = 11; version < 21; version++) {
      watch.bookmark(version);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(incidents, ["listed"]);
    await stop();
  });

  it("tries a failed list again, and knows nothing before it has succeeded", async () => {
    const api = new ScriptedApi(unreachable(), unreachable(), "hang");
    const { reflector, told, incidents } = start(api);
    await eventually(() => api.requests.length === 3, "the third list");
    assert.deepEqual(incidents, ["list_failed", "list_failed"]);
    assert.equal(reflector.hasListed, false);
    assert.match(reflector.problem ?? "", /ECONNREFUSED/);
    assert.deepEqual(told, []);
  });

  it("warns of the same failure once, and has no problem any more when it is over", async () => {
    const api = new ScriptedApi(unreachable(), unreachable(), [page(10)]);
    const { reflector, lines } = start(api);
    await api.nextWatch();
    assert.equal(reflector.problem, undefined);
    assert.equal(lines.filter((line) => line.includes('"warn"')).length, 1);
  });

  it("fetches the whole list at once when the pages have expired", async () => {
    const expired = gone() as unknown as ListPage<TestObject>;
    const api = new ScriptedApi([page(10, object("a", 3)), expired], [page(30, object("a", 3), object("b", 20))]);
    const { told, stop } = start(api);
    await api.nextWatch();
    assert.deepEqual(api.requests.slice(0, 2), ["list", "list at once"]);
    assert.deepEqual(told, ["replace a,b"]);
    await stop();
  });

  it("pauses between lists when each expires at once", async () => {
    const api = new ScriptedApi([page(10)], [page(20)], [page(30)]);
    const { states, stop } = start(api);
    (await api.nextWatch()).fail(gone());
    (await api.nextWatch()).fail(gone());
    await api.nextWatch();
    const once = ["Listing", "Watching", "Empty"];
    assert.deepEqual(states, [...once, "Listing", "Watching", "BackingOff", "Empty", "Listing", "Watching"]);
    await stop();
  });

  it("pauses when the server ends each watch at once", async () => {
    const api = new ScriptedApi([page(10)]);
    const { incidents, stop } = start(api);
    (await api.nextWatch()).end();
    (await api.nextWatch()).end();
    await api.nextWatch();
    assert.deepEqual(incidents, ["listed", "watch_failed", "watch_failed"]);
    await stop();
  });

  describe("stops in each state", () => {
    it("before it has begun", async () => {
      const api = new ScriptedApi([page(10)]);
      const abort = new AbortController();
      abort.abort();
      const logger = createLogger({ level: "error", format: "json" });
      const sink = { replace: () => assert.fail(), apply: () => assert.fail() };
      await new Reflector<TestObject>({ source: api, sink, logger }).run(abort.signal);
      assert.deepEqual(api.requests, []);
    });

    it("while it lists", async () => {
      const api = new ScriptedApi("hang");
      const { told, incidents, stop } = start(api);
      await eventually(() => api.requests.length === 1, "the list");
      await stop();
      assert.deepEqual([told, incidents], [[], []]);
    });

    it("while it watches, and tells nothing afterwards", async () => {
      const api = new ScriptedApi([page(10)]);
      const { told, incidents, stop } = start(api);
      const watch = await api.nextWatch();
      await stop();
      watch.send("ADDED", object("late", 11));
      assert.ok(watch.signal.aborted);
      assert.deepEqual([told, incidents], [["replace "], ["listed"]]);
    });

    it("while it backs off", async () => {
      const api = new ScriptedApi(...Array.from({ length: 1_000 }, unreachable));
      const { reflector, incidents, stop } = start(api);
      await eventually(() => reflector.state === "BackingOff" && incidents.length > 2, "the backoff");
      await stop();
      const requests = api.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(api.requests.length, requests);
    });
  });
});
