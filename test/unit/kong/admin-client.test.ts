import assert from "node:assert/strict";
import { inspect } from "node:util";
import { GatewayAuthError, KongUnavailableError } from "../../../src/errors.ts";
import { AdminClient, AdminRejection, mayHaveHappened, type RequestRecord } from "../../../src/kong/admin-client.ts";
import type { GatewaySettings } from "../../../src/kong/settings.ts";
import {
  TransportError,
  type TransportFailure,
  type TransportRequest,
  type TransportResponse,
} from "../../../src/kong/transport.ts";

const SETTINGS: GatewaySettings = {
  url: "https://kong.test:8444/admin/",
  headers: { "kong-admin-token": "t0ken" },
  workspace: "",
  timeoutMs: 1000,
  concurrency: 16,
  instance: "i",
  driftIntervalMs: 1000,
  driftPolicy: "Repair",
};

type Step = Partial<TransportResponse> | TransportFailure;

/** A client whose transport answers by this script, step by step. */
function scripted(steps: Step[], settings: Partial<GatewaySettings> = {}) {
  const sent: TransportRequest[] = [];
  const records: RequestRecord[] = [];
  let time = 0;
  const client = new AdminClient({
    settings: { ...SETTINGS, ...settings },
    transport: {
      send: (request) => {
        sent.push(request);
        const step = steps.shift() ?? {};
        if (typeof step === "string") return Promise.reject(new TransportError(step, step));
        return Promise.resolve({
          status: 200,
          contentType: "application/json",
          retryAfter: undefined,
          body: "{}",
          ...step,
        });
      },
      close: () => Promise.resolve(),
    },
    onRequest: (record) => records.push(record),
    clock: () => (time += 5),
  });
  return { client, sent, records };
}

describe("kong/admin-client", () => {
  it("sends JSON with our headers, below the URL's own path and in the workspace", async () => {
    const { client, sent } = scripted([{}, {}], { workspace: "blue" });
    await client.request("PUT", "/services/1", "services", { host: "h" });
    await client.request("GET", "/", "node");
    assert.deepEqual(sent[0], {
      method: "PUT",
      path: "/admin/blue/services/1",
      headers: { "kong-admin-token": "t0ken", accept: "application/json", "content-type": "application/json" },
      body: '{"host":"h"}',
    });
    assert.equal(sent[1]?.path, "/admin/");
    assert.equal(sent[1]?.body, undefined);
  });

  it("tells each request with its entity, status and time, and no path", async () => {
    const { client, records } = scripted([{}, { status: 404, body: "" }, "refused"]);
    await client.request("GET", "/services/secret", "services");
    await client.find("/services/x", "services");
    await assert.rejects(client.request("DELETE", "/services/x", "services"));
    assert.deepEqual(records, [
      { method: "GET", entity: "services", status: 200, durationMs: 5 },
      { method: "GET", entity: "services", status: 404, durationMs: 5 },
      { method: "DELETE", entity: "services", status: 0, durationMs: 5 },
    ]);
  });

  const FAILURES: {
    title: string;
    step: Step;
    error: typeof KongUnavailableError | typeof GatewayAuthError;
    reason: string;
  }[] = [
    { title: "a refused connection", step: "refused", error: KongUnavailableError, reason: "ConnectionRefused" },
    { title: "no answer in time", step: "timeout", error: KongUnavailableError, reason: "Timeout" },
    { title: "an endless answer", step: "tooLarge", error: KongUnavailableError, reason: "ResponseTooLarge" },
    { title: "TLS that fails", step: "tls", error: GatewayAuthError, reason: "TLSFailed" },
    { title: "401", step: { status: 401 }, error: GatewayAuthError, reason: "AuthFailed" },
    { title: "403", step: { status: 403 }, error: GatewayAuthError, reason: "AuthFailed" },
    {
      title: "nginx wanting a client certificate",
      step: { status: 400, contentType: "text/html", body: "<html>No required SSL certificate was sent</html>" },
      error: GatewayAuthError,
      reason: "AuthFailed",
    },
    { title: "429", step: { status: 429 }, error: KongUnavailableError, reason: "TooManyRequests" },
    { title: "500", step: { status: 500 }, error: KongUnavailableError, reason: "ServerError" },
    {
      title: "502 in HTML",
      step: { status: 502, body: "<html></html>" },
      error: KongUnavailableError,
      reason: "ServerError",
    },
    { title: "a redirect", step: { status: 302 }, error: KongUnavailableError, reason: "Redirected" },
    {
      title: "HTML where JSON is due",
      step: { body: "<html></html>" },
      error: KongUnavailableError,
      reason: "NotAnAdminAPI",
    },
  ];
  for (const { title, step, error, reason } of FAILURES) {
    it(`turns ${title} into ${error.name} (${reason})`, async () => {
      const { client } = scripted([step, step]);
      await assert.rejects(client.request("GET", "/services", "services"), (thrown) => {
        assert.ok(thrown instanceof error);
        assert.equal(thrown.reason, reason);
        return true;
      });
    });
  }

  for (const status of [200, 204, 404]) {
    it(`believes no deletion that is answered with ${status} and HTML`, async () => {
      const { client } = scripted([{ status, contentType: "text/html", body: "<html>Welcome</html>" }]);
      await assert.rejects(client.request("DELETE", "/services/x", "services"), { reason: "NotAnAdminAPI" });
    });
  }

  it("takes over how long a 429 asks to wait", async () => {
    const { client } = scripted([{ status: 429, retryAfter: "10" }]);
    await assert.rejects(client.request("GET", "/", "node"), { retryAfterMs: 10_000 });
  });

  it("keeps Kong's code and fields of a refusal, and does not print them", async () => {
    const body = '{"code":5,"fields":{"key":"c4nary"},"message":"UNIQUE violation detected on \'{key=\\"c4nary\\"}\'"}';
    const { client } = scripted([{ status: 409, body }]);
    await assert.rejects(client.request("PUT", "/key-auths/1", "keyauth_credentials", {}), (thrown) => {
      assert.ok(thrown instanceof AdminRejection);
      assert.deepEqual([thrown.status, thrown.kong.code, thrown.kong.fields], [409, 5, { key: "c4nary" }]);
      assert.ok(!inspect(thrown, { depth: 9 }).includes("c4nary"));
      return true;
    });
  });

  it("takes a refusal in HTML for a refusal", async () => {
    const { client } = scripted([{ status: 415, contentType: "text/html", body: "<html></html>" }]);
    await assert.rejects(client.request("PUT", "/services/1", "services", {}), AdminRejection);
  });

  it("sends again, once, what may be carried out twice", async () => {
    for (const method of ["GET", "PUT", "PATCH", "DELETE"] as const) {
      const { client, sent } = scripted(["lost", {}]);
      await client.request(method, "/services/1", "services");
      assert.equal(sent.length, 2, method);
    }
    const { client, sent } = scripted(["lost", {}]);
    await assert.rejects(client.request("POST", "/upstreams/1/targets", "targets", {}), { reason: "ConnectionLost" });
    assert.equal(sent.length, 1);
  });

  it("leaves open what came of a lost request, although the second try was refused", async () => {
    const { client } = scripted(["lost", "refused"]);
    await assert.rejects(client.request("PUT", "/services/1", "services", {}), (error) => mayHaveHappened(error));
    const { client: other } = scripted(["refused"]);
    await assert.rejects(other.request("PUT", "/services/1", "services", {}), (error) => !mayHaveHappened(error));
  });

  it("finds nothing where Kong says 404", async () => {
    const { client } = scripted([{ status: 404, body: '{"message":"Not found"}' }]);
    assert.equal(await client.find("/services/x", "services"), undefined);
  });
});
