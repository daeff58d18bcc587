import assert from "node:assert/strict";
import { makeCertificate } from "../dev/certificates.ts";
import { conditionOf } from "./setup-cluster.ts";
import { eventually } from "./setup-eventually.ts";
import { isDbless } from "./setup-kong.ts";
import { useScene } from "./setup-scene.ts";
import { assertShown, needTlsProxy, tlsData } from "./setup-tls.ts";
import { env } from "./setup.ts";

const CA = makeCertificate({ name: "e2e CA", isCa: true });
const IS_DBLESS = isDbless(process.env);
/** A real Kong looks for changes every five seconds. */
const SHOWN = { timeoutMs: 20_000 };

describe("e2e: certificates", () => {
  const scene = useScene("certificates");
  const [host, other, wild] = [scene.host("shop"), scene.host("other"), `*.wild.${scene.namespace}.test`];
  const make = (name: string) => makeCertificate({ name, hosts: [host, other, wild], issuer: CA });
  const first = make("first");
  const renewed = make("renewed");
  const second = make("second");

  async function sniOf(name: string): Promise<unknown> {
    return ((await scene.inKong("snis", name))["certificate"] as { id: string }).id;
  }

  async function idOf(kind: string, name: string): Promise<string> {
    return ((await scene.get(kind, name)).status?.["kong"] as { id: string }).id;
  }

  before(async () => {
    await scene.secret("shop-tls", tlsData(first, CA));
    await scene.apply(["KongCertificate", "shop", { secretRef: { name: "shop-tls" }, snis: [host, wild] }]);
    await scene.ready("KongCertificate", "shop");
  });

  it("are shown for their server names, wildcards among them", async function () {
    needTlsProxy(this);
    await eventually(() => assertShown(host, first), SHOWN);
    await assertShown(wild.replace("*", "any"), first);
  });

  it("say in their status whom they are for and when they end", async () => {
    const { certificate } = (await scene.get("KongCertificate", "shop")).status as { certificate: object };
    const { subject, issuer, dnsNames } = certificate as { subject: string; issuer: string; dnsNames: string[] };
    assert.deepEqual([subject, issuer, dnsNames], ["CN=first", "CN=e2e CA", [host, other, wild]]);
    const { output } = await scene.kubectl("get", "kongcertificates.kjo.dev", "shop");
    assert.match(output, /\d{4}-\d\d-\d\dT/);
    const labels = { namespace: scene.namespace, name: "shop" };
    const endsAt = await env().operator.metric("kjo_certificate_expiry_timestamp_seconds", labels);
    assert.equal(endsAt * 1000, Date.parse((certificate as { notAfter: string }).notAfter));
  });

  it("that are renewed in their Secret are renewed in Kong by one write, and keep everybody's SNIs", async () => {
    const foreign = scene.host("foreign");
    const id = await idOf("KongCertificate", "shop");
    // A gateway without a database has one owner: nobody else has anything there.
    if (!IS_DBLESS) await env().kong.admin("PUT", `/snis/${foreign}`, { certificate: { id } });
    scene.front.reset();
    await scene.secret("shop-tls", tlsData(renewed, CA));
    await eventually(async () => assert.equal((await scene.inKong("certificates", id))["cert"], renewed.cert));
    assert.deepEqual(
      scene.front.writes.map(({ path }) => path.replace(/\?.*/, "")),
      [IS_DBLESS ? "/config" : `/certificates/${id}`],
    );
    if (!IS_DBLESS) {
      assert.equal(await sniOf(foreign), id);
      await env().kong.admin("DELETE", `/snis/${foreign}`);
    }
    assert.equal(await sniOf(host), id);
    if (env().kong.proxyTlsUrl) await eventually(() => assertShown(host, renewed), SHOWN);
  });

  it("do not get an SNI that another has, and say whose it is", async () => {
    await scene.secret("second-tls", tlsData(second));
    await scene.apply(["KongCertificate", "second", { secretRef: { name: "second-tls" }, snis: [host, other] }]);
    const message = new RegExp(`belongs to KongCertificate ${scene.namespace}/shop`);
    await scene.condition("KongCertificate", "second", "Programmed", { status: "False", reason: "Conflict", message });
    assert.equal(await sniOf(host), await idOf("KongCertificate", "shop"));
    await eventually(async () => assert.ok(await env().kong.find("snis", other)));
  });

  it("take over an SNI by one write when the other lets go", async () => {
    const sni = (await scene.inKong("snis", host)).id;
    scene.front.reset();
    await scene.patch("KongCertificate", "shop", { snis: [wild] });
    await scene.ready("KongCertificate", "second");
    await scene.ready("KongCertificate", "shop");
    if (!IS_DBLESS) {
      assert.deepEqual(
        scene.front.writes.map(({ method, path }) => `${method} ${path}`),
        [`PUT /snis/${sni}`],
      );
    }
    assert.equal(await sniOf(host), await idOf("KongCertificate", "second"));
    if (env().kong.proxyTlsUrl) await eventually(() => assertShown(host, second), SHOWN);
  });

  for (const { title, data, message } of [
    {
      title: "whose key is another's",
      data: { ...tlsData(first), "tls.key": second.key },
      message: /tls\.key.*not the key/,
    },
    { title: "that is none", data: { "tls.crt": "hello", "tls.key": first.key }, message: /tls\.crt.*PEM/ },
    {
      title: "that has expired",
      data: tlsData(makeCertificate({ name: "old", days: -1 })),
      message: /tls\.crt.*expired on/,
    },
  ]) {
    it(`${title}: is refused with its Secret and key, and what Kong has stays`, async () => {
      const id = await idOf("KongCertificate", "shop");
      await scene.secret("shop-tls", data);
      const expected = { status: "False", reason: "InvalidSecret", message } as const;
      await scene.condition("KongCertificate", "shop", "Accepted", expected);
      assert.equal((await scene.inKong("certificates", id))["cert"], renewed.cert);
      await scene.secret("shop-tls", tlsData(renewed));
      await scene.ready("KongCertificate", "shop");
    });
  }

  it("that end soon say so, and Events do", async () => {
    await scene.secret("soon", tlsData(makeCertificate({ name: "soon", days: 3 })));
    await scene.apply(["KongCertificate", "soon", { secretRef: { name: "soon" } }]);
    const message = /Secret .*soon.*expires on/;
    await scene.condition("KongCertificate", "soon", "Expiring", { status: "True", reason: "ExpiresSoon", message });
    await scene.ready("KongCertificate", "soon");
    await eventually(async () =>
      assert.equal((await scene.events("KongCertificate", "soon", "ExpiresSoon")).length, 1),
    );
    await scene.secret("soon", tlsData(renewed));
    await eventually(async () =>
      assert.equal(conditionOf(await scene.get("KongCertificate", "soon"), "Expiring"), undefined),
    );
  });

  it("stay while a service or an upstream shows them, and while an SNI of somebody else hangs on them", async () => {
    const clientCertificateRef = { name: "second" };
    await scene.apply(["KongService", "tls", { url: "https://tls.example.test", clientCertificateRef }]);
    await scene.ready("KongService", "tls");
    const id = await idOf("KongCertificate", "second");
    assert.deepEqual((await scene.inKong("services", scene.kongName("tls")))["client_certificate"], { id });
    const foreign = scene.host("foreign");
    if (!IS_DBLESS) await env().kong.admin("PUT", `/snis/${foreign}`, { certificate: { id } });
    await scene.delete("KongCertificate", "second");
    const expected = { status: "False", reason: "InUse", message: /KongService\/.*\/tls/ } as const;
    await scene.condition("KongCertificate", "second", "Ready", expected);
    await scene.delete("KongService", "tls");
    if (IS_DBLESS) return scene.gone("KongCertificate", "second");
    const blocked = { status: "False", reason: "ForeignDependents", message: new RegExp(`SNI ${foreign}`) } as const;
    await scene.condition("KongCertificate", "second", "Ready", blocked);
    await env().kong.admin("DELETE", `/snis/${foreign}`);
    await scene.annotate("KongCertificate", "second", { "kjo.dev/reconcile": "now" });
    await scene.gone("KongCertificate", "second");
    assert.equal(await env().kong.find("snis", host), undefined);
  });
});

describe("e2e: CA certificates", () => {
  const scene = useScene("ca-certificates");
  const roots = [
    makeCertificate({ name: "root 1", isCa: true }),
    makeCertificate({ name: "root 2", isCa: true }),
  ] as const;

  async function kongOf(name: string): Promise<{ id: string; sharedWith: unknown }> {
    const status = (await scene.get("KongCACertificate", name)).status ?? {};
    return { id: (status["kong"] as { id: string }).id, sharedWith: status["sharedWith"] };
  }

  async function trustedBy(service: string): Promise<unknown> {
    return (await scene.inKong("services", scene.kongName(service)))["ca_certificates"];
  }

  it("with one certificate are one entity, and services of either trust it", async () => {
    for (const name of ["a", "b"]) {
      await scene.secret(name, { "ca.crt": roots[0].cert });
      const caCertificateRefs = [{ name }];
      await scene.apply(
        ["KongCACertificate", name, { secretRef: { name } }],
        ["KongService", name, { url: "https://tls.example.test", tls_verify: true, caCertificateRefs }],
      );
      await scene.ready("KongCACertificate", name);
      await scene.ready("KongService", name);
    }
    const [a, b] = [await kongOf("a"), await kongOf("b")];
    assert.deepEqual([b.id, a.sharedWith, b.sharedWith], [a.id, undefined, `${scene.namespace}/a`]);
    assert.deepEqual(await trustedBy("b"), [a.id]);
  });

  it("of which one is renewed part: the other's services go on trusting the former", async () => {
    const { id } = await kongOf("b");
    await scene.secret("a", { "ca.crt": roots[1].cert });
    await eventually(async () => assert.notEqual((await kongOf("a")).id, id));
    const { id: renewed } = await kongOf("a");
    await eventually(async () => assert.deepEqual(await trustedBy("a"), [renewed]));
    assert.deepEqual(await trustedBy("b"), [id]);
    assert.equal((await scene.inKong("ca_certificates", id))["cert"], roots[0].cert);
    assert.equal((await kongOf("b")).sharedWith, undefined);
  });

  it("renewed without anybody to share keep their id", async () => {
    const { id } = await kongOf("a");
    const next = makeCertificate({ name: "root 3", isCa: true });
    scene.front.reset();
    await scene.secret("a", { "ca.crt": next.cert });
    await eventually(async () => assert.equal((await scene.inKong("ca_certificates", id))["cert"], next.cert));
    assert.equal(scene.front.writes.length, 1);
    await scene.ready("KongService", "a");
  });

  it("that meet again are one; it goes with the last that wants it", async () => {
    const { id: former } = await kongOf("a");
    await scene.secret("a", { "ca.crt": roots[0].cert });
    const { id } = await kongOf("b");
    await eventually(async () => assert.deepEqual(await trustedBy("a"), [id]));
    await eventually(async () => assert.equal(await env().kong.find("ca_certificates", former), undefined));
    await scene.ready("KongCACertificate", "a");
    await scene.delete("KongService", "b");
    await scene.delete("KongCACertificate", "b");
    await scene.gone("KongCACertificate", "b");
    assert.deepEqual(await trustedBy("a"), [id]);
    await eventually(async () => assert.equal((await kongOf("a")).sharedWith, undefined));
    await scene.delete("KongCACertificate", "a");
    await scene.condition("KongCACertificate", "a", "Ready", {
      status: "False",
      reason: "InUse",
      message: /KongService/,
    });
    await scene.delete("KongService", "a");
    await scene.gone("KongCACertificate", "a");
    assert.equal(await env().kong.find("ca_certificates", id), undefined);
  });

  it("say why a Secret cannot be used", async () => {
    await scene.secret("leaf", { "ca.crt": makeCertificate({ name: "leaf" }).cert });
    await scene.secret("bundle", { "ca.crt": roots[0].cert + roots[1].cert });
    for (const [name, message] of [
      ["leaf", /lacks the basic constraint CA/],
      ["bundle", /holds 2 certificates/],
    ] as const) {
      await scene.apply(["KongCACertificate", name, { secretRef: { name } }]);
      await scene.condition("KongCACertificate", name, "Accepted", {
        status: "False",
        reason: "InvalidSecret",
        message,
      });
    }
  });
});

describe("e2e: vaults", () => {
  const scene = useScene("vaults");
  const prefix = `${scene.namespace}-env`;

  it("stand in Kong with configuration from Secrets, and follow it", async () => {
    await scene.secret("vault", { prefix: "FIRST_" });
    const valueFrom = { secretKeyRef: { name: "vault", key: "prefix" } };
    const spec = { name: "env", prefix, description: "for tests", configPatches: [{ path: "/prefix", valueFrom }] };
    await scene.apply(["KongVault", "env", spec]);
    await scene.ready("KongVault", "env");
    const { name, description, config } = await scene.inKong("vaults", prefix);
    assert.deepEqual([name, description, config], ["env", "for tests", { prefix: "FIRST_" }]);
    assert.deepEqual((await scene.get("KongVault", "env")).status?.["kong"], {
      id: (await scene.inKong("vaults", prefix)).id,
      name: prefix,
    });
    await scene.secret("vault", { prefix: "SECOND_" });
    await eventually(async () =>
      assert.deepEqual((await scene.inKong("vaults", prefix))["config"], { prefix: "SECOND_" }),
    );
  });

  it("are named by references that pass through as they are, and are in step", async () => {
    const reference = `{vault://${prefix}/password}`;
    const config = { second: 5, policy: "redis", redis: { host: "redis.example.test", password: reference } };
    await scene.apply(
      ["KongService", "shop", { url: env().backends.a.url }],
      ["KongPluginBinding", "limit", { plugin: "rate-limiting", targets: [{ serviceRef: { name: "shop" } }], config }],
    );
    await scene.ready("KongPluginBinding", "limit");
    const [{ id } = { id: "" }] = (await scene.get("KongPluginBinding", "limit")).status?.["plugins"] as {
      id: string;
    }[];
    const standing = (await scene.inKong("plugins", id))["config"] as { redis: { password: string } };
    assert.equal(standing.redis.password, reference);
    scene.front.reset();
    await scene.reconcile("KongPluginBinding", "limit");
    assert.deepEqual(scene.front.writes, []);
  });

  it("of a type that the gateway lacks are refused by its name", async () => {
    await scene.apply(["KongVault", "missing", { name: "hcv", prefix: `${scene.namespace}-hcv` }]);
    const expected = { status: "False", reason: "NotSupportedByGateway", message: /no vault "hcv"/ } as const;
    await scene.condition("KongVault", "missing", "Programmed", expected);
  });
});
