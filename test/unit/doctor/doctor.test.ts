import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { neededAccess } from "../../../src/doctor/access.ts";
import { differences } from "../../../src/doctor/crds.ts";
import { lookAtGateway } from "../../../src/doctor/gateways.ts";
import { clockFinding, nodeFindings } from "../../../src/doctor/node.ts";
import { objectFindings, type StatusObject } from "../../../src/doctor/objects.ts";
import { parseNodeInfo, type NodeInfo } from "../../../src/kong/node-info.ts";

const MANIFESTS = new URL("../../../manifests/install.yaml", import.meta.url);

interface Rule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
}

interface Manifest {
  readonly kind?: string;
  readonly metadata: { readonly name: string };
  readonly rules?: Rule[];
  readonly roleRef?: { readonly name: string };
}

function node(configuration: object, version = "3.9.1"): NodeInfo {
  const info = parseNodeInfo({
    version,
    node_id: "n",
    hostname: "h",
    plugins: { available_on_server: { jwt: {} } },
    configuration: { database: "postgres", router_flavor: "traditional", role: "traditional", ...configuration },
  } as never);
  assert.ok(info);
  return info;
}

function listeners(...ports: readonly number[]) {
  return ports.map((port) => ({ ip: "0.0.0.0", port, ssl: port === 8443 || port === 8444 }));
}

function object(name: string, ...conditions: readonly (readonly [type: string, status: string, reason: string])[]) {
  return {
    kind: "KongRoute",
    metadata: { namespace: "a", name },
    status: {
      conditions: conditions.map(([type, status, reason]) => ({ type, status, reason, message: `${name} why` })),
    },
  } as unknown as StatusObject;
}

describe("doctor", () => {
  it("warns of a gateway that takes any certificate of its proxy", async () => {
    const adminApi = { serviceRef: { name: "kong-admin", port: 8001 } };
    const proxy = { url: "https://kong-proxy:8443", tls: { insecureSkipVerify: true } };
    const gateway = {
      ...{ apiVersion: "kjo.dev/v1alpha1", kind: "KongGateway" },
      metadata: { namespace: "a", name: "g" },
    };
    const look = (spec: object) => lookAtGateway({ ...gateway, spec } as never, () => undefined, {});
    const warned = (await look({ adminApi, proxy })).filter(({ message }) => /any certificate/.test(message));
    assert.deepEqual(
      warned.map(({ level }) => level),
      ["warning"],
    );
    assert.ok(!JSON.stringify(await look({ adminApi })).includes("any certificate"));
  });

  it("finds the four ports of the default configuration, and says which are missing", () => {
    const all = node({ proxy_listeners: listeners(8000, 8443), admin_listeners: listeners(8001, 8444) });
    assert.deepEqual(
      nodeFindings("k", all).map(({ level }) => level),
      ["ok", "ok", "ok"],
    );
    const some = node({ proxy_listeners: listeners(8000), admin_listeners: listeners(8001) });
    const ports = nodeFindings("k", some).find(({ level }) => level === "warning");
    assert.match(ports?.message ?? "", /not on 8443 \(proxy, https\), 8444 \(Admin API, https\)/);
    assert.match(ports?.remedy ?? "", /KONG_PROXY_LISTEN/);
  });

  it("calls a gateway without a proxy, a data plane and an old version problems", () => {
    const admin = { admin_listeners: listeners(8001, 8444), proxy_listeners: listeners(8000, 8443) };
    for (const info of [
      node({ ...admin, proxy_listeners: [] }),
      node({ ...admin, role: "data_plane" }),
      node(admin, "3.3.1"),
    ]) {
      assert.equal(nodeFindings("k", info).filter(({ level }) => level === "problem").length, 1);
    }
  });

  it("takes a clock for wrong beyond what a second and an answer's time explain", () => {
    const at = Date.parse("2026-01-01T00:00:00Z");
    const between = { fromMs: at + 200, toMs: at + 900 };
    const level = (date: string | undefined) => clockFinding("k", date, between)[0]?.level;
    assert.equal(level("Thu, 01 Jan 2026 00:00:00 GMT"), "ok");
    assert.equal(level("Wed, 31 Dec 2025 23:59:00 GMT"), "warning");
    assert.equal(level("Thu, 01 Jan 2026 00:01:00 GMT"), "warning");
    assert.equal(level(undefined), undefined);
    assert.match(clockFinding("k", "Wed, 31 Dec 2025 23:59:00 GMT", between)[0]?.message ?? "", /60 s behind/);
  });

  it("names the fields at which two schemas differ, and nothing where they are the same", () => {
    const schema = (spec: object) => ({ type: "object", properties: { spec: { properties: spec } } });
    const wanted = schema({ a: { type: "string" }, b: { items: { maxLength: 1 } } });
    assert.deepEqual(differences(wanted as never, structuredClone(wanted) as never), []);
    const found = schema({ b: { items: { maxLength: 2 } }, c: {} });
    assert.deepEqual(differences(wanted as never, found as never), ["spec.a", "spec.b.maxLength", "spec.c"]);
  });

  it("groups what is not as it should be by its reason, with what docs/reasons.md says", () => {
    const findings = objectFindings([
      object("good", ["Ready", "True", "Programmed"], ["Serving", "True", "Served"]),
      object("one", ["Ready", "False", "Conflict"]),
      object("two", ["Ready", "False", "Conflict"]),
      object("lost", ["Ready", "True", "Programmed"], ["Serving", "False", "NoRouteMatched"]),
      object("drifted", ["Ready", "True", "Programmed"], ["Drifted", "True", "DriftFound"]),
      object("new"),
    ]);
    assert.deepEqual(
      findings.map(({ level, subject }) => `${level} ${subject}`),
      [
        "ok objects",
        "problem Ready=False Conflict",
        "warning Serving=False NoRouteMatched",
        "warning Drifted=True DriftFound",
        "warning Ready=Unknown NeverSeen",
      ],
    );
    assert.match(findings[0]?.message ?? "", /^1 of 6/);
    assert.match(
      findings[1]?.message ?? "",
      /^2 objects: KongRoute a\/one, KongRoute a\/two; the first says: one why$/,
    );
    assert.match(findings[1]?.remedy ?? "", /spec\.adopt/);
  });

  it("asks for all rights that the installation grants, and for no other", () => {
    const manifests = parseAllDocuments(readFileSync(MANIFESTS, "utf8")).map((document) => document.toJS() as Manifest);
    // The other roles are for people.
    const bound = new Set(manifests.flatMap(({ roleRef }) => (roleRef ? [roleRef.name] : [])));
    const roles = manifests.filter(({ kind = "", metadata }) => kind.endsWith("Role") && bound.has(metadata.name));
    const rules = roles.flatMap((role) => role.rules ?? []);
    const granted = new Set(
      rules.flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}.${group}`)),
        ),
      ),
    );
    const needed = new Set(neededAccess("lease").map(({ verb, resource, group }) => `${verb} ${resource}.${group}`));
    assert.deepEqual([...needed].sort(), [...granted].sort());
  });
});
