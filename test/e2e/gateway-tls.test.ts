import assert from "node:assert/strict";
import { makeCertificate } from "../dev/certificates.ts";
import type { MadeCertificate } from "../dev/certificates.ts";
import { conditionOf } from "./setup-cluster.ts";
import { eventually } from "./setup-eventually.ts";
import { RUN } from "./setup-run.ts";
import { useScene } from "./setup-scene.ts";
import { tlsData } from "./setup-tls.ts";
import { env } from "./setup.ts";

const NAME = "kong-admin.test";

describe("e2e: the Admin API over TLS", () => {
  const scene = useScene("gateway-tls", { gateway: false });
  const authorities = ["CA 1", "CA 2"].map((name) => makeCertificate({ name, isCa: true })) as [Made, Made];
  const clients = makeCertificate({ name: "clients", isCa: true });
  type Made = MadeCertificate & { readonly name: string };

  const server = (issuer: Made, options: { days?: number; host?: string } = {}): Made =>
    makeCertificate({ name: "admin", hosts: [options.host ?? NAME], issuer, days: options.days ?? 30 });
  const client = (name: string, days = 30): Made => makeCertificate({ name, issuer: clients, days });
  const serve = (certificate: Made): Promise<void> => scene.front.useTls({ ...certificate, clientCa: clients.cert });

  /** Whatever the gateway says, its objects are left alone. */
  async function refused(reason: RegExp, message: RegExp): Promise<void> {
    await eventually(async () => {
      const ready = conditionOf(await scene.get("KongGateway", "default"), "Ready");
      assert.match(`${ready?.status} ${ready?.reason}`, reason);
      assert.match(ready?.message ?? "", message);
    });
    assert.equal(conditionOf(await scene.get("KongService", "shop"), "Ready")?.status, "True");
    await scene.served(scene.path("/shop"));
  }

  /** Writes something and sees it arrive. */
  async function connected(retries: number): Promise<void> {
    await scene.ready("KongGateway", "default");
    await scene.patch("KongService", "shop", { retries });
    await eventually(async () =>
      assert.equal((await scene.inKong("services", scene.kongName("shop")))["retries"], retries),
    );
    await scene.ready("KongService", "shop");
  }

  before(async () => {
    await serve(server(authorities[0]));
    scene.front.requireHeaders({ "kong-admin-token": `${RUN}-token-1`, "x-gateway-key": `${RUN}-key-1` });
    await scene.secret("ca", { "ca.crt": authorities[0].cert });
    await scene.secret("client", tlsData(client("first")));
    await scene.secret("access", { token: `${RUN}-token-1`, key: `${RUN}-key-1` });
    const adminApi = {
      url: scene.front.url,
      tls: { caSecretRef: { name: "ca" }, clientCertSecretRef: { name: "client" }, serverName: NAME },
      tokenSecretRef: { name: "access" },
      headersFrom: [{ name: "X-Gateway-Key", secretRef: { name: "access", key: "key" } }],
    };
    await scene.apply(
      ["KongGateway", "default", { adminApi, drift: { intervalSeconds: 1 } }],
      ["KongService", "shop", { url: env().backends.a.url }],
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [scene.path("/shop")] }],
    );
  });

  it("is reached with a client certificate, a token and a header from Secrets", async () => {
    await connected(1);
    await scene.ready("KongRoute", "shop");
    assert.deepEqual(
      scene.front.requests.filter(({ status }) => status === 401 || status === 400),
      [],
    );
  });

  it("changes its authority without a gap where both are trusted for a while", async () => {
    await scene.secret("ca", { "ca.crt": authorities[0].cert + authorities[1].cert });
    await connected(2);
    await serve(server(authorities[1]));
    await connected(3);
    await scene.secret("ca", { "ca.crt": authorities[1].cert });
    await connected(4);
  });

  for (const { title, certificate, message } of [
    {
      title: "an authority that nobody trusts",
      certificate: () => server(authorities[0]),
      message: /spec\.adminApi\.tls\.caSecretRef/,
    },
    {
      title: "a certificate that has expired",
      certificate: () => server(authorities[1], { days: -1 }),
      message: /has expired/,
    },
    {
      title: "a certificate for another name",
      certificate: () => server(authorities[1], { host: "other.test" }),
      message: /spec\.adminApi\.tls\.serverName.*other\.test/,
    },
  ]) {
    it(`says what to do about ${title}, and goes on when it is put right`, async () => {
      await serve(certificate());
      await refused(/False TLSFailed/, message);
      await serve(server(authorities[1]));
      // A person who has put it right need not wait for the next look.
      await scene.reconcile("KongGateway", "default").catch(() => undefined);
      await connected(5);
    });
  }

  it("is not tried with a client certificate that cannot be one; the connection that stands goes on", async () => {
    await scene.secret("client", { ...tlsData(client("second")), "tls.key": client("third").key });
    const message = /spec\.adminApi\.tls\.clientCertSecretRef.*tls\.key.*not the key/;
    await scene.condition("KongGateway", "default", "Accepted", { status: "False", reason: "InvalidSecret", message });
    await scene.patch("KongService", "shop", { retries: 6 });
    await eventually(async () => assert.equal((await scene.inKong("services", scene.kongName("shop")))["retries"], 6));
    await scene.secret("client", tlsData(client("fourth")));
    await connected(7);
  });

  it("refuses a client certificate that has expired, and takes the renewed one at once", async () => {
    await scene.secret("client", tlsData(client("fifth", -1)));
    await refused(/False AuthFailed/, /spec\.adminApi\.tls\.clientCertSecretRef/);
    await scene.secret("client", tlsData(client("sixth")));
    await connected(8);
  });

  it("takes another token and another header at once", async () => {
    scene.front.requireHeaders({ "kong-admin-token": `${RUN}-token-2`, "x-gateway-key": `${RUN}-key-2` });
    await refused(/False AuthFailed/, /401/);
    await scene.secret("access", { token: `${RUN}-token-2`, key: `${RUN}-key-2` });
    await connected(9);
  });

  it("lets everything go although its Secrets went first", async () => {
    for (const name of ["ca", "client", "access"]) await scene.deleteSecret(name);
    await scene.delete("KongGateway", "default");
    await scene.delete("KongRoute", "shop");
    await scene.delete("KongService", "shop");
    await scene.gone("KongService", "shop");
    await scene.gone("KongGateway", "default");
    assert.deepEqual(await scene.ownedInKong(), []);
  });
});
