import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import { GatewayIndex } from "../../../doubles/kong/proxy/gateway-index.ts";
import { MemoryGateway } from "./memory-gateway.ts";

/** The scopes that a plugin can have, the most specific first. */
const SCOPES = [
  "route service consumer",
  "route consumer",
  "service consumer",
  "route service",
  "consumer",
  "route",
  "service",
  "",
];

describe("kong double/gateway index", () => {
  for (const [i, scope] of SCOPES.entries()) {
    it(`prefers a plugin for "${scope || "all"}" to what is less specific`, () => {
      const store = new MemoryGateway();
      for (const other of SCOPES.slice(i))
        store.put("plugins", { id: other || "all", name: "cors", ...scopeFields(other) });
      const index = indexOf(store);
      assert.equal(index.pluginFor("cors", "r", "s", "c")?.["id"], scope || "all");
    });
  }

  it("does not apply a plugin of another route, service or consumer", () => {
    const store = new MemoryGateway();
    for (const scope of SCOPES.slice(0, -1)) store.put("plugins", { name: "cors", ...scopeFields(scope) });
    assert.equal(indexOf(store).pluginFor("cors", "other", "other", "other"), undefined);
  });

  it("falls back to the next scope where a plugin is disabled", () => {
    const store = new MemoryGateway();
    store.put("plugins", { id: "all", name: "cors", enabled: true });
    store.put("plugins", { id: "route", name: "cors", enabled: false, ...scopeFields("route") });
    assert.equal(indexOf(store).pluginFor("cors", "r", "s", "")?.["id"], "all");
  });

  it("serves what it has seen until it is told to look again", () => {
    const store = new MemoryGateway();
    const id = store.put("services", { host: "a.test" });
    const index = indexOf(store);
    store.put("services", { id, host: "b.test" });
    assert.equal(index.get("services", id)?.["host"], "a.test");
    index.refresh(store.current(), "services", [id]);
    assert.equal(index.get("services", id)?.["host"], "b.test");
  });

  it("finds credentials by key when two of them have swapped theirs", () => {
    const store = new MemoryGateway();
    store.put("keyauth_credentials", { id: "1", key: "k1" });
    store.put("keyauth_credentials", { id: "2", key: "k2" });
    const index = indexOf(store);
    store.put("keyauth_credentials", { id: "1", key: "k2" });
    store.put("keyauth_credentials", { id: "2", key: "k1" });
    index.refresh(store.current(), "keyauth_credentials", ["1", "2"]);
    assert.equal(index.find("keyauth_credentials", "k1")?.["id"], "2");
    assert.equal(index.find("keyauth_credentials", "k2")?.["id"], "1");
  });

  it("forgets the old name of a renamed upstream and the targets of a removed one", () => {
    const store = new MemoryGateway();
    const id = store.put("upstreams", { name: "old" });
    const target = store.put("targets", { upstream: { id }, target: "10.0.0.1:80" });
    const index = indexOf(store);
    store.put("upstreams", { id, name: "new" });
    store.remove("targets", target);
    index.refresh(store.current(), "upstreams", [id]);
    index.refresh(store.current(), "targets", "all");
    assert.equal(index.find("upstreams", "old"), undefined);
    assert.equal(index.find("upstreams", "new")?.["id"], id);
    assert.deepEqual(index.targetsOf(id), []);
  });

  it("reports a route that cannot be compiled and serves the others", () => {
    const store = new MemoryGateway();
    store.put("routes", { name: "broken", paths: ["~/a("] });
    store.put("routes", { id: "good", paths: ["/"] });
    const rejected: string[] = [];
    const index = new GatewayIndex({ onRejected: (what) => rejected.push(what) });
    index.refresh(store.current(), "routes", "all");
    assert.match(rejected.join(), /^route broken: SyntaxError/);
    assert.equal(index.router.size, 1);
  });
});

function scopeFields(scope: string): JsonObject {
  return Object.fromEntries(
    scope
      .split(" ")
      .filter(Boolean)
      .map((name) => [name, { id: name[0] as string }]),
  );
}

function indexOf(store: MemoryGateway): GatewayIndex {
  const index = new GatewayIndex();
  for (const table of ["services", "plugins", "upstreams", "targets", "keyauth_credentials"] as const) {
    index.refresh(store.current(), table, "all");
  }
  return index;
}
