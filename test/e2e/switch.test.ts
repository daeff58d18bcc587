import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { podAddress } from "../dev/own-network.ts";
import { skip } from "../dev/skip.ts";
import { openBackend, type KongBackend } from "./setup-backends.ts";
import { applyPods, applyService } from "./setup-endpoints.ts";
import { eventually } from "./setup-eventually.ts";
import { isDbless } from "./setup-kong.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

/** A client that never pauses for long, and counts. */
class Client {
  readonly answers: { readonly status: number; readonly backend: string | undefined; readonly text: string }[] = [];
  readonly #path: string;
  #isStopped = false;
  #running: Promise<unknown> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  start(): void {
    this.#running = Promise.all(Array.from({ length: 4 }, () => this.#run()));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  get dropped(): readonly unknown[] {
    return this.answers.filter(({ status }) => status !== 200);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const { status, text } = await env().kong.get(this.#path);
      this.answers.push({ status, text, backend: /"backend":"(\w+)"/.exec(text)?.[1] });
      await sleep(10);
    }
  }
}

describe("e2e: a service that goes over to another upstream under load", () => {
  const scene = useScene("switch", { gateway: { drift: { intervalSeconds: 3600 } } });
  const path = scene.path("/moving");
  const client = new Client(path);
  const backends: KongBackend[] = [];
  const upstream = `shop.service.${scene.namespace}.kjo.invalid`;

  before(async function () {
    const pod = podAddress();
    if ("reason" in pod) skip(this, pod.reason);
    for (const name of ["first", "second", "third"]) backends.push(await openBackend(name, pod.address));
    await scene.apply(
      ["KongService", "shop", { url: backends[0]!.url }],
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [path] }],
    );
    await scene.served(path);
    client.start();
  });
  after(async () => {
    await client.stop();
    await Promise.all(backends.map((backend) => backend.stop()));
  });

  /** The next answers all come from there. */
  async function servedBy(name: string): Promise<void> {
    await eventually(async () => {
      const from = client.answers.length;
      await sleep(200);
      const names = new Set(client.answers.slice(from).map(({ backend }) => backend));
      assert.deepEqual([...names], [name]);
    });
    assert.deepEqual(client.dropped, []);
  }

  it("goes from a url to the Pods of a Service, says meanwhile what it waits for, and drops no request", async function () {
    this.timeout(90_000);
    await applyService(scene, "shop");
    await applyPods(scene, "shop", [backends[1]!]);
    await scene.patch("KongService", "shop", {
      url: null,
      backend: { serviceRef: { name: "shop", port: "http" } },
    } as never);
    if (!isDbless(process.env)) {
      // A configuration is loaded with its balancers: nothing to wait for.
      await scene.condition("KongService", "shop", "Programmed", { status: "Unknown", reason: "WaitingForBalancer" });
    }
    await scene.ready("KongService", "shop");
    await servedBy("second");
  });

  it("goes on to a KongUpstream that has just been made, and drops no request", async function () {
    this.timeout(90_000);
    await scene.apply(["KongUpstream", "shop", { targets: [{ target: backends[2]!.address }] }]);
    await scene.patch("KongService", "shop", { backend: null, upstreamRef: { name: "shop" } } as never);
    await scene.ready("KongService", "shop");
    await servedBy("third");
  });

  it("removes the upstream that it has left, when no worker uses it any more", async () => {
    await eventually(async () => assert.equal(await env().kong.find("upstreams", upstream), undefined));
    assert.deepEqual(await scene.events("KongService", "shop", "DriftRepaired"), []);
  });

  it("goes back to the url, and the KongUpstream can go at once, without a dropped request", async function () {
    this.timeout(90_000);
    await scene.patch("KongService", "shop", { upstreamRef: null, url: backends[0]!.url } as never);
    await scene.delete("KongUpstream", "shop");
    await scene.gone("KongUpstream", "shop");
    await servedBy("first");
  });

  it("has dropped none of all requests", function () {
    console.info(`      ${client.dropped.length} of ${client.answers.length} requests dropped`);
    assert.ok(client.answers.length > 100, `${client.answers.length} requests`);
    assert.deepEqual(client.dropped, []);
  });
});
