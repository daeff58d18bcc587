import assert from "node:assert/strict";
import { readAnswer, type ConsulResponse } from "../../../src/discovery/consul-answer.ts";
import { nextIndex, Pace } from "../../../src/discovery/consul-index.ts";
import { identityOf, placeOf, requestPath, type ConsulQuery } from "../../../src/discovery/consul-query.ts";
import { instance } from "./consul-server.ts";

const QUERY: ConsulQuery = { url: "http://consul:8500", service: "order", tags: [] };

describe("discovery/consul-query", () => {
  it("asks for the passing instances, at once where there is no index", () => {
    assert.equal(requestPath(QUERY, 0, 60), "/v1/health/service/order?passing=true");
  });

  it("waits for what follows an index", () => {
    assert.equal(requestPath(QUERY, 17, 60), "/v1/health/service/order?passing=true&index=17&wait=60s");
  });

  it("keeps a path of the address, and encodes what is not ours", () => {
    const query = { ...QUERY, url: "https://proxy/consul/", service: "a b&c", tags: ["x=1", "ü"], datacenter: "dc2" };
    assert.equal(
      requestPath({ ...query, namespace: "team", partition: "p" }, 0, 60),
      "/consul/v1/health/service/a%20b%26c?passing=true&tag=x%3D1&tag=%C3%BC&dc=dc2&ns=team&partition=p",
    );
  });

  it("holds no token in what a watch is known by", () => {
    assert.ok(!identityOf({ ...QUERY, token: "s3cret-token" }).includes("s3cret-token"));
  });

  it("tells queries apart by what they ask and by their credentials, and not by the order of tags", () => {
    const place = placeOf(QUERY);
    assert.equal(placeOf({ ...QUERY, token: "t" }), place);
    for (const other of [
      { url: "http://b" },
      { service: "b" },
      { tags: ["b"] },
      { datacenter: "b" },
      { namespace: "b" },
    ])
      assert.notEqual(placeOf({ ...QUERY, ...other }), place);
    assert.equal(identityOf({ ...QUERY, tags: ["a", "b"] }), identityOf({ ...QUERY, tags: ["b", "a"] }));
    const tls = { ca: "ca", serverName: "n" };
    const identities = [QUERY, { ...QUERY, token: "t" }, { ...QUERY, token: "u" }, { ...QUERY, tls }].map(identityOf);
    assert.equal(new Set(identities).size, 4);
  });
});

describe("discovery/consul-index", () => {
  it("goes on from the index of the answer", () => {
    assert.equal(nextIndex(0, 5), 5);
    assert.equal(nextIndex(5, 5), 5);
    assert.equal(nextIndex(5, 9), 9);
  });

  it("asks anew where the index goes backwards", () => assert.equal(nextIndex(9, 5), 0));

  it("waits at 1 where the answer's index is 0 or less", () => {
    assert.equal(nextIndex(0, 0), 1);
    assert.equal(nextIndex(9, 0), 1);
    assert.equal(nextIndex(0, -3), 1);
  });

  it("lets a burst pass and slows down what goes on", () => {
    const pace = new Pace({ burst: 3, refillMs: 100 }, 0);
    assert.deepEqual([pace.take(0), pace.take(0), pace.take(0)], [0, 0, 0]);
    assert.equal(pace.take(0), 100);
    assert.equal(pace.take(100), 100);
    assert.equal(pace.take(100_000), 0);
  });
});

describe("discovery/consul-answer", () => {
  const answer = (body: unknown, headers: Readonly<Record<string, string>> = {}): ConsulResponse => ({
    status: 200,
    headers: { "x-consul-index": "7", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const reasonOf = (query: ConsulQuery, response: ConsulResponse): string => {
    try {
      readAnswer(query, response);
    } catch (error) {
      return (error as { reason: string }).reason;
    }
    return "none";
  };

  it("takes the service's address, else its node's, each address once and in order", () => {
    const body = [
      instance("b.internal", 80),
      instance("", 81),
      instance("2001:db8::1", 82),
      instance("b.internal", 80),
    ];
    assert.deepEqual(readAnswer(QUERY, answer(body)), {
      index: 7,
      endpoints: [
        { address: "10.9.9.9", port: 81, state: "ready" },
        { address: "2001:db8::1", port: 82, state: "ready" },
        { address: "b.internal", port: 80, state: "ready" },
      ],
      unusable: 0,
    });
  });

  it("takes weights beyond 1; of two for one address the larger, in whatever order they come", () => {
    const light = instance("a", 80, { Weights: { Passing: 1, Warning: 1 } });
    const heavy = instance("a", 80, { Weights: { Passing: 5, Warning: 1 } });
    const expected = [{ address: "a", port: 80, state: "ready", weight: 5 }];
    assert.deepEqual(readAnswer(QUERY, answer([light, heavy])).endpoints, expected);
    assert.deepEqual(readAnswer(QUERY, answer([heavy, light])).endpoints, expected);
    assert.deepEqual(readAnswer(QUERY, answer([light])).endpoints, [{ address: "a", port: 80, state: "ready" }]);
  });

  it("counts instances that cannot be targets and leaves them out", () => {
    const odd = ["a b", "a/b", "http://a", "a:80", "*", "", "a\n"].map((address) => ({
      Node: { Address: "" },
      Service: { Address: address, Port: 80 },
    }));
    const ports = [0, 65536, 1.5, "80", null].map((port) => ({ Node: {}, Service: { Address: "a", Port: port } }));
    const { endpoints, unusable } = readAnswer(QUERY, answer([...odd, ...ports, instance("ok", 1)]));
    assert.deepEqual(endpoints, [{ address: "ok", port: 1, state: "ready" }]);
    assert.equal(unusable, odd.length + ports.length);
  });

  it("wants all tags, whatever their case, also from a server that looks at one only", () => {
    const query = { ...QUERY, tags: ["V2", "eu"] };
    const body = [
      instance("a", 80, { Tags: ["v2", "EU", "x"] }),
      instance("b", 80, { Tags: ["v2"] }),
      instance("c", 80, { Tags: null }),
    ];
    const { endpoints, unusable } = readAnswer(query, answer(body));
    assert.deepEqual(
      endpoints.map(({ address }) => address),
      ["a"],
    );
    assert.equal(unusable, 0);
  });

  it("believes an empty list", () => {
    assert.deepEqual(readAnswer(QUERY, answer([])), { index: 7, endpoints: [], unusable: 0 });
    const allowed = { "x-consul-default-acl-policy": "allow" };
    assert.deepEqual(readAnswer(QUERY, answer([], allowed)).endpoints, []);
    const asked = { "x-consul-default-acl-policy": "deny" };
    assert.deepEqual(readAnswer({ ...QUERY, token: "t" }, answer([], asked)).endpoints, []);
  });

  it("does not believe an empty list that hides what there is", () => {
    const filtered = { "x-consul-results-filtered-by-acls": "true", "x-consul-default-acl-policy": "deny" };
    assert.equal(reasonOf({ ...QUERY, token: "t" }, answer([], filtered)), "ConsulDenied");
    assert.equal(reasonOf(QUERY, answer([], { "x-consul-default-acl-policy": "deny" })), "ConsulDenied");
  });

  const STATUSES: readonly [status: number, reason: string][] = [
    [401, "ConsulDenied"],
    [403, "ConsulDenied"],
    [429, "ConsulUnavailable"],
    [500, "ConsulUnavailable"],
    [503, "ConsulUnavailable"],
    [301, "ConsulRefused"],
    [400, "ConsulRefused"],
    [404, "ConsulRefused"],
  ];
  for (const [status, reason] of STATUSES) {
    it(`takes ${status} for ${reason}, and shows nothing of its body`, () => {
      const response = { status, headers: {}, body: "internal: 10.0.0.1" };
      assert.equal(reasonOf(QUERY, response), reason);
      assert.throws(
        () => readAnswer(QUERY, response),
        (error: Error) => !error.message.includes("10.0.0.1"),
      );
    });
  }

  const NO_CONSUL: readonly [what: string, response: ConsulResponse][] = [
    ["a page", answer("<html>")],
    ["an object", answer({})],
    ["a list of something else", answer([1])],
    ["entries without a node", answer([{ Service: {} }])],
    ["a list without an index", { status: 200, headers: {}, body: "[]" }],
  ];
  for (const [what, response] of NO_CONSUL) {
    it(`takes ${what} for no Consul`, () => assert.equal(reasonOf(QUERY, response), "NotConsul"));
  }
});
