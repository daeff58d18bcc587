import assert from "node:assert/strict";
import { ConflictError } from "../../src/errors.ts";
import { isNotFound } from "../../src/kube/api-error.ts";
import { loadKubeConfig } from "../../src/kube/connection.ts";
import { KubeOperator, type ResourceEvent, type ResourceMeta } from "../../src/kube/operator.ts";
import { CUSTOM_RESOURCE_DEFINITION, type KubeObject } from "../../src/kube/resource.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { eventually } from "../unit/runtime/eventually.ts";
import { WIDGET_FILE, WidgetNamespace } from "./widgets.ts";

const FINALIZER = "kjo.dev/sample";

/** An operator as the documentation of @dot-i/k8s-operator shows one, on our base class. */
class SampleOperator extends KubeOperator {
  readonly seen: string[] = [];
  readonly cleaned: string[] = [];
  onEvent: (event: ResourceEvent) => Promise<void> = async () => undefined;

  protected override async init(): Promise<void> {
    await this.registerCustomResourceDefinition(WIDGET_FILE);
    await this.watchResource("test.kjo.dev", "v1", "widgets", async (event) => {
      this.seen.push(`${event.type} ${event.meta.name}`);
      await this.onEvent(event);
    });
  }

  finalize(event: ResourceEvent): Promise<boolean> {
    return this.handleResourceFinalizer(event, FINALIZER, async ({ meta }) => void this.cleaned.push(meta.name));
  }

  setStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return this.setResourceStatus(meta, status);
  }

  patchStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return this.patchResourceStatus(meta, status);
  }

  setFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    return this.setResourceFinalizers(meta, finalizers);
  }

  uri(): string {
    return this.getCustomResourceApiUri("test.kjo.dev", "v1", "widgets", "team-a");
  }
}

describe("kube/operator on a real API server", () => {
  let widgets: WidgetNamespace;
  let operator: SampleOperator;
  const lines: string[] = [];

  before(async function () {
    const controlPlane = await controlPlaneOrSkip(this);
    widgets = await WidgetNamespace.create(controlPlane, "operator");
    operator = new SampleOperator({
      config: loadKubeConfig(controlPlane.kubeconfig),
      client: widgets.client,
      logger: createLogger({ level: "debug", format: "json", write: (line) => lines.push(line) }),
      namespaces: [widgets.namespace],
    });
    await operator.start();
  });
  afterEach(() => {
    operator.onEvent = async () => undefined;
    operator.seen.length = 0;
  });
  after(async () => {
    await operator?.stop();
    await widgets?.remove();
  });

  it("has its caches filled when it has started", () => {
    assert.deepEqual(
      operator.informers.map(({ type, hasSynced }) => [type.plural, hasSynced]),
      [["widgets", true]],
    );
  });

  it("keeps the rules of a definition that it registers", async () => {
    const stored = await widgets.client.get<KubeObject>(CUSTOM_RESOURCE_DEFINITION, {
      namespace: "",
      name: "widgets.test.kjo.dev",
    });
    assert.match(JSON.stringify(stored), /x-kubernetes-validations.*value must not be forbidden/);
    await assert.rejects(widgets.add("refused", "forbidden"), /value must not be forbidden/);
  });

  it("hands on the events of one object one at a time, in order", async () => {
    let current = 0;
    operator.onEvent = async () => {
      assert.equal(++current, 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      current--;
    };
    await widgets.add("ordered", "1");
    await widgets.change("ordered", "2");
    await widgets.delete("ordered");
    await eventually(() => operator.seen.length === 3 && current === 0, "three events");
    assert.deepEqual(operator.seen, ["ADDED ordered", "MODIFIED ordered", "DELETED ordered"]);
  });

  it("goes on after a handler that fails, and logs it", async () => {
    operator.onEvent = async () => Promise.reject(new TypeError("oops"));
    await widgets.add("failing");
    await eventually(() => lines.some((line) => line.includes("oops")), "the log line");
    operator.onEvent = async () => undefined;
    await widgets.delete("failing");
    await eventually(() => operator.seen.includes("DELETED failing"), "the next event");
  });

  it("runs upstream's finalizer flow without losing another's finalizer", async () => {
    operator.onEvent = async (event) => void (await operator.finalize(event));
    await widgets.add("finalized", "x", { finalizers: ["example.test/theirs"] });
    await eventually(() => operator.seen.includes("MODIFIED finalized"), "our finalizer");
    const { finalizers } = (await widgets.get("finalized")).metadata;
    assert.deepEqual(finalizers, ["example.test/theirs", FINALIZER]);
    await widgets.delete("finalized");
    await eventually(() => operator.cleaned.length > 0, "the cleaning");
    await eventually(() => operator.seen.length >= 4, "the finalizer's end");
    assert.deepEqual((await widgets.get("finalized")).metadata.finalizers, ["example.test/theirs"]);
  });

  it("says that a finalizer could not be written instead of passing over it", async () => {
    const { metadata, apiVersion, kind } = await widgets.add("stale");
    await widgets.change("stale", "other");
    const { name, namespace = "", resourceVersion } = metadata;
    const meta = { id: `widgets.${apiVersion}`, name, namespace, resourceVersion, apiVersion, kind };
    await assert.rejects(operator.setFinalizers(meta, [FINALIZER]), ConflictError);
    await assert.rejects(operator.setStatus(meta, { value: "s" }), ConflictError);
    await assert.rejects(operator.patchStatus(meta, { value: "s" }), ConflictError);
    await assert.rejects(operator.setStatus({ ...meta, name: "nobody" }, { value: "s" }), isNotFound);
  });

  it("writes a status whole or in part, and answers with the new version", async () => {
    const { metadata, apiVersion, kind } = await widgets.add("reported");
    const { name, namespace = "", resourceVersion } = metadata;
    const meta = { id: `widgets.${apiVersion}`, name, namespace, resourceVersion, apiVersion, kind };
    const whole = await operator.setStatus(meta, { value: "1", entityId: "e" });
    assert.notEqual(whole?.resourceVersion, resourceVersion);
    const part = await operator.patchStatus(whole!, { value: "2" });
    assert.deepEqual((await widgets.get("reported")).status, { value: "2", entityId: "e" });
    assert.equal(part?.id, meta.id);
  });

  it("knows where a resource is served", () => {
    assert.equal(
      operator.uri(),
      new URL("/apis/test.kjo.dev/v1/namespaces/team-a/widgets", widgets.client.server).href,
    );
  });

  it("stops without ending the process, and hears nothing more", async () => {
    await operator.stop();
    await widgets.add("late");
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(operator.seen, []);
  });
});
