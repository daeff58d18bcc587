import assert from "node:assert/strict";
import type { ControllerContext } from "../../../src/controllers/context.ts";
import { generateSecrets } from "../../../src/controllers/generate-secrets.ts";
import type { KongObject } from "../../../src/controllers/caches.ts";
import { RefNotFoundError, RefNotPermittedError } from "../../../src/errors.ts";
import { KubeApiError } from "../../../src/kube/api-error.ts";

interface Body {
  readonly metadata: { readonly labels: object; readonly ownerReferences: object };
  readonly stringData: Readonly<Record<string, string>>;
}

const OBJECT = {
  kind: "KongConsumer",
  metadata: { name: "app", namespace: "team-a", uid: "u-1" },
} as unknown as KongObject;
const REFERENCES = [
  { field: "spec.credentials[0].secretRef", name: "key", generate: { type: "key-auth" } },
  { field: "spec.credentials[1].secretRef", name: "other" },
] as const;

/** A cluster with what the cache has, what a list would find, and an answer to each creation. */
function scene(options: { cached?: object; listed?: object; refusal?: Error } = {}) {
  const created: Body[] = [];
  const told: string[] = [];
  const context = {
    caches: { secrets: { get: () => options.cached } },
    client: {
      create: (_type: unknown, _namespace: string, body: Body) => {
        if (options.refusal) return Promise.reject(options.refusal);
        created.push(body);
        return Promise.resolve(body);
      },
      list: () => Promise.resolve({ items: options.listed ? [options.listed] : [] }),
    },
    events: { record: (_object: unknown, event: { reason: string; message: string }) => told.push(event.message) },
    logger: { info: (message: string, fields: object) => told.push(message + JSON.stringify(fields)) },
  } as unknown as ControllerContext;
  return { created, told, generate: () => generateSecrets(context, OBJECT, REFERENCES) };
}

describe("controllers/generate-secrets", () => {
  it("writes a labelled Secret that its object owns, and tells nobody what is in it", async () => {
    const { created, told, generate } = scene();
    const made = await generate();
    assert.deepEqual([...made.keys()], ["key"]);
    const [secret] = created;
    assert.equal(created.length, 1);
    assert.deepEqual(secret?.metadata.labels, {
      "kjo.dev/secret": "true",
      "app.kubernetes.io/managed-by": "kong-jenkins-operator",
    });
    const owner = { apiVersion: "kjo.dev/v1alpha1", kind: "KongConsumer", name: "app", uid: "u-1" };
    assert.deepEqual(secret?.metadata.ownerReferences, [owner]);
    assert.equal(told.length, 2);
    assert.ok(!told.join().includes(secret?.stringData["key"] ?? ""));
  });

  it("leaves a Secret that is there as it is", async () => {
    const { created, generate } = scene({ cached: {} });
    assert.equal((await generate()).size, 0);
    assert.deepEqual(created, []);
  });

  it("uses the Secret that it made before where the cache does not have it yet: no second key", async () => {
    const listed = { data: { key: "" } };
    const made = await scene({ listed, refusal: new KubeApiError(409, "AlreadyExists", "exists") }).generate();
    assert.equal(made.get("key"), listed);
  });

  it("does not touch a Secret without the label, and says how to go on", async () => {
    const { generate } = scene({ refusal: new KubeApiError(409, "AlreadyExists", "exists") });
    await assert.rejects(generate, (error) => {
      assert.ok(error instanceof RefNotFoundError);
      assert.match(error.message, /kubectl label secret -n team-a key kjo\.dev\/secret=true/);
      return error.reason === "SecretNotFound";
    });
  });

  it("names the chart's value where the operator may not create Secrets", async () => {
    const { generate } = scene({ refusal: new KubeApiError(403, "Forbidden", "no") });
    await assert.rejects(generate, (error) => {
      assert.ok(error instanceof RefNotPermittedError);
      assert.match(error.message, /spec\.credentials\[0\]\.secretRef: .*generateSecrets\.namespaces/);
      return error.reason === "SecretNotGenerated";
    });
  });

  it("tries again later where the API server has other troubles", async () => {
    const { generate } = scene({ refusal: new KubeApiError(500, "InternalError", "no") });
    await assert.rejects(generate, KubeApiError);
  });
});
