import assert from "node:assert/strict";
import { eventually } from "./setup-eventually.ts";
import type { ProxyRequest } from "./setup-kong.ts";
import { LogSink } from "./setup-log-sink.ts";
import { RUN } from "./setup-run.ts";
import { useScene, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

const EVERYONE = ["0.0.0.0/0", "::/0"];
const ROBOT = { "user-agent": "evil-harvester/2.0" };

/** Where a plugin acts: how its binding names it. Each has a route of its own that it covers. */
const SCOPES: Readonly<Record<string, Spec>> = {
  route: { routeRef: { name: "of-route" } },
  service: { serviceRef: { name: "of-service" } },
  consumer: { consumerRef: { name: "of-consumer" } },
  "route-and-consumer": { routeRef: { name: "of-route-and-consumer" }, consumerRef: { name: "both" } },
};

describe("e2e: the scopes of plugins", () => {
  const scene = useScene("scopes", { gateway: { drift: { intervalSeconds: 3600 } } });
  const sink = new LogSink();
  const scopes = Object.keys(SCOPES);
  const key = (name: string): string => `${RUN}-scoped-key-of-${name}`;
  const path = (scope: string): string => scene.path(`/${scope}`);
  const consumerOf = (scope: string): string => (scope === "route-and-consumer" ? "both" : "of-consumer");
  const needsConsumer = (scope: string): boolean => scope.endsWith("consumer");
  /** A request that the scope covers. */
  const covered = (scope: string, headers: Readonly<Record<string, string>> = {}): ProxyRequest => ({
    headers: { ...(needsConsumer(scope) ? { apikey: key(consumerOf(scope)) } : {}), ...headers },
  });
  const other: ProxyRequest = { headers: { apikey: key("other") } };

  async function bind(plugin: string, config: Spec, supported: readonly string[] = scopes): Promise<void> {
    await scene.apply(
      ...supported.map(
        (scope) => ["KongPluginBinding", `${plugin}-${scope}`, { plugin, config, targets: [SCOPES[scope]] }] as const,
      ),
    );
    await scene.ready("KongPluginBinding", ...supported.map((scope) => `${plugin}-${scope}`));
  }

  async function unbind(plugin: string): Promise<void> {
    for (const scope of scopes) await scene.delete("KongPluginBinding", `${plugin}-${scope}`);
    for (const scope of scopes) await scene.gone("KongPluginBinding", `${plugin}-${scope}`);
  }

  before(async () => {
    await sink.start(process.env["KJO_E2E_HOST"]);
    for (const name of ["of-consumer", "both", "other"]) await scene.secret(`key-of-${name}`, { key: key(name) });
    await scene.apply(
      ...["of-consumer", "both", "other"].map(
        (name) =>
          [
            "KongConsumer",
            name,
            { credentials: [{ type: "key-auth", secretRef: { name: `key-of-${name}` } }] },
          ] as const,
      ),
      ...scopes.flatMap((scope) => [
        ["KongService", `of-${scope}`, { url: env().backends.a.url }] as const,
        ["KongRoute", `of-${scope}`, { serviceRef: { name: `of-${scope}` }, paths: [path(scope)] }] as const,
      ]),
      [
        "KongPluginBinding",
        "keys",
        {
          plugin: "key-auth",
          targets: scopes.filter(needsConsumer).map((scope) => ({ routeRef: { name: `of-${scope}` } })),
        },
      ],
    );
    await scene.ready("KongPluginBinding", "keys");
    for (const scope of scopes) await scene.served(path(scope), covered(scope));
  });

  after(() => sink.stop());

  for (const scope of scopes) {
    describe(`on a ${scope.replaceAll("-", " ")}`, () => {
      it("refuses a denied address with 403 by ip-restriction, and admits an allowed one", async () => {
        await bind("ip-restriction", { deny: EVERYONE }, [scope]);
        await scene.answered(403, path(scope), covered(scope));
        if (needsConsumer(scope)) await scene.served(path(scope), other);
        await bind("ip-restriction", { allow: EVERYONE }, [scope]);
        await scene.served(path(scope), covered(scope));
      });

      it("counts by rate-limiting up to 429, and others by themselves", async () => {
        await bind("rate-limiting", { minute: 2, policy: "local", limit_by: "consumer" }, [scope]);
        await eventually(async () => {
          const statuses = [];
          for (let sent = 0; sent < 4; sent += 1)
            statuses.push((await env().kong.get(path(scope), covered(scope))).status);
          assert.equal(statuses.at(-1), 429, statuses.join());
        });
        if (needsConsumer(scope)) await scene.served(path(scope), other);
        await scene.delete("KongPluginBinding", `rate-limiting-${scope}`);
        await scene.served(path(scope), covered(scope));
      });

      it("sends a log entry of each request to the sink by http-log", async () => {
        await bind("http-log", { http_endpoint: sink.url, queue: { max_coalescing_delay: 0.1 } }, [scope]);
        await eventually(async () => {
          const { status } = await env().kong.get(path(scope), covered(scope));
          assert.equal(status, 200);
          const entry = sink.entries.find(({ request }) => request?.uri?.startsWith(path(scope)) === true);
          assert.ok(entry, "the sink has no entry yet");
          assert.equal(entry.response?.status, 200);
          if (needsConsumer(scope)) assert.equal(entry.consumer?.username, scene.kongName(consumerOf(scope)));
        });
      });
    });
  }

  describe("all at once", () => {
    it("refuses a robot with 403 by bot-detection on a route and a service, and nobody else", async () => {
      const supported = ["route", "service"];
      await bind("bot-detection", { deny: ["evil-harvester"] }, supported);
      for (const scope of supported) {
        await scene.answered(403, path(scope), covered(scope, ROBOT));
        await scene.served(path(scope), covered(scope, { "user-agent": "Mozilla/5.0" }));
      }
    });

    it("says of a plugin that Kong does not take on a consumer why not", async () => {
      const targets = [SCOPES["consumer"]];
      await scene.apply(["KongPluginBinding", "nowhere", { plugin: "bot-detection", targets }]);
      const expected = { status: "False", reason: "Rejected", message: /consumer/ } as const;
      await scene.condition("KongPluginBinding", "nowhere", "Programmed", expected);
      await scene.delete("KongPluginBinding", "nowhere");
    });

    it("lets go of everything when the bindings are deleted", async () => {
      for (const plugin of ["ip-restriction", "http-log", "bot-detection"]) await unbind(plugin);
      for (const scope of scopes) await scene.served(path(scope), covered(scope, ROBOT));
    });
  });
});
