import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { eventually } from "./setup-eventually.ts";
import type { ProxyRequest } from "./setup-kong.ts";
import { useScene, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";
import { RUN } from "./setup-run.ts";
import { skip } from "../dev/skip.ts";

const EVERYONE = ["0.0.0.0/0", "::/0"];

describe("e2e: plugins", () => {
  const scene = useScene("plugins", { gateway: { drift: { intervalSeconds: 3600 } } });
  const keys = { alice: `${RUN}-key-of-alice`, bob: `${RUN}-key-of-bob` };
  const jwtKey = { key: `${RUN}-issuer`, secret: `${RUN}-signing-secret-of-alice` };

  const bound = (name: string, plugin: string, targets: readonly Spec[], config: Spec = {}) =>
    ["KongPluginBinding", name, { plugin, config, targets }] as const;
  /** A route and a service of its own for each case. */
  const routes = ["keyed", "limited", "denied", "allowed", "excluded", "bots", "down", "members", "signed", "patched"];
  const asAlice: ProxyRequest = { headers: { apikey: keys.alice } };
  const asBob: ProxyRequest = { headers: { apikey: keys.bob } };

  before(async () => {
    await scene.secret("key-of-alice", { key: keys.alice });
    await scene.secret("key-of-bob", { key: keys.bob });
    await scene.secret("jwt-of-alice", jwtKey);
    await scene.secret("texts", { sorry: `${RUN}: sorry`, config: JSON.stringify({ status_code: 418 }) });
    await scene.apply(
      ...["one", "two"].map((name) => ["KongService", name, { url: env().backends.a.url }] as const),
      ...routes.map(
        (name) => ["KongRoute", name, { serviceRef: { name: "one" }, paths: [scene.path(`/${name}`)] }] as const,
      ),
      ["KongRoute", "two", { serviceRef: { name: "two" }, paths: [scene.path("/two")] }],
      ["KongRoute", "two-again", { serviceRef: { name: "two" }, paths: [scene.path("/two-again")] }],
      [
        "KongConsumer",
        "alice",
        {
          groups: [`${RUN}-gold`],
          credentials: [
            { type: "key-auth", secretRef: { name: "key-of-alice" } },
            { type: "jwt", secretRef: { name: "jwt-of-alice" } },
          ],
        },
      ],
      ["KongConsumer", "bob", { credentials: [{ type: "key-auth", secretRef: { name: "key-of-bob" } }] }],
      bound("key-auth", "key-auth", [
        { routeRef: { name: "keyed" } },
        { routeRef: { name: "members" } },
        { serviceRef: { name: "two" } },
      ]),
      bound("jwt", "jwt", [{ routeRef: { name: "signed" } }], { claims_to_verify: ["exp"] }),
      bound("members", "acl", [{ routeRef: { name: "members" } }], { allow: [`${RUN}-gold`] }),
      bound("limit", "rate-limiting", [{ routeRef: { name: "limited" } }], { minute: 3, policy: "local" }),
      bound("deny-all", "ip-restriction", [{ routeRef: { name: "denied" } }], { deny: EVERYONE }),
      bound("allow-all", "ip-restriction", [{ routeRef: { name: "allowed" } }], { allow: EVERYONE }),
      bound("allow-one", "ip-restriction", [{ routeRef: { name: "excluded" } }], { allow: ["192.0.2.1"] }),
      bound("no-bots", "bot-detection", [{ routeRef: { name: "bots" } }], { deny: ["evil-harvester"] }),
      bound("down", "request-termination", [{ routeRef: { name: "down" } }], {
        status_code: 503,
        message: "back soon",
      }),
      bound("no-bob", "request-termination", [{ consumerRef: { name: "bob" } }], { status_code: 423 }),
      bound("alice-on-two", "request-termination", [{ serviceRef: { name: "two" }, consumerRef: { name: "alice" } }], {
        status_code: 451,
      }),
    );
  });

  it("guards a route by key-auth: 401 without a key, 200 with the consumer's", async () => {
    await scene.answered(401, scene.path("/keyed"));
    await scene.answered(401, scene.path("/keyed"), { headers: { apikey: "wrong" } });
    const { headers } = await scene.served(scene.path("/keyed"), asAlice);
    assert.equal(headers["x-consumer-username"], scene.kongName("alice"));
  });

  it("guards all routes of a service by a plugin on it", async () => {
    for (const path of ["/two", "/two-again"]) await scene.answered(401, scene.path(path));
    await scene.answered(451, scene.path("/two-again"), asAlice);
  });

  it("applies a plugin on a consumer wherever that consumer calls, and to nobody else", async () => {
    await scene.answered(423, scene.path("/keyed"), asBob);
    await scene.answered(423, scene.path("/two"), asBob);
    await scene.served(scene.path("/keyed"), asAlice);
  });

  it("applies a plugin on a service and a consumer only where both meet", async () => {
    await scene.answered(451, scene.path("/two"), asAlice);
    await scene.served(scene.path("/keyed"), asAlice);
  });

  it("lets a signed token through by jwt and refuses none, a forged and an expired one", async () => {
    const now = Math.floor(Date.now() / 1000);
    const bearer = (claims: object, secret = jwtKey.secret): ProxyRequest => ({
      headers: { authorization: `Bearer ${signedToken({ iss: jwtKey.key, ...claims }, secret)}` },
    });
    await scene.answered(401, scene.path("/signed"));
    await scene.served(scene.path("/signed"), bearer({ exp: now + 600 }));
    const expired = await scene.answered(401, scene.path("/signed"), bearer({ exp: now - 600 }));
    assert.match(expired.text, /expired/);
    await scene.answered(401, scene.path("/signed"), bearer({ exp: now + 600 }, "another-secret"));
  });

  it("admits members of a group by acl and refuses others with 403", async () => {
    await scene.apply([
      "KongConsumer",
      "carol",
      { credentials: [{ type: "key-auth", secretRef: { name: "key-of-carol" } }] },
    ]);
    await scene.secret("key-of-carol", { key: `${RUN}-key-of-carol` });
    await scene.served(scene.path("/members"), asAlice);
    await scene.answered(403, scene.path("/members"), { headers: { apikey: `${RUN}-key-of-carol` } });
    await scene.patch("KongConsumer", "carol", { groups: [`${RUN}-gold`] });
    await scene.served(scene.path("/members"), { headers: { apikey: `${RUN}-key-of-carol` } });
    await scene.patch("KongConsumer", "carol", { groups: null });
    await scene.answered(403, scene.path("/members"), { headers: { apikey: `${RUN}-key-of-carol` } });
  });

  it("answers 403 by ip-restriction to a denied address and to one that is not allowed", async () => {
    await scene.answered(403, scene.path("/denied"));
    await scene.answered(403, scene.path("/excluded"));
    await scene.served(scene.path("/allowed"));
  });

  it("answers 429 by rate-limiting when the minute's requests are used up", async () => {
    await eventually(async () => {
      const replies = [];
      for (let sent = 0; sent < 5; sent += 1) replies.push(await env().kong.get(scene.path("/limited")));
      const last = replies.at(-1);
      assert.equal(last?.status, 429, last?.text);
      assert.equal(last.headers["ratelimit-limit"], "3");
    });
  });

  it("answers 403 by bot-detection to a denied user agent alone", async () => {
    await scene.answered(403, scene.path("/bots"), { headers: { "user-agent": "evil-harvester/2.0" } });
    await scene.served(scene.path("/bots"), { headers: { "user-agent": "Mozilla/5.0" } });
  });

  it("answers in the backend's place by request-termination, and no longer once the binding is deleted", async () => {
    const { text } = await scene.answered(503, scene.path("/down"));
    assert.match(text, /back soon/);
    await scene.delete("KongPluginBinding", "down");
    await scene.gone("KongPluginBinding", "down");
    await scene.served(scene.path("/down"));
  });

  it("takes configuration from Secrets, whole and value by value, and follows their change", async () => {
    await scene.apply([
      "KongPluginBinding",
      "from-secrets",
      {
        plugin: "request-termination",
        targets: [{ routeRef: { name: "patched" } }],
        configFrom: { secretKeyRef: { name: "texts", key: "config" } },
        configPatches: [{ path: "/message", valueFrom: { secretKeyRef: { name: "texts", key: "sorry" } } }],
      },
    ]);
    assert.match((await scene.answered(418, scene.path("/patched"))).text, /: sorry/);
    await scene.secret("texts", { sorry: `${RUN}: really sorry`, config: JSON.stringify({ status_code: 410 }) });
    assert.match((await scene.answered(410, scene.path("/patched"))).text, /: really sorry/);
  });

  it("acts on every request with scope: Global, on routes that it does not name", async function () {
    const name = "correlation-id";
    const isTaken = (await env().kong.list("/plugins")).some(
      (plugin) => plugin["name"] === name && !plugin["service"] && !plugin["route"] && !plugin["consumer"],
    );
    if (isTaken) skip(this, `this Kong has a global ${name} of somebody else, and there can be only one`);
    const header = `x-${RUN}`;
    const config = { header_name: header, generator: "uuid", echo_downstream: true };
    await scene.apply(["KongPluginBinding", "everywhere", { plugin: name, scope: "Global", config }]);
    await eventually(async () => {
      const { headers } = await env().kong.get(scene.path("/allowed"));
      assert.match(String(headers[header]), /^[0-9a-f-]{36}$/);
    });
    await scene.delete("KongPluginBinding", "everywhere");
    await eventually(async () => {
      const { headers } = await env().kong.get(scene.path("/allowed"));
      assert.equal(headers[header], undefined);
    });
  });
});

function signedToken(claims: object, secret: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}
