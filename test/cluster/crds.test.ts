import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { KINDS } from "../../src/api/kinds.ts";
import { API_VERSION } from "../../src/api/names.ts";
import { parseSpec } from "../../src/api/parse.ts";
import { KongConsumer } from "../../src/api/v1alpha1/kong-consumer.ts";
import { KongGateway } from "../../src/api/v1alpha1/kong-gateway.ts";
import { KongPluginBinding } from "../../src/api/v1alpha1/kong-plugin-binding.ts";
import { KongRoute } from "../../src/api/v1alpha1/kong-route.ts";
import { KongService } from "../../src/api/v1alpha1/kong-service.ts";
import { KongUpstream } from "../../src/api/v1alpha1/kong-upstream.ts";
import type { KindDefinition } from "../../src/api/kind.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import type { ControlPlane } from "../controlplane/control-plane.ts";
import { ApiServer } from "../fixtures/kinds/api-server.ts";
import { isExplained, loadInvalid, loadValid } from "../fixtures/kinds/load.ts";

const run = promisify(execFile);

/** The API server gives the rules of one object a fixed budget when they run, beside the estimate that it makes before. */
const LARGEST: readonly [what: string, definition: KindDefinition, spec: object][] = [
  [
    "a route with as many and as long criteria as it may have",
    KongRoute,
    {
      paths: many(128, (index) => longest("/", index, 1024)),
      hosts: many(128, (index) => longest("h", index, 262)),
      snis: many(64, (index) => longest("s", index, 255)),
      tags: many(32, (index) => longest("t", index, 256)),
    },
  ],
  [
    "an upstream with as many targets as it may have",
    KongUpstream,
    {
      targets: many(512, (index) => ({
        target: longest("t", index, 262),
        tags: many(8, (tag) => longest("t", tag, 128)),
      })),
    },
  ],
  [
    "a plugin binding with as many targets as it may have",
    KongPluginBinding,
    {
      plugin: "cors",
      targets: many(64, (index) => ({
        serviceRef: { name: longest("s", index, 253) },
        routeRef: { name: longest("r", index, 253) },
        consumerRef: { name: longest("c", index, 253) },
      })),
    },
  ],
  [
    "a consumer with as many credentials as it may have",
    KongConsumer,
    { credentials: many(64, (index) => ({ type: "jwt", secretRef: { name: longest("s", index, 253) } })) },
  ],
];

describe("crds on a real API server", () => {
  let controlPlane: ControlPlane;
  let server: ApiServer;

  before(async function () {
    controlPlane = await controlPlaneOrSkip(this);
    server = await ApiServer.open(controlPlane, `crds-${process.pid}`);
  });

  after(async () => server?.close());

  for (const { name, object, definition } of loadValid()) {
    it(`accepts ${name} and fills in the same defaults as the parser`, async () => {
      const answer = await server.create(definition, object);
      assert.equal(answer.status, 201, answer.message);
      assert.deepEqual(answer.object.spec, parseSpec(definition, object));
    });
  }

  for (const { name, object, definition, at, serverSays } of loadInvalid()) {
    it(`refuses ${name} and names ${at}`, async () => {
      const { status, message } = await server.create(definition, object);
      assert.ok(status === 422 || status === 400, `${status} ${message}`);
      assert.ok(isExplained(message, at, serverSays), message);
    });
  }

  for (const [what, definition, spec] of LARGEST) {
    it(`has the time to judge ${what}`, async () => {
      const object = { apiVersion: API_VERSION, kind: definition.kind, metadata: { name: "largest" }, spec };
      const { status, message } = await server.create(definition, object);
      assert.equal(status, 201, message);
      assert.deepEqual(parseSpec(definition, object), spec);
    });
  }

  describe("on a change", () => {
    const gateway = (spec: object) => ({ adminApi: { url: "http://kong:8001" }, ...spec });
    const binding = (plugin: string) => ({ plugin, scope: "Global" });
    const changes: [what: string, definition: KindDefinition, from: object, to: object, refused: RegExp | undefined][] =
      [
        [
          "a gateway's instance",
          KongGateway,
          gateway({ instance: "a" }),
          gateway({ instance: "b" }),
          /spec\.instance: .*cannot be changed/,
        ],
        [
          "a gateway's instance that was not set",
          KongGateway,
          gateway({}),
          gateway({ instance: "b" }),
          /spec\.instance: /,
        ],
        [
          "a gateway's instance by leaving it out",
          KongGateway,
          gateway({ instance: "a" }),
          gateway({}),
          /spec\.instance: /,
        ],
        [
          "a gateway's workspace",
          KongGateway,
          { adminApi: { url: "http://kong:8001", workspace: "a" } },
          { adminApi: { url: "http://kong:8001" } },
          /spec\.adminApi\.workspace: .*create another KongGateway/,
        ],
        ["a gateway's address", KongGateway, gateway({}), { adminApi: { url: "https://kong:8444" } }, undefined],
        [
          "the plugin of a binding",
          KongPluginBinding,
          binding("cors"),
          binding("jwt"),
          /spec\.plugin: .*cannot be changed/,
        ],
        [
          "where a plugin acts",
          KongPluginBinding,
          binding("cors"),
          { plugin: "cors", targets: [{ routeRef: { name: "a" } }] },
          undefined,
        ],
      ];
    changes.forEach(([what, definition, from, to, refused], index) => {
      it(`${refused ? "refuses" : "accepts"} another value of ${what}`, async () => {
        const metadata = { name: `change-${index}` };
        const object = { apiVersion: API_VERSION, kind: definition.kind, metadata };
        const created = await server.create(definition, { ...object, spec: from }, { dryRun: false });
        assert.equal(created.status, 201, created.message);
        const { resourceVersion } = created.object.metadata;
        const answer = await server.update(definition, {
          ...object,
          metadata: { ...metadata, resourceVersion },
          spec: to,
        });
        assert.equal(answer.status, refused ? 422 : 200, answer.message);
        if (refused) assert.match(answer.message, refused);
      });
    });
  });

  describe("in kubectl", () => {
    let cache: string;

    before(async () => {
      cache = await mkdtemp(join(tmpdir(), "kjo-kubectl-"));
    });

    after(() => rm(cache, { recursive: true, force: true }));

    /** With a cache of its own: another's may have been filled before the definitions were there. */
    async function kubectl(...args: string[]): Promise<string> {
      const { kubeconfig } = controlPlane;
      const common = ["--kubeconfig", kubeconfig, "--cache-dir", cache, "--namespace", server.namespace];
      return (await run(controlPlane.kubectl, [...common, ...args])).stdout;
    }

    it("lists the objects of every kind by their category and by its short names", async () => {
      for (const { name, object, definition } of loadValid().filter((fixture) => fixture.name.endsWith("-example"))) {
        const { status, message } = await server.create(definition, object, { dryRun: false });
        assert.equal(status, 201, `${name}: ${message}`);
      }
      const listed = await kubectl("get", "kjo", "--output=name");
      for (const { singular, shortNames } of KINDS) {
        assert.match(listed, new RegExp(`^${singular}\\.kjo\\.dev/`, "m"));
        for (const shortName of shortNames) assert.match(await kubectl("get", shortName), /READY +REASON +AGE/);
      }
    });

    it("explains every kind", async () => {
      for (const { singular, description } of KINDS) {
        const explained = await kubectl("explain", singular, `--api-version=${API_VERSION}`);
        assert.ok(explained.replaceAll(/\s+/g, " ").includes(description), explained);
      }
    });

    it("waits for Ready and shows the name in Kong", async () => {
      const object = {
        apiVersion: API_VERSION,
        kind: "KongService",
        metadata: { name: "waited" },
        spec: { host: "a" },
      };
      await server.create(KongService, object, { dryRun: false });
      const status = {
        conditions: [
          {
            type: "Ready",
            status: "True",
            reason: "Programmed",
            message: "",
            lastTransitionTime: "2026-01-01T00:00:00Z",
            observedGeneration: 1,
          },
        ],
        gateway: { name: "default", namespace: "team-a", instance: "team-a.default" },
        kong: { id: "13fba475-b26a-4629-a760-025ad0a56f99", name: "team-a.waited" },
      };
      await kubectl("patch", "kjs", "waited", "--subresource=status", "--type=merge", "-p", JSON.stringify({ status }));
      await kubectl("wait", "--for=condition=Ready", "--timeout=5s", "kongservice.kjo.dev/waited");
      const table = await kubectl("get", "kjs", "waited");
      assert.match(table, /KONG NAME +READY +REASON +AGE\nwaited +team-a\.waited +True +Programmed +/);
    });
  });
});

/** `prefix` and a number, filled up to the longest that the field takes. */
function longest(prefix: string, index: number, length: number): string {
  return `${prefix}${index}`.padEnd(length, "a");
}

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
