import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeClient } from "../../src/kube/client.ts";
import { loadKubeConfig } from "../../src/kube/connection.ts";
import { Informer, type InformerOptions } from "../../src/kube/informer.ts";
import { CONFIG_MAP, refOf, type KubeObject } from "../../src/kube/resource.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { eventually } from "../unit/runtime/eventually.ts";
import { kubeconfigThrough, TcpGate } from "./tcp-gate.ts";
import { WIDGET, WidgetNamespace, type Widget } from "./widgets.ts";

const logger = createLogger({ level: "error", format: "json" });

describe("kube/informer on a real API server", () => {
  let widgets: WidgetNamespace;
  let gate: TcpGate;
  let folder: string;
  /** Goes through the gate; `widgets.client` does not. */
  let gated: KubeClient;
  const stops: (() => Promise<void>)[] = [];

  before(async function () {
    const controlPlane = await controlPlaneOrSkip(this);
    widgets = await WidgetNamespace.create(controlPlane, "informer");
    folder = await mkdtemp(join(tmpdir(), "kjo-informer-"));
    const { hostname, port } = widgets.client.server;
    gate = await TcpGate.start(hostname, Number(port));
    const kubeconfig = await kubeconfigThrough(gate, controlPlane.kubeconfig, join(folder, "kubeconfig"));
    gated = new KubeClient({ config: loadKubeConfig(kubeconfig) });
  });
  afterEach(async () => {
    gate.open();
    await Promise.all(stops.splice(0).map((stop) => stop()));
  });
  after(async () => {
    await gated?.close();
    await gate?.stop();
    await widgets?.remove();
    if (folder) await rm(folder, { recursive: true });
  });

  /** An informer of our namespace through the gate, with its events as text. */
  async function start<T extends KubeObject = Widget>(options: Partial<InformerOptions<T>> = {}) {
    const events: string[] = [];
    const incidents: string[] = [];
    const informer = new Informer<T>({
      type: WIDGET,
      client: gated,
      logger,
      namespaces: [widgets.namespace],
      freeze: true,
      backoff: { baseMs: 20, maxMs: 200 },
      onIncident: (incident) => incidents.push(incident),
      ...options,
    });
    informer.addHandler(({ type, object }) => events.push(`${type} ${object.metadata.name}`));
    const abort = new AbortController();
    const ended = informer.start(abort.signal);
    stops.push(async () => {
      abort.abort();
      await ended;
    });
    assert.ok(await informer.waitForSync());
    return { informer, events, incidents };
  }

  it("follows what happens to an object", async () => {
    const { informer, events } = await start();
    await widgets.add("followed", "1");
    await widgets.change("followed", "2");
    await eventually(() => informer.get(widgets.namespace, "followed")?.spec.value === "2", "the change");
    await widgets.delete("followed");
    await eventually(() => informer.size === 0, "the deletion");
    assert.deepEqual(events, ["added followed", "updated followed", "deleted followed"]);
  });

  it("gives listed and watched objects the same shape", async () => {
    await widgets.add("shape-listed");
    const { informer } = await start();
    await widgets.add("shape-watched");
    await eventually(() => informer.size === 2, "both");
    const [listed, watched] = ["shape-listed", "shape-watched"].map((name) => informer.get(widgets.namespace, name)!);
    assert.deepEqual(Object.keys(listed!).toSorted(), Object.keys(watched!).toSorted());
    assert.deepEqual([listed!.kind, listed!.apiVersion], [watched!.kind, watched!.apiVersion]);
    for (const name of ["shape-listed", "shape-watched"]) await widgets.delete(name);
  });

  it("sees changes and deletions made while the connection was cut", async () => {
    for (const name of ["cut-kept", "cut-gone", "cut-anew"]) await widgets.add(name);
    const { informer, events } = await start();
    gate.cut();
    events.length = 0;
    await widgets.delete("cut-gone");
    await widgets.delete("cut-anew");
    await widgets.add("cut-anew", "again");
    await widgets.add("cut-new");
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(events, []);
    gate.open();
    await eventually(() => informer.get(widgets.namespace, "cut-new") !== undefined, "the new one");
    assert.deepEqual(events, ["deleted cut-gone", "deleted cut-anew", "added cut-anew", "added cut-new"]);
    for (const name of ["cut-kept", "cut-anew", "cut-new"]) await widgets.delete(name);
  });

  it("notices a connection that has gone silent, and misses nothing", async () => {
    await widgets.add("silent-gone");
    const { informer, incidents } = await start({ silenceMs: 500 });
    await widgets.add("silent-before");
    await eventually(() => informer.size === 2, "a watch that works");
    gate.silence();
    await widgets.delete("silent-gone");
    await widgets.add("silent-new");
    await eventually(() => informer.get(widgets.namespace, "silent-new") !== undefined, "the new one");
    assert.equal(informer.get(widgets.namespace, "silent-gone"), undefined);
    assert.ok(incidents.includes("silent"));
    for (const name of ["silent-before", "silent-new"]) await widgets.delete(name);
  });

  it("lists again when the server has forgotten where it was, and sees what was deleted meanwhile", async () => {
    await widgets.add("old-gone");
    let isForgotten = false;
    // Asks for a version that no API server keeps: the answer 410 is its own.
    const forgetful: typeof gated.watch = (type, options) =>
      gated.watch(type, isForgotten ? { ...options, resourceVersion: "1" } : options);
    const client = {
      listPages: gated.listPages.bind(gated),
      listAtOnce: gated.listAtOnce.bind(gated),
      watch: forgetful,
    } as typeof gated;
    const onIncident = (incident: string): void => {
      incidents.push(incident);
      if (incident === "expired") isForgotten = false;
    };
    const incidents: string[] = [];
    const { informer, events } = await start({ client, onIncident });
    isForgotten = true;
    gate.cut();
    await widgets.delete("old-gone");
    gate.open();
    await eventually(() => informer.size === 0, "the deletion");
    assert.deepEqual(events, ["added old-gone", "deleted old-gone"]);
    assert.ok(incidents.includes("expired"), incidents.join());
  });

  it("takes an object that loses its label for deleted", async () => {
    const selector = { labels: { "kjo.dev/watch": "true" } };
    await widgets.add("labelled", "x", selector);
    await widgets.add("plain");
    const { informer, events } = await start({ labelSelector: "kjo.dev/watch=true" });
    const patch = { kind: "merge", body: { metadata: { labels: { "kjo.dev/watch": null } } } } as const;
    await widgets.client.patch(WIDGET, { namespace: widgets.namespace, name: "labelled" }, patch);
    await eventually(() => informer.size === 0, "the end");
    assert.deepEqual(events, ["added labelled", "deleted labelled"]);
    for (const name of ["labelled", "plain"]) await widgets.delete(name);
  });

  it("ends quickly and for good when it is stopped", async () => {
    const { events } = await start();
    const startedMs = performance.now();
    await stops.pop()!();
    assert.ok(performance.now() - startedMs < 1_000);
    await widgets.add("late");
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(events, []);
    await widgets.delete("late");
  });

  it("holds 1,200 objects after three pages", async function () {
    this.timeout(60_000);
    const names = Array.from({ length: 1_200 }, (_, number) => `page-${number}`);
    const { namespace } = widgets;
    const made = names.map((name) => {
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { page: "1" } }, data: { a: "b" } };
      return widgets.client.create<KubeObject>(CONFIG_MAP, namespace, body);
    });
    await Promise.all(made);
    const requests: string[] = [];
    const client = new KubeClient({
      config: loadKubeConfig(join(folder, "kubeconfig")),
      onRequest: ({ verb }) => requests.push(verb),
    });
    const { informer } = await start<KubeObject>({ type: CONFIG_MAP, client, labelSelector: "page=1" });
    assert.equal(informer.size, 1_200);
    assert.deepEqual(requests.filter((verb) => verb === "list").length, 3);
    await stops.pop()!();
    await client.close();
    await Promise.all(informer.list().map((object) => widgets.client.delete(CONFIG_MAP, refOf(object))));
  });
});
