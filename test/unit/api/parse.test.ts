import assert from "node:assert/strict";
import { parseSpec } from "../../../src/api/parse.ts";
import { KongGateway } from "../../../src/api/v1alpha1/kong-gateway.ts";
import { KongPluginBinding } from "../../../src/api/v1alpha1/kong-plugin-binding.ts";
import { KongRoute } from "../../../src/api/v1alpha1/kong-route.ts";
import { KongService } from "../../../src/api/v1alpha1/kong-service.ts";
import { InvalidSpecError } from "../../../src/errors.ts";

const metadata = { name: "users", namespace: "team-a" };

describe("api/parse", () => {
  it("says the object, every field at fault and the remedy, in one message", () => {
    const object = { metadata, spec: { paths: ["users"], tags: ["kjo"], strip: true } };
    assert.throws(() => parseSpec(KongRoute, object), {
      name: "InvalidSpecError",
      reason: "InvalidSpec",
      policy: "none",
      message:
        "KongRoute team-a/users: spec.paths[0]: must start with '/' (a prefix) or with '~/' (a regular expression); " +
        "spec.tags[0]: must not begin with 'kjo': such tags mark what the operator owns; choose another tag; " +
        "spec.strip: unknown field; remove it or correct its name",
    });
  });

  it("says what is required and missing", () => {
    assert.throws(() => parseSpec(KongGateway, { metadata, spec: {} }), /: spec\.adminApi: is required$/);
  });

  it("takes a missing spec for an empty one", () => {
    assert.throws(() => parseSpec(KongService, { metadata }), InvalidSpecError);
  });

  it("does not call a value of the wrong type missing", () => {
    const object = { metadata, spec: { host: "a", port: "80" } };
    assert.throws(() => parseSpec(KongService, object), /spec\.port: Invalid input: expected number, received string/);
  });

  it("never shows the value of a field", () => {
    const object = { metadata, spec: { url: "http://me:hunter2@a", name: "hunter2 hunter2" } };
    assert.throws(
      () => parseSpec(KongService, object),
      (error) => error instanceof InvalidSpecError && !error.message.includes("hunter2"),
    );
  });

  it("fills the defaults of our own fields in", () => {
    const { adminApi, ...rest } = parseSpec(KongGateway, { metadata, spec: { adminApi: { url: "http://kong:8001" } } });
    assert.deepEqual(adminApi, { url: "http://kong:8001", timeoutMs: 10000, concurrency: 16 });
    assert.deepEqual(rest, {
      naming: "Namespaced",
      allowedNamespaces: { from: "Same" },
      drift: { intervalSeconds: 60, policy: "Repair" },
      dbless: { replaceForeign: false },
      prune: { policy: "Delete", maxPercent: 30 },
      revocation: { policy: "Delete" },
      deletionPolicy: "Delete",
    });
  });

  it("adds nothing to Kong's own fields", () => {
    const spec = { paths: ["/users"] };
    assert.deepEqual(parseSpec(KongRoute, { metadata, spec }), spec);
  });

  it("keeps a plugin's configuration as it is, nulls included", () => {
    const spec = { plugin: "cors", scope: "Global", config: { a: null, b: { c: [1, "x", { d: null }] } } };
    assert.deepEqual(parseSpec(KongPluginBinding, { metadata, spec }), spec);
  });
});
