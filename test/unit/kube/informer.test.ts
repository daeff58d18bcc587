import assert from "node:assert/strict";
import { KubeApiError } from "../../../src/kube/api-error.ts";
import type { KubeClient, ListOptions } from "../../../src/kube/client.ts";
import { Informer, type InformerOptions } from "../../../src/kube/informer.ts";
import type { ResourceType } from "../../../src/kube/resource.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import { eventually } from "../runtime/eventually.ts";
import { object, page, ScriptedApi, type TestObject } from "./scripted-api.ts";

const TYPE: ResourceType = {
  group: "kjo.dev",
  version: "v1alpha1",
  plural: "kongroutes",
  kind: "KongRoute",
  namespaced: true,
};

/** The part of the client that an informer uses, on one script a namespace. */
function clientOf(apis: Record<string, ScriptedApi>): Pick<KubeClient, "listPages" | "listAtOnce" | "watch"> {
  const apiOf = (options: ListOptions = {}): ScriptedApi => apis[options.namespace ?? ""]!;
  return {
    listPages: (_type: ResourceType, options: ListOptions) => apiOf(options).listPages(options.signal!),
    listAtOnce: (_type: ResourceType, options: ListOptions) => apiOf(options).listAtOnce(),
    watch: (_type: ResourceType, options: ListOptions & { resourceVersion: string; timeoutSeconds: number }) =>
      apiOf(options).watch(options.resourceVersion, options.timeoutSeconds, options.signal!),
  } as unknown as KubeClient;
}

/** Ended after each test, also after one that failed: nothing is left running. */
const running: (() => Promise<void>)[] = [];

async function start(apis: Record<string, ScriptedApi>, options: Partial<InformerOptions<TestObject>> = {}) {
  const lines: string[] = [];
  const informer = new Informer<TestObject>({
    type: TYPE,
    client: clientOf(apis),
    logger: createLogger({ level: "debug", format: "json", write: (line) => lines.push(line) }),
    freeze: true,
    backoff: { baseMs: 1, maxMs: 2 },
    ...options,
  });
  const events: string[] = [];
  informer.addHandler(({ type, object: { metadata } }) =>
    events.push(`${type} ${metadata.name}@${metadata.resourceVersion}`),
  );
  const abort = new AbortController();
  const ended = informer.start(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  running.push(stop);
  assert.equal(await informer.waitForSync(), true);
  return { informer, events, lines, stop };
}

describe("kube/informer", () => {
  afterEach(() => Promise.all(running.splice(0).map((stop) => stop())));

  it("tells of what the list has as added, and of each later change once", async () => {
    const api = new ScriptedApi([page(10, object("a", 3))]);
    const { informer, events, stop } = await start({ "": api });
    const watch = await api.nextWatch();
    watch.send("MODIFIED", object("a", 11));
    watch.send("MODIFIED", object("a", 11));
    watch.send("ADDED", object("b", 12));
    watch.send("DELETED", object("a", 13));
    await eventually(() => events.length === 4, "four events");
    assert.deepEqual(events, ["added a@3", "updated a@11", "added b@12", "deleted a@13"]);
    assert.equal(informer.get("team-a", "a"), undefined);
    assert.equal(informer.get("team-a", "b")?.metadata.resourceVersion, "12");
    await stop();
  });

  it("sees deletions and replacements that fell into a gap of the watch", async () => {
    const before = page(
      10,
      object("kept", 1),
      object("gone", 2),
      object("changed", 3),
      object("made-anew", 4, "uid-1"),
    );
    const after = page(
      40,
      object("kept", 1),
      object("changed", 31),
      object("made-anew", 35, "uid-2"),
      object("new", 38),
    );
    const api = new ScriptedApi([before], [after]);
    const { informer, events, stop } = await start({ "": api });
    events.length = 0;
    (await api.nextWatch()).fail(new KubeApiError(410, "Expired", "too old"));
    await api.nextWatch();
    assert.deepEqual(events, [
      "deleted gone@2",
      "updated changed@31",
      "deleted made-anew@4",
      "added made-anew@35",
      "added new@38",
    ]);
    assert.equal(informer.size, 4);
    await stop();
  });

  it("keeps its indexes in step with every change", async () => {
    const api = new ScriptedApi([page(10, object("a", 3), object("b", 4))]);
    const valued = (name: string, version: number, value: string): TestObject => ({
      ...object(name, version),
      spec: { value },
    });
    const indexes = { value: ({ spec }: TestObject) => (spec ? [spec.value] : []) };
    const { informer, events, stop } = await start({ "": api }, { indexes });
    const names = (value: string): string[] => informer.byIndex("value", value).map(({ metadata }) => metadata.name);
    const watch = await api.nextWatch();
    watch.send("MODIFIED", valued("a", 11, "x"));
    watch.send("MODIFIED", valued("b", 12, "x"));
    await eventually(() => events.length === 4, "the changes");
    assert.deepEqual(names("x"), ["a", "b"]);
    watch.send("MODIFIED", valued("a", 13, "y"));
    watch.send("DELETED", valued("b", 14, "x"));
    await eventually(() => events.length === 6, "the changes");
    assert.deepEqual([names("x"), names("y")], [[], ["a"]]);
    assert.throws(() => informer.byIndex("other", "x"), /no index/);
    await stop();
  });

  describe("noteWritten", () => {
    it("shows our own write at once and ignores the echo and what is older", async () => {
      const api = new ScriptedApi([page(10, object("a", 3))]);
      const { informer, events, stop } = await start({ "": api });
      informer.noteWritten(object("a", 12));
      assert.equal(informer.get("team-a", "a")?.metadata.resourceVersion, "12");
      const watch = await api.nextWatch();
      watch.send("MODIFIED", object("a", 11));
      watch.send("MODIFIED", object("a", 12));
      watch.send("MODIFIED", object("a", 13));
      await eventually(() => events.includes("updated a@13"), "the newest");
      assert.deepEqual(events, ["added a@3", "updated a@12", "updated a@13"]);
      await stop();
    });

    it("orders versions by their number, not as text", async () => {
      const api = new ScriptedApi([page(10, object("a", 9))]);
      const { informer, stop } = await start({ "": api });
      informer.noteWritten(object("a", 10));
      informer.noteWritten(object("a", 9));
      assert.equal(informer.get("team-a", "a")?.metadata.resourceVersion, "10");
      await stop();
    });

    it("never brings back what was deleted", async () => {
      const api = new ScriptedApi([page(10, object("a", 3))]);
      const { informer, events, stop } = await start({ "": api });
      (await api.nextWatch()).send("DELETED", object("a", 12));
      await eventually(() => informer.size === 0, "the deletion");
      informer.noteWritten(object("a", 11));
      assert.deepEqual([informer.size, events.length], [0, 2]);
      await stop();
    });

    it("ignores a write to an earlier object of the same name", async () => {
      const api = new ScriptedApi([page(10, object("a", 8, "uid-2"))]);
      const { informer, stop } = await start({ "": api });
      informer.noteWritten(object("a", 9, "uid-1"));
      assert.equal(informer.get("team-a", "a")?.metadata.uid, "uid-2");
      await stop();
    });
  });

  it("watches each namespace by itself and has synced when all have", async () => {
    const inB = (name: string, version: number): TestObject => {
      const made = object(name, version, `uid-b-${name}`);
      return { ...made, metadata: { ...made.metadata, namespace: "team-b" } };
    };
    const apis = {
      "team-a": new ScriptedApi([page(10, object("x", 3))], [page(30)]),
      "team-b": new ScriptedApi(new KubeApiError(403, "Forbidden", "no"), [page(10, inB("x", 4))]),
    };
    const { informer, events, stop } = await start(apis, { namespaces: ["team-a", "team-b"] });
    assert.deepEqual(events.toSorted(), ["added x@3", "added x@4"]);
    (await apis["team-a"].nextWatch()).fail(new KubeApiError(410, "Expired", "too old"));
    await apis["team-a"].nextWatch();
    assert.deepEqual(events.at(-1), "deleted x@3");
    assert.equal(
      informer.get("team-b", "x")?.metadata.uid,
      "uid-b-x",
      "a relist of one namespace leaves the other alone",
    );
    await stop();
  });

  it("says why it has not synced, and waits no longer once it is stopped", async () => {
    const api = new ScriptedApi(
      ...Array.from({ length: 1_000 }, () => new KubeApiError(403, "Forbidden", "list kongroutes: no")),
    );
    const informer = new Informer<TestObject>({
      type: TYPE,
      client: clientOf({ "": api }),
      logger: createLogger({ level: "error", format: "json" }),
      backoff: { baseMs: 1, maxMs: 2 },
    });
    const abort = new AbortController();
    const ended = informer.start(abort.signal);
    const synced = informer.waitForSync();
    await eventually(() => informer.problem !== undefined, "a problem");
    assert.match(informer.problem ?? "", /list kongroutes: no/);
    abort.abort();
    await ended;
    assert.equal(await synced, false);
  });

  it("drops bookkeeping fields and keeps the other annotations", async () => {
    const plain = object("a", 3);
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}", "kjo.dev/adopt": "true" };
    const listed = { ...plain, metadata: { ...plain.metadata, managedFields: [{ manager: "x" }], annotations } };
    const { informer, stop } = await start({ "": new ScriptedApi([page(10, listed)]) });
    const metadata = informer.get("team-a", "a")!.metadata;
    assert.deepEqual(metadata.annotations, { "kjo.dev/adopt": "true" });
    assert.ok(!("managedFields" in metadata));
    await stop();
  });

  it("hands out frozen objects where told to", async () => {
    const { informer, stop } = await start({
      "": new ScriptedApi([page(10, { ...object("a", 3), spec: { value: "x" } })]),
    });
    const cached = informer.get("team-a", "a") as { spec: { value: string } };
    assert.throws(() => (cached.spec.value = "y"), TypeError);
    await stop();
  });

  it("goes on when a handler throws, and logs it as a bug", async () => {
    const api = new ScriptedApi([page(10)]);
    const { informer, events, lines, stop } = await start({ "": api });
    const late: string[] = [];
    informer.addHandler(() => {
      throw new TypeError("oops");
    });
    informer.addHandler(({ type }) => late.push(type));
    (await api.nextWatch()).send("ADDED", object("a", 11));
    await eventually(() => late.length === 1, "the last handler");
    assert.deepEqual(events, ["added a@11"]);
    assert.ok(lines.some((line) => line.includes("oops")));
    await stop();
  });

  it("tells a handler that comes late of what is there", async () => {
    const { informer, stop } = await start({ "": new ScriptedApi([page(10, object("a", 3), object("b", 4))]) });
    const late: string[] = [];
    informer.addHandler(({ type, object: { metadata } }) => late.push(`${type} ${metadata.name}`));
    assert.deepEqual(late, ["added a", "added b"]);
    await stop();
  });
});
