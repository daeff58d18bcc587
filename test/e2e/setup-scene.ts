import assert from "node:assert/strict";
import type { Condition } from "../../src/api/meta.ts";
import { API_VERSION, LABEL_SECRET } from "../../src/api/names.ts";
import type { Echo } from "../dev/backend.ts";
import { conditionOf, OUR_KINDS, type ClusterObject, type EventObject, type Ran } from "./setup-cluster.ts";
import { eventually, type EventuallyOptions } from "./setup-eventually.ts";
import { AdminFront } from "./setup-front.ts";
import { echoOf, type KongEntityFields, type ProxyRequest, type Reply } from "./setup-kong.ts";
import { RUN } from "./setup-run.ts";
import { env, namespaceObject, takeKong } from "./setup.ts";

const CLEAN_UP_MS = 60_000;

/** An object to apply: `["KongRoute", "users", {…}]`. */
export type Spec = Readonly<Record<string, unknown>>;
export type Applied = readonly [kind: string, name: string, spec: Spec];

export interface SceneOptions {
  /** Fields of the KongGateway `default` beside its adminApi; false for a scene without one. */
  readonly gateway?: Spec | false;
}

export interface ExpectedCondition {
  readonly status: Condition["status"];
  readonly reason?: string;
  readonly message?: RegExp;
}

/** All values of Secrets that scenes made: none of them may be seen anywhere. */
export const secretValues = new Set<string>();

/**
 * For a describe block: a namespace of its own with a KongGateway `default`, whose Admin API is behind a front of its own.
 * At the end all objects are deleted, whatever their order, and Kong must hold nothing of them.
 */
export function useScene(theme: string, options: SceneOptions = {}): Scene {
  const scene = new Scene(`${RUN}-${theme}`);
  before(() => scene.open(options));
  after(async function () {
    this.timeout(CLEAN_UP_MS * 2);
    await scene.close();
  });
  return scene;
}

export class Scene {
  readonly namespace: string;
  #front: AdminFront | undefined;
  #releaseKong: () => Promise<void> = () => Promise.resolve();

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  get front(): AdminFront {
    if (!this.#front) throw new Error("the scene is not open");
    return this.#front;
  }

  async open({ gateway = {} }: SceneOptions): Promise<void> {
    this.#releaseKong = await takeKong();
    this.#front = await AdminFront.start(env().kong.adminUrl);
    await env().cluster.apply(namespaceObject(this.namespace));
    if (gateway === false) return;
    await this.apply(["KongGateway", "default", { adminApi: { url: this.front.url }, ...gateway }]);
    await this.ready("KongGateway", "default");
  }

  /** @throws AssertionError where an object does not go, or Kong still holds something of it. */
  async close(): Promise<void> {
    if (!this.#front) return;
    const { cluster, kong } = env();
    try {
      await this.front.restore();
      await this.deleteAll(OUR_KINDS);
      assert.deepEqual(await kong.ownedBy(`${this.namespace}.default`), []);
    } finally {
      await cluster.delete("Namespace", "", this.namespace);
      await this.front.stop();
      await this.#releaseKong();
    }
  }

  /** A path of this scene's own, so that a gateway with other routes can be used. */
  path(rest: string): string {
    return `/${this.namespace}${rest}`;
  }

  host(name: string): string {
    return `${name}.${this.namespace}.test`;
  }

  /** The name in Kong of an object that chooses none. */
  kongName(name: string): string {
    return `${this.namespace}.${name}`;
  }

  object([kind, name, spec]: Applied): { kind: string; metadata: { name: string; namespace: string }; spec: Spec } {
    return { ...{ apiVersion: API_VERSION }, kind, metadata: { name, namespace: this.namespace }, spec };
  }

  /** Creates or changes objects, in the order given. */
  async apply(...objects: readonly Applied[]): Promise<void> {
    for (const object of objects) await env().cluster.apply(this.object(object));
  }

  patch(kind: string, name: string, spec: Spec): Promise<ClusterObject> {
    return env().cluster.patch(kind, this.namespace, name, { spec });
  }

  annotate(kind: string, name: string, annotations: Readonly<Record<string, string | null>>): Promise<ClusterObject> {
    return env().cluster.patch(kind, this.namespace, name, { metadata: { annotations } });
  }

  /** A Secret that the operator may read, unless `labels` says otherwise. */
  async secret(name: string, data: Readonly<Record<string, string>>, labels: Spec = { [LABEL_SECRET]: "true" }) {
    for (const value of Object.values(data)) if (value.length > 8) secretValues.add(value);
    const metadata = { name, namespace: this.namespace, labels };
    const object = { apiVersion: "v1", kind: "Secret", metadata, stringData: data };
    await env().cluster.apply(object);
  }

  deleteSecret(name: string): Promise<void> {
    return env().cluster.delete("Secret", this.namespace, name);
  }

  async get(kind: string, name: string): Promise<ClusterObject> {
    const found = await env().cluster.find(kind, this.namespace, name);
    assert.ok(found, `${kind} ${name} is not there`);
    return found;
  }

  delete(kind: string, name: string): Promise<void> {
    return env().cluster.delete(kind, this.namespace, name);
  }

  /** Deletes all objects of the kinds and waits until they are gone; whatever order the API server takes them in. */
  async deleteAll(
    kinds: readonly string[],
    { timeoutMs = CLEAN_UP_MS, everyMs = 100 }: EventuallyOptions = {},
  ): Promise<void> {
    // Asked again where a busy API server gives up on the deletion of thousands, which it does after a minute.
    const ask = () => Promise.all(kinds.map((kind) => env().cluster.delete(kind, this.namespace)));
    await eventually(ask, { timeoutMs });
    const waitUntilGone = async (): Promise<void> => {
      const left = await this.objects(kinds);
      assert.equal(left.length, 0, `still there: ${left.slice(0, 10).join("; ")}`);
    };
    await eventually(waitUntilGone, { timeoutMs, everyMs });
  }

  async gone(kind: string, name: string, options?: EventuallyOptions): Promise<void> {
    await eventually(async () => {
      const found = await env().cluster.find(kind, this.namespace, name);
      assert.equal(found, undefined, `${kind} ${name} is still there: ${JSON.stringify(found?.status?.conditions)}`);
    }, options);
  }

  /** Objects of our kinds, as `KongRoute/users: <what Ready says>`. */
  async objects(kinds: readonly string[] = OUR_KINDS): Promise<string[]> {
    const lists = await Promise.all(kinds.map((kind) => env().cluster.list(kind, this.namespace)));
    return lists.flatMap((list, index) =>
      list.map((object) => {
        const ready = conditionOf(object, "Ready");
        return `${kinds[index]}/${object.metadata.name}: ${ready?.reason} ${ready?.message}`;
      }),
    );
  }

  /** Waits until the object is Ready as it is now; Ready of an earlier generation does not count. */
  ready(kind: string, ...names: readonly string[]): Promise<void> {
    return this.condition(kind, names, "Ready", { status: "True" });
  }

  /** Waits until the objects' condition of their present generation is as expected. */
  async condition(
    kind: string,
    names: string | readonly string[],
    type: string,
    { status, reason, message }: ExpectedCondition,
    options?: EventuallyOptions,
  ): Promise<void> {
    for (const name of [names].flat()) {
      await eventually(async () => {
        const object = await this.get(kind, name);
        const found = conditionOf(object, type);
        const where = `${kind} ${name}: ${JSON.stringify(object.status?.conditions)}`;
        assert.equal(found?.status, status, where);
        assert.equal(found?.observedGeneration, object.metadata.generation, where);
        if (reason !== undefined) assert.equal(found?.reason, reason, where);
        if (message !== undefined) assert.match(found?.message ?? "", message);
      }, options);
    }
  }

  /** Asks for a reconcile as people do, and waits for the answer. */
  async reconcile(kind: string, name: string): Promise<void> {
    const token = `${Date.now()}-${Math.random()}`;
    await this.annotate(kind, name, { "kjo.dev/reconcile": token });
    await eventually(async () => assert.equal((await this.get(kind, name)).status?.["lastHandledReconcileAt"], token));
  }

  /** Events about an object, by reason. */
  async events(kind: string, name: string, reason: string): Promise<EventObject[]> {
    const events = await env().cluster.events(this.namespace);
    return events.filter(
      (event) => event.reason === reason && event.regarding.kind === kind && event.regarding.name === name,
    );
  }

  kubectl(...args: readonly string[]): Promise<Ran> {
    return env().cluster.kubectl(["-n", this.namespace, ...args]);
  }

  /** The entity in Kong by its name, as the Admin API answers it. */
  async inKong(collection: string, name: string): Promise<KongEntityFields> {
    const found = await env().kong.find(collection, name);
    assert.ok(found, `${collection}/${name} is not in Kong`);
    return found;
  }

  ownedInKong(): Promise<string[]> {
    return env().kong.ownedBy(`${this.namespace}.default`);
  }

  /** Waits until a request through the proxy reaches a backend, and returns what that was asked. */
  served(path: string, request?: ProxyRequest): Promise<Echo> {
    return eventually(async () => echoOf(await env().kong.get(path, request)));
  }

  /** Waits until the proxy answers so. */
  answered(status: number, path: string, request?: ProxyRequest): Promise<Reply> {
    return eventually(async () => {
      const reply = await env().kong.get(path, request);
      assert.equal(reply.status, status, `${path}: HTTP ${reply.status} ${reply.text}`);
      return reply;
    });
  }
}
