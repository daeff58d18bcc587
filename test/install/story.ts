import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { KINDS } from "../../src/api/kinds.ts";
import { API_VERSION } from "../../src/api/names.ts";
import type { Backend, Echo } from "../dev/backend.ts";
import { ROOT } from "../dev/generate.ts";
import type { KongDouble } from "../doubles/kong/double.ts";
import type { Kubectl } from "./commands.ts";
import { parseManifests, type Manifest } from "./manifests.ts";
import { until } from "./until.ts";

const FIRST_ROUTE = join(ROOT, "examples/first-route");
export const DRIFT_INTERVAL_SECONDS = 1;
const KINDS_OF_THE_STORY: ReadonlySet<string> = new Set([
  "KongGateway",
  "KongService",
  "KongRoute",
  "KongUpstream",
  "KongConsumer",
  "KongPluginBinding",
]);
const API_KEY = "key-of-the-story-0123456789";

export interface StoryOptions {
  readonly kubectl: Kubectl;
  readonly kong: KongDouble;
  readonly backend: Backend;
  /** Where the objects live; it exists. */
  readonly namespace: string;
}

/** The objects of the examples at work: what a team does with the operator, from the first route to its last object. */
export class Story {
  readonly #options: StoryOptions;

  constructor(options: StoryOptions) {
    this.#options = options;
  }

  /** The manifests of examples/first-route, with this gateway and this backend. */
  async firstRoute(): Promise<void> {
    const { kong, backend } = this.#options;
    const specs: Record<string, object> = {
      KongGateway: { adminApi: { url: kong.adminUrl }, drift: { intervalSeconds: DRIFT_INTERVAL_SECONDS } },
      KongService: { url: `http://127.0.0.1:${backend.port}` },
    };
    for (const file of ["gateway.yaml", "service.yaml", "route.yaml"]) {
      const [object] = parseManifests(readFileSync(join(FIRST_ROUTE, file), "utf8")) as [Manifest];
      await this.apply({ ...object, spec: { ...(object["spec"] as object), ...specs[object.kind] } });
    }
    await this.#ready("kongroutes.kjo.dev/users", "kongservices.kjo.dev/user-service", "konggateways.kjo.dev/default");
    await this.#served("/users/42", "/42");
  }

  async edit(): Promise<void> {
    await this.#patchRoute({ paths: ["/members"] });
    await this.#served("/members/42", "/42");
    await this.#answers("/users/42", 404);
  }

  /** The same change behind the operator's back, twice: the second time is counted in the first one's Event. */
  async drift(): Promise<void> {
    for (let round = 1; round <= 2; round += 1) {
      const { id } = await this.#routeInKong();
      await this.#admin("PATCH", `/routes/${id}`, { paths: ["/hijacked"] });
      await until("the route is put right", async () =>
        assert.deepEqual((await this.#routeInKong()).paths, ["/members"]),
      );
    }
    await until("there is an Event on the route", async () => {
      const { items } = await this.#kubectl.json<{ items: { regarding: { name: string } }[] }>(
        "get",
        "events.events.k8s.io",
        ...this.#inNamespace,
      );
      assert.ok(items.some(({ regarding }) => regarding.name === "users"));
    });
  }

  /** A consumer whose key comes from a Secret, which is read only when its owner has labelled it. */
  async consumer(): Promise<void> {
    await this.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "alice-key" },
      stringData: { key: API_KEY },
    });
    await this.apply(
      this.#object("KongConsumer", "alice", { credentials: [{ type: "key-auth", secretRef: { name: "alice-key" } }] }),
      this.#object("KongPluginBinding", "keys", { plugin: "key-auth", targets: [{ routeRef: { name: "users" } }] }),
    );
    await this.#kubectl(
      "wait",
      ...this.#inNamespace,
      "kongconsumers.kjo.dev/alice",
      "--for=condition=ResolvedRefs=false",
      "--timeout=30s",
    );
    await this.#kubectl("label", ...this.#inNamespace, "secret", "alice-key", "kjo.dev/secret=true");
    await this.#ready("kongconsumers.kjo.dev/alice", "kongpluginbindings.kjo.dev/keys");
    await this.#answers("/members/42", 401);
    await this.#served("/members/42", "/42", { apikey: API_KEY });
  }

  /** A consumer whose key the operator makes, and finds in its Secret from then on. */
  async generatedKey(): Promise<void> {
    const credentials = [{ type: "key-auth", secretRef: { name: "bob-key" }, generate: true }];
    await this.apply(this.#object("KongConsumer", "bob", { credentials }));
    await this.#ready("kongconsumers.kjo.dev/bob");
    const { data } = await this.#kubectl.json<{ data: { key: string } }>(
      "get",
      "secret",
      "bob-key",
      ...this.#inNamespace,
    );
    await this.#served("/members/42", "/42", { apikey: Buffer.from(data.key, "base64").toString("utf8") });
  }

  async upstream(): Promise<void> {
    const { backend } = this.#options;
    await this.apply(
      this.#object("KongUpstream", "users", { targets: [{ target: `127.0.0.1:${backend.port}` }] }),
      this.#object("KongService", "user-service", { upstreamRef: { name: "users" }, protocol: "http", path: "/v2" }),
    );
    await this.#ready("kongupstreams.kjo.dev/users", "kongservices.kjo.dev/user-service");
    await this.#served("/members/42", "/v2/42", { apikey: API_KEY });
  }

  /** An object of each kind that the story does without: the operator looks at it and says something of it. */
  async otherKinds(): Promise<void> {
    for (const { plural, singular } of KINDS.filter(({ kind }) => !KINDS_OF_THE_STORY.has(kind))) {
      const file = join(ROOT, `test/fixtures/kinds/valid/${singular}-example.yaml`);
      const [object] = parseManifests(readFileSync(file, "utf8")) as [Manifest];
      await this.apply(object);
      await until(`the ${singular} has conditions`, async () => {
        const name = `${plural}.kjo.dev/${object.metadata.name}`;
        const { status } = await this.#kubectl.json<{ status?: { conditions?: unknown[] } }>(
          "get",
          name,
          ...this.#inNamespace,
        );
        assert.ok(status?.conditions);
      });
    }
  }

  /** As docs/install.md says it; nothing of ours stays in Kong. */
  async deleteEverything(): Promise<void> {
    await this.#kubectl("delete", "kjo", "--all", ...this.#inNamespace, "--timeout=60s");
    for (const type of ["routes", "services", "consumers", "plugins", "upstreams"]) {
      assert.deepEqual(await this.#listInKong(type), [], type);
    }
  }

  async apply(...objects: readonly object[]): Promise<void> {
    const documents = objects.map((object) => stringify(object)).join("---\n");
    await this.#kubectl.withInput(documents, "apply", ...this.#inNamespace, "-f", "-");
  }

  get #kubectl(): Kubectl {
    return this.#options.kubectl;
  }

  get #inNamespace(): [string, string] {
    return ["--namespace", this.#options.namespace];
  }

  #object(kind: string, name: string, spec: object): object {
    return { apiVersion: API_VERSION, kind, metadata: { name }, spec };
  }

  async #patchRoute(spec: object): Promise<void> {
    await this.#kubectl(
      "patch",
      ...this.#inNamespace,
      "kongroutes.kjo.dev/users",
      "--type=merge",
      "--patch",
      JSON.stringify({ spec }),
    );
  }

  async #ready(...names: string[]): Promise<void> {
    for (const name of names)
      await this.#kubectl("wait", ...this.#inNamespace, name, "--for=condition=Ready", "--timeout=60s");
  }

  async #served(path: string, pathAtBackend: string, headers: Record<string, string> = {}): Promise<void> {
    await until(`${path} is served`, async () => {
      const response = await fetch(this.#options.kong.proxyUrl + path, { headers });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      assert.equal((JSON.parse(text) as Echo).path, pathAtBackend);
    });
  }

  async #answers(path: string, status: number): Promise<void> {
    await until(`${path} answers ${status}`, async () => {
      const response = await fetch(this.#options.kong.proxyUrl + path);
      await response.body?.cancel();
      assert.equal(response.status, status);
    });
  }

  async #routeInKong(): Promise<{ id: string; paths: string[] }> {
    const [route] = await this.#listInKong("routes");
    assert.ok(route, "Kong has no route");
    return route as { id: string; paths: string[] };
  }

  async #listInKong(type: string): Promise<unknown[]> {
    const { data } = (await this.#admin("GET", `/${type}`)) as { data: unknown[] };
    return data;
  }

  async #admin(method: string, path: string, body?: object): Promise<unknown> {
    const init = body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {};
    const response = await fetch(this.#options.kong.adminUrl + path, { method, ...init });
    assert.ok(response.ok, `${method} ${path}: ${response.status}`);
    return response.json();
  }
}
