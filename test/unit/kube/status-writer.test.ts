import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { ConflictError } from "../../../src/errors.ts";
import { KubeApiError } from "../../../src/kube/api-error.ts";
import type { JsonPatch, KubeClient, PatchBody } from "../../../src/kube/client.ts";
import type { KubeObject, ObjectRef, ResourceType } from "../../../src/kube/resource.ts";
import { StatusWriter, type StatusWriterOptions } from "../../../src/kube/status-writer.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import { eventually } from "../runtime/eventually.ts";
import { object } from "./scripted-api.ts";

const TYPE: ResourceType = {
  group: "kjo.dev",
  version: "v1alpha1",
  plural: "kongroutes",
  kind: "KongRoute",
  namespaced: true,
};

interface Body {
  readonly tested: Readonly<Record<string, unknown>>;
  readonly status: { readonly value: string };
}

/** A status patch: tests, then the status. */
function readPatch(patch: PatchBody): Body {
  const steps = patch.body as JsonPatch;
  const tested = steps.filter(({ op }) => op === "test").map(({ path, value }) => [path, value]);
  return { tested: Object.fromEntries(tested), status: steps.at(-1)?.value as Body["status"] };
}

/** An API server for statuses: keeps what is written, and answers as the test tells it. */
class Cluster {
  readonly objects = new Map<string, KubeObject>();
  readonly bodies: Body[] = [];
  answer: (body: Body) => Promise<void> | void = () => undefined;
  concurrent = 0;
  most = 0;

  readonly client: Pick<KubeClient, "patch"> = {
    patch: async <T extends KubeObject>(_type: ResourceType, ref: ObjectRef, patch: PatchBody): Promise<T> => {
      this.most = Math.max(this.most, ++this.concurrent);
      try {
        const body = readPatch(patch);
        this.bodies.push(body);
        await this.answer(body);
        const current = this.objects.get(ref.name)!;
        const version = Number(current.metadata.resourceVersion) + 1;
        return {
          ...current,
          metadata: { ...current.metadata, resourceVersion: String(version) },
          status: body.status,
        } as unknown as T;
      } finally {
        this.concurrent--;
      }
    },
  };

  add(name: string): KubeObject {
    const added = object(name, 1);
    this.objects.set(name, added);
    return added;
  }

  get values(): string[] {
    return this.bodies.map(({ status }) => status.value);
  }
}

function start(cluster: Cluster, options: Partial<StatusWriterOptions> = {}) {
  const results: string[] = [];
  const conflicts: string[] = [];
  const writer = new StatusWriter({
    client: cluster.client,
    logger: createLogger({ level: "error", format: "json", write: () => undefined }),
    getCached: (_type, { name }) => cluster.objects.get(name),
    onWritten: (_type, written) => cluster.objects.set(written.metadata.name, written),
    onConflict: (_type, { name }) => conflicts.push(name),
    onResult: (_type, result) => results.push(result),
    ...options,
  });
  return { writer, results, conflicts };
}

const status = (value: string): object => ({ value });

describe("kube/status-writer", () => {
  it("writes the last of several statuses of one object", async () => {
    const cluster = new Cluster();
    const { writer } = start(cluster, { hold: () => cluster.bodies.length === 0, longestHoldMs: 30 });
    const a = cluster.add("a");
    for (const value of ["1", "2", "3"]) writer.submit(TYPE, a, status(value));
    await eventually(() => writer.depth === 0, "the write");
    assert.deepEqual(cluster.values, ["3"]);
    assert.equal(await writer.close(1_000), 0);
  });

  it("writes a status that comes while one of the same object is under way after it, never beside it", async () => {
    const cluster = new Cluster();
    const { writer } = start(cluster);
    const a = cluster.add("a");
    let answerFirst = (): void => undefined;
    cluster.answer = () => (cluster.bodies.length > 1 ? undefined : new Promise((resolve) => (answerFirst = resolve)));
    writer.submit(TYPE, a, status("1"));
    await eventually(() => cluster.concurrent === 1, "the first write");
    writer.submit(TYPE, a, status("2"));
    await delay(5);
    answerFirst();
    await eventually(() => writer.depth === 0, "both writes");
    assert.deepEqual(cluster.values, ["1", "2"]);
    assert.equal(cluster.most, 1);
    await writer.close(1_000);
  });

  it("takes back what was written while the next status was being decided", async () => {
    const cluster = new Cluster();
    const { writer } = start(cluster);
    const before = { ...cluster.add("a"), status: { value: "1" } };
    cluster.objects.set("a", before);
    writer.submit(TYPE, before, status("2"));
    await eventually(() => writer.depth === 0, "the write");
    // Decided of the object as it was before that write.
    writer.submit(TYPE, before, status("1"));
    await eventually(() => writer.depth === 0, "the second write");
    assert.deepEqual(cluster.values, ["2", "1"]);
    await writer.close(1_000);
  });

  it("writes nothing where nothing differs, from the object or from the cache when its turn comes", async () => {
    const cluster = new Cluster();
    const { writer, results } = start(cluster);
    const a = { ...cluster.add("a"), status: { value: "1" } };
    cluster.objects.set("a", a);
    writer.submit(TYPE, a, status("1"));
    assert.deepEqual([writer.depth, results], [0, ["unchanged"]]);
    cluster.objects.set("a", { ...a, status: { value: "2" } } as KubeObject);
    writer.submit(TYPE, a, status("2"));
    await writer.close(1_000);
    assert.deepEqual([cluster.bodies.length, results], [0, ["unchanged", "unchanged"]]);
  });

  it("writes at most as many at a time as it may", async () => {
    const cluster = new Cluster();
    cluster.answer = () => delay(2);
    const { writer } = start(cluster, { concurrency: 3 });
    for (let number = 0; number < 20; number++) writer.submit(TYPE, cluster.add(`o${number}`), status("x"));
    await eventually(() => writer.depth === 0, "all writes");
    assert.deepEqual([cluster.most, cluster.bodies.length], [3, 20]);
    await writer.close(1_000);
  });

  it("waits while it is held back, but no longer than its limit", async () => {
    const cluster = new Cluster();
    const { writer } = start(cluster, { hold: () => true, longestHoldMs: 120 });
    const startedMs = performance.now();
    writer.submit(TYPE, cluster.add("a"), status("x"));
    await delay(60);
    assert.equal(cluster.bodies.length, 0);
    await eventually(() => cluster.bodies.length === 1, "the write");
    assert.ok(performance.now() - startedMs >= 119);
    await writer.close(1_000);
  });

  it("tries again after a failure", async () => {
    const cluster = new Cluster();
    let failures = 1;
    cluster.answer = () => {
      if (failures-- > 0) throw new KubeApiError(500, "InternalError", "etcd");
    };
    const { writer, results } = start(cluster);
    writer.submit(TYPE, cluster.add("a"), status("x"));
    await eventually(() => results.length === 2, "the second try");
    assert.deepEqual(results, ["failed", "written"]);
    await writer.close(1_000);
  });

  it("drops the status of an object that is gone or was made anew", async () => {
    const cluster = new Cluster();
    const { writer, results } = start(cluster);
    writer.submit(TYPE, object("gone", 1), status("x"));
    const earlier = object("anew", 1, "uid-1");
    cluster.objects.set("anew", object("anew", 5, "uid-2"));
    writer.submit(TYPE, earlier, status("x"));
    cluster.add("late");
    cluster.answer = () => {
      throw new KubeApiError(404, "NotFound", "gone");
    };
    writer.submit(TYPE, cluster.objects.get("late")!, status("x"));
    await writer.close(1_000);
    assert.deepEqual(results, ["gone", "gone", "gone"]);
    assert.equal(cluster.bodies.length, 1);
  });

  it("sends the version where another writes too, and asks for a new decision after a conflict", async () => {
    const cluster = new Cluster();
    cluster.answer = () => {
      throw new ConflictError("Conflict", "old");
    };
    const { writer, results, conflicts } = start(cluster);
    writer.submit(TYPE, cluster.add("a"), status("x"), { withResourceVersion: true });
    await eventually(() => conflicts.length === 1, "the conflict");
    assert.deepEqual([conflicts, results], [["a"], ["conflict"]]);
    assert.deepEqual(cluster.bodies[0]?.tested, { "/metadata/uid": "uid-a", "/metadata/resourceVersion": "1" });
    assert.equal(await writer.close(1_000), 0);
  });

  it("asks for a new decision without a write where the cache has moved on since", async () => {
    const cluster = new Cluster();
    const { writer, conflicts } = start(cluster);
    const a = cluster.add("a");
    cluster.objects.set("a", object("a", 2));
    writer.submit(TYPE, a, status("x"), { withResourceVersion: true });
    await eventually(() => conflicts.length === 1, "the conflict");
    assert.equal(cluster.bodies.length, 0);
    await writer.close(1_000);
  });

  it("does not try again what the API server finds invalid", async () => {
    const cluster = new Cluster();
    cluster.answer = () => {
      throw new KubeApiError(422, "Invalid", "status.value: too long");
    };
    const { writer, results } = start(cluster);
    writer.submit(TYPE, cluster.add("a"), status("x"));
    await eventually(() => results.length === 1, "the answer");
    assert.deepEqual([results, writer.depth], [["refused"], 0]);
    await writer.close(1_000);
  });

  it("writes what it was holding back when it is closed", async () => {
    const cluster = new Cluster();
    const { writer } = start(cluster, { hold: () => true });
    for (let number = 0; number < 30; number++) writer.submit(TYPE, cluster.add(`o${number}`), status("x"));
    assert.equal(await writer.close(5_000), 0);
    assert.equal(cluster.bodies.length, 30);
  });

  it("says how many it had to drop at its deadline", async () => {
    const cluster = new Cluster();
    cluster.answer = () => delay(20);
    const { writer } = start(cluster, { concurrency: 1 });
    for (let number = 0; number < 10; number++) writer.submit(TYPE, cluster.add(`o${number}`), status("x"));
    const dropped = await writer.close(50);
    assert.ok(dropped > 0 && dropped < 10, String(dropped));
  });
});
