import assert from "node:assert/strict";
import { parseSpec } from "../../../src/api/parse.ts";
import { KongGateway, type KongGatewaySpec } from "../../../src/api/v1alpha1/kong-gateway.ts";
import { gatewaySecrets, gatewaySettings } from "../../../src/controllers/gateway-settings.ts";
import type { SecretData } from "../../../src/controllers/secret-entries.ts";
import { InvalidSpecError, RefNotFoundError } from "../../../src/errors.ts";
import type { GatewaySettings } from "../../../src/kong/settings.ts";
import { CA_PEM, CERTIFICATE_PEM, KEY_PEM } from "../kong/pem.ts";

const KEY = { kind: "KongGateway", namespace: "kong", name: "edge" };
const URL = "https://kong:8444";

function specOf(adminApi: object, rest: object = {}): KongGatewaySpec {
  return parseSpec(KongGateway, { metadata: KEY, spec: { adminApi: { url: URL, ...adminApi }, ...rest } });
}

function settingsOf(spec: KongGatewaySpec, secrets: Readonly<Record<string, SecretData>> = {}): GatewaySettings {
  return gatewaySettings(KEY, spec, (name) => secrets[name]);
}

const EVERYTHING = {
  tls: { caSecretRef: { name: "ca" }, clientCertSecretRef: { name: "client" }, serverName: "kong.internal" },
  tokenSecretRef: { name: "token" },
  headersFrom: [{ name: "X-Team", secretRef: { name: "team", key: "value" } }],
  workspace: "blue",
  timeoutMs: 500,
  concurrency: 4,
};
const SECRETS = {
  ca: { "ca.crt": CA_PEM },
  client: { "tls.crt": CERTIFICATE_PEM, "tls.key": KEY_PEM },
  token: { token: "t0ken\n" },
  team: { value: "a" },
};

describe("controllers/gateway-settings", () => {
  it("gives a smallest spec everything else by default", () => {
    assert.deepEqual(settingsOf(specOf({})), {
      url: URL,
      headers: {},
      workspace: "",
      timeoutMs: 10_000,
      concurrency: 16,
      instance: "kong.edge",
      driftIntervalMs: 60_000,
      driftPolicy: "Repair",
      replaceForeign: false,
    });
  });

  it("reads every Secret that it names, without the line end that an editor leaves", () => {
    const rest = { instance: "prod", takeOver: "11111111-2222-4333-8444-555555555555", drift: { intervalSeconds: 5 } };
    assert.deepEqual(settingsOf(specOf(EVERYTHING, rest), SECRETS), {
      url: URL,
      headers: { "Kong-Admin-Token": "t0ken", "X-Team": "a" },
      tls: {
        ca: CA_PEM.trim(),
        cert: CERTIFICATE_PEM.trim(),
        key: KEY_PEM.trim(),
        serverName: "kong.internal",
      },
      workspace: "blue",
      timeoutMs: 500,
      concurrency: 4,
      instance: "prod",
      takeOver: "11111111-2222-4333-8444-555555555555",
      driftIntervalMs: 5_000,
      driftPolicy: "Repair",
      replaceForeign: false,
    });
  });

  it("reaches the Pods of a Service, which is what their certificates name", () => {
    const serviceRef = { name: "kong-admin", namespace: "edge", port: "admin-tls", scheme: "https" };
    const spec = parseSpec(KongGateway, { metadata: KEY, spec: { adminApi: { serviceRef } } });
    const asked: unknown[] = [];
    const settings = gatewaySettings(
      KEY,
      spec,
      () => undefined,
      (...of) => {
        asked.push(of);
        return ["10.0.0.1:8444", "[fd00::1]:8444"];
      },
    );
    assert.deepEqual(asked, [["edge", "kong-admin", "admin-tls"]]);
    assert.equal(settings.url, "https://_admin-tls._tcp.kong-admin.edge.svc");
    assert.deepEqual(settings.pods, ["https://10.0.0.1:8444", "https://[fd00::1]:8444"]);
    assert.deepEqual(settings.tls, { serverName: "kong-admin.edge.svc" });
  });

  it("names the Secrets of a spec, parsed or not, whatever it lacks", () => {
    assert.deepEqual(
      gatewaySecrets({ adminApi: EVERYTHING }).map(({ name }) => name),
      Object.keys(SECRETS),
    );
    assert.deepEqual(gatewaySecrets({}), []);
    assert.deepEqual(gatewaySecrets({ adminApi: {} }), []);
  });

  for (const [title, secrets, message] of [
    [
      "CA certificates that are none",
      { ca: { "ca.crt": "hello" } },
      /tls\.caSecretRef: Secret kong\/ca, key "ca.crt": .*PEM/,
    ],
    [
      "a client certificate with another's key",
      { client: { "tls.crt": CA_PEM, "tls.key": KEY_PEM } },
      /tls\.clientCertSecretRef: Secret kong\/client, key "tls.key": is not the key/,
    ],
    [
      "a token of two lines",
      { token: { token: "t0\nken" } },
      /tokenSecretRef: Secret kong\/token, key "token": .*line break/,
    ],
  ] as const) {
    it(`refuses ${title} before anything is sent, and tells no value`, () => {
      assert.throws(
        () => settingsOf(specOf(EVERYTHING), { ...SECRETS, ...secrets }),
        (error) =>
          error instanceof InvalidSpecError &&
          error.reason === "InvalidSecret" &&
          message.test(error.message) &&
          !/t0|hello|MII/.test(error.message),
      );
    });
  }

  for (const [name, data] of Object.entries(SECRETS)) {
    for (const key of Object.keys(data)) {
      it(`says that Secret ${name} lacks the key ${key}, and no other value`, () => {
        const lacking = { ...SECRETS, [name]: { ...data, [key]: "" } };
        assert.throws(
          () => settingsOf(specOf(EVERYTHING), lacking),
          (error) =>
            error instanceof RefNotFoundError &&
            error.reason === "SecretKeyMissing" &&
            error.message.includes(`Secret kong/${name} lacks the key "${key}"`) &&
            !/t0ken|-----/.test(error.message),
        );
      });
    }

    it(`says that Secret ${name} is missing, with the command that labels it`, () => {
      assert.throws(() => settingsOf(specOf(EVERYTHING), { ...SECRETS, [name]: undefined as unknown as SecretData }), {
        reason: "SecretNotFound",
        message: new RegExp(`^spec\\.adminApi\\..*kubectl label secret -n kong ${name} kjo\\.dev/secret=true$`),
      });
    });
  }
});
