import assert from "node:assert/strict";
import { destinationProblem, type DestinationRules } from "../../../src/tenancy/destinations.ts";

const RULES: DestinationRules = {
  namespace: "team-a",
  opened: [],
  adminHosts: ["kong-admin.kong", "203.0.113.7"],
  isNamespace: (name) => ["team-a", "team-b", "kong"].includes(name),
  isNeighbour: (name) => name === "postgres",
};

const OPEN = [
  "api.example.com",
  "192.0.2.10",
  "2001:db8::1",
  "orders.team-a",
  "orders.team-a.svc",
  "orders.team-a.svc.cluster.local",
  "0.orders.team-a.svc",
  "pool.team-a.kjo.invalid",
  "face.example",
  "api.example.postgres",
];

const REFUSED: readonly (readonly [host: string, why: RegExp])[] = [
  ["127.0.0.1", /Kong's own node/],
  ["127.8.9.10", /Kong's own node/],
  ["127.1", /Kong's own node/],
  ["0x7f.1", /Kong's own node/],
  ["0x7f000001", /Kong's own node/],
  ["2130706433", /Kong's own node/],
  ["017700000001", /Kong's own node/],
  ["0", /Kong's own node/],
  ["0.0.0.0", /Kong's own node/],
  ["[::1]", /Kong's own node/],
  ["::", /Kong's own node/],
  ["::ffff:127.0.0.1", /Kong's own node/],
  ["[::ffff:7f00:1]", /Kong's own node/],
  ["64:ff9b::7f00:1", /Kong's own node/],
  ["::127.0.0.1", /Kong's own node/],
  ["localhost", /Kong's own node/],
  ["LOCALHOST.", /Kong's own node/],
  ["a.localhost", /Kong's own node/],
  ["localhost.localdomain", /Kong's own node/],
  ["169.254.169.254", /metadata/],
  ["0xa9fea9fe", /metadata/],
  ["::ffff:169.254.169.254", /metadata/],
  ["fd00:ec2::254", /metadata/],
  ["metadata.google.internal", /metadata/],
  ["fe80::1", /link-local/],
  ["instance-data.ec2.internal", /metadata/],
  ["metadata.azure.internal.", /metadata/],
  ["168.63.129.16", /metadata/],
  ["192.0.0.192", /metadata/],
  ["host.docker.internal", /Kong's own node/],
  ["db.prod.internal", /no public DNS/],
  ["printer.local", /no public DNS/],
  ["kong-0.postgres", /Pod in Kong's namespace/],
  ["a.kong-admin.kong", /Admin API/],
  ["good.example\\@127.0.0.1", /no host/],
  ["127.0.0.1:80@good.example", /no host/],
  ["{vault://env/x}", /no host/],
  ["239.1.1.1", /multicast/],
  ["203.0.113.7", /Admin API/],
  ["::ffff:203.0.113.7", /Admin API/],
  ["kong-admin.kong", /Admin API/],
  ["Kong-Admin.Kong.", /Admin API/],
  ["kong-admin.kong.svc", /namespace kong/],
  ["kong-admin.kong.svc.cluster.local", /namespace kong/],
  ["kubernetes.default.svc", /namespace default/],
  ["10.0.0.1", /private/],
  ["172.20.1.1", /private/],
  ["192.168.0.1", /private/],
  ["100.64.0.1", /private/],
  ["fd12::1", /private/],
  ["kubernetes", /no dot/],
  ["orders", /no dot/],
  ["orders.team-b", /namespace team-b/],
  ["orders.team-b.svc", /namespace team-b/],
  ["x.orders.team-b.svc.my.domain", /namespace team-b/],
  ["10-0-0-1.team-b.pod.cluster.local", /namespace team-b/],
  ["pool.team-b.kjo.invalid", /upstream of the namespace team-b/],
  ["anything.cluster.local", /in the cluster/],
  ["", /no host/],
];

describe("tenancy/destinations", () => {
  for (const host of OPEN) {
    it(`is open to every tenant: ${host}`, () => assert.equal(destinationProblem(host, RULES), undefined));
  }
  for (const [host, why] of REFUSED) {
    it(`refuses ${host || "nothing"}: ${why.source}`, () => assert.match(destinationProblem(host, RULES) ?? "", why));
  }

  const OPENED: readonly (readonly [entry: string, host: string, open: boolean])[] = [
    ["10.0.0.0/8", "10.1.2.3", true],
    ["10.0.0.0/8", "192.168.0.1", false],
    ["10.0.0.0/8", "::ffff:10.1.2.3", true],
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "127.0.0.2", false],
    ["*", "10.1.2.3", true],
    ["*", "orders.team-b", true],
    ["*", "127.0.0.1", false],
    ["*", "169.254.169.254", false],
    ["*", "kong-admin.kong", false],
    ["*.team-b", "orders.team-b", true],
    ["orders.team-b", "other.team-b", false],
    ["fd12::/16", "fd12::1", true],
    ["0.0.0.0/0", "169.254.169.254", true],
  ];
  for (const [entry, host, open] of OPENED) {
    it(`${open ? "lets" : "does not let"} the entry ${entry} open ${host}`, () => {
      assert.equal(destinationProblem(host, { ...RULES, opened: [entry] }) === undefined, open);
    });
  }

  it("takes private addresses of the namespace's own endpoints, and no others of them", () => {
    assert.equal(destinationProblem("10.1.2.3", RULES, { isOwn: true }), undefined);
    assert.match(destinationProblem("127.0.0.1", RULES, { isOwn: true }) ?? "", /Kong's own node/);
    assert.match(destinationProblem("203.0.113.7", RULES, { isOwn: true }) ?? "", /Admin API/);
  });

  it("judges names behind the namespace's own Services like any other: their author has written them", () => {
    assert.match(destinationProblem("orders.team-b.svc", RULES, { isOwn: true }) ?? "", /namespace team-b/);
    assert.match(destinationProblem("orders", RULES, { isOwn: true }) ?? "", /no dot/);
    assert.equal(destinationProblem("api.example.com", RULES, { isOwn: true }), undefined);
  });
});
