import assert from "node:assert/strict";
import { KubeApiError } from "../../../src/kube/api-error.ts";
import type { KubeClient } from "../../../src/kube/client.ts";
import { EventRecorder, type EventRecorderOptions } from "../../../src/kube/events.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import { eventually } from "../runtime/eventually.ts";
import { object } from "./scripted-api.ts";

interface Written {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly note: string;
  readonly [field: string]: unknown;
}

/** What the recorder wrote, and answers that fail where the test says so. */
class EventServer {
  readonly created: Written[] = [];
  readonly patched: { name: string; series: { count: number } }[] = [];
  readonly failures: Error[] = [];

  readonly client = {
    create: async (_type: unknown, _namespace: string, body: Written) => {
      const failure = this.failures.shift();
      if (failure) throw failure;
      this.created.push(body);
    },
    patch: async (_type: unknown, { name }: { name: string }, { body }: { body: { series: { count: number } } }) => {
      this.patched.push({ name, ...body });
    },
  } as unknown as Pick<KubeClient, "create" | "patch">;
}

function start(server: EventServer, options: Partial<EventRecorderOptions> = {}) {
  const results: string[] = [];
  const recorder = new EventRecorder({
    client: server.client,
    logger: createLogger({ level: "error", format: "json" }),
    controller: "kjo.dev/operator",
    instance: "pod-1",
    onResult: (result) => results.push(result),
    ...options,
  });
  return { recorder, results };
}

const EVENT = {
  type: "Warning",
  reason: "InUse",
  action: "Delete",
  message: "used by KongRoute team-a/users",
} as const;

describe("kube/events", () => {
  it("writes what happened to which object, with a time of six digits", async () => {
    const server = new EventServer();
    const { recorder } = start(server, { now: () => new Date("2026-02-03T04:05:06.789Z") });
    recorder.record(object("users", 5), EVENT);
    await recorder.close(1_000);
    const { metadata, ...body } = server.created[0]!;
    assert.match(metadata.name, /^users\.[0-9a-f]{16}$/);
    assert.equal(metadata.namespace, "team-a");
    assert.deepEqual(body, {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      eventTime: "2026-02-03T04:05:06.789000Z",
      reportingController: "kjo.dev/operator",
      reportingInstance: "pod-1",
      type: "Warning",
      reason: "InUse",
      action: "Delete",
      note: "used by KongRoute team-a/users",
      regarding: {
        apiVersion: "kjo.dev/v1alpha1",
        kind: "KongRoute",
        name: "users",
        uid: "uid-users",
        resourceVersion: "5",
        namespace: "team-a",
      },
    });
  });

  it("counts the same again in one series", async () => {
    const server = new EventServer();
    const { recorder, results } = start(server);
    for (let number = 0; number < 5; number++) recorder.record(object("users", number + 1), EVENT);
    await recorder.close(1_000);
    assert.equal(server.created.length, 1);
    assert.deepEqual(
      server.patched.map(({ name, series }) => [name, series.count]),
      [[server.created[0]!.metadata.name, 5]],
    );
    assert.deepEqual(results.toSorted(), ["counted", "counted", "counted", "counted", "created"]);
  });

  it("begins a new Event where the last of the series is long ago", async () => {
    const server = new EventServer();
    let nowMs = 1_000_000;
    const { recorder } = start(server, { now: () => new Date(nowMs) });
    recorder.record(object("users", 1), EVENT);
    await eventually(() => server.created.length === 1, "the first Event");
    nowMs += 7 * 60_000;
    recorder.record(object("users", 1), EVENT);
    await recorder.close(1_000);
    assert.equal(new Set(server.created.map(({ metadata }) => metadata.name)).size, 2);
    assert.equal(server.patched.length, 0);
  });

  it("drops what one object has too much of, and nothing of another", async () => {
    const server = new EventServer();
    const { recorder, results } = start(server);
    for (let number = 0; number < 30; number++)
      recorder.record(object("loud", 1), { ...EVENT, message: `try ${number}` });
    recorder.record(object("quiet", 1), EVENT);
    await recorder.close(1_000);
    assert.equal(server.created.length, 21);
    assert.equal(results.filter((result) => result === "dropped").length, 10);
  });

  it("takes secrets out of the message and cuts it to what an Event holds", async () => {
    const server = new EventServer();
    const { recorder } = start(server, { redact: (text) => text.replaceAll("s3cret", "[redacted]") });
    recorder.record(object("users", 1), { ...EVENT, message: `key s3cret ${"ü".repeat(2_000)}` });
    await recorder.close(1_000);
    const { note } = server.created[0]!;
    assert.ok(note.startsWith("key [redacted] ü") && note.endsWith("ü…"));
    assert.ok(Buffer.byteLength(note) <= 1024);
  });

  it("tries again after a failure that may pass, and not after another", async () => {
    const server = new EventServer();
    server.failures.push(
      new KubeApiError(500, "InternalError", "etcd"),
      new KubeApiError(403, "Forbidden", "terminating"),
    );
    const { recorder, results } = start(server);
    recorder.record(object("a", 1), EVENT);
    recorder.record(object("b", 1), EVENT);
    await eventually(() => results.length === 2, "both ends");
    assert.deepEqual(results, ["failed", "created"]);
    await recorder.close(1_000);
  });

  it("gives an Event of a cluster-scoped object a namespace", async () => {
    const server = new EventServer();
    const { recorder } = start(server);
    const { namespace: _namespace, ...metadata } = object("node-1", 1).metadata;
    recorder.record({ ...object("node-1", 1), metadata }, EVENT);
    await recorder.close(1_000);
    const { metadata: written, regarding } = server.created[0]!;
    assert.equal(written.namespace, "default");
    assert.ok(!("namespace" in (regarding as object)));
  });

  it("records nothing more once it is closed", async () => {
    const server = new EventServer();
    const { recorder, results } = start(server);
    await recorder.close(100);
    recorder.record(object("a", 1), EVENT);
    assert.deepEqual([results, server.created], [[], []]);
  });
});
