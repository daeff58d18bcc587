import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import { messageOf, serveWith } from "./gateway-fixture.ts";
import type { Call } from "./gateway-fixture.ts";

describe("kong double/rate-limiting", () => {
  const START = Date.UTC(2030, 5, 15, 12, 0, 50);

  it("counts a fixed window, says what is left, refuses, and begins anew with the next window", async () => {
    let now = START;
    await using t = await serveWith("rate-limiting", { minute: 2, policy: "local" }, () => now);
    for (const left of ["1", "0"]) {
      const reply = await t.gateway.call();
      assert.equal(reply.status, 200);
      assert.equal(reply.headers["ratelimit-limit"], "2");
      assert.equal(reply.headers["ratelimit-remaining"], left);
      assert.equal(reply.headers["x-ratelimit-limit-minute"], "2");
      assert.equal(reply.headers["x-ratelimit-remaining-minute"], left);
      assert.equal(reply.headers["ratelimit-reset"], "10");
    }
    const refused = await t.gateway.call();
    assert.deepEqual([refused.status, messageOf(refused)], [429, "API rate limit exceeded"]);
    assert.equal(refused.headers["retry-after"], "10");
    assert.equal(t.backend.seen.length, 2);
    now += 10_000;
    assert.equal((await t.gateway.call()).status, 200);
  });

  const windows: [window: string, resetSeconds: number][] = [
    ["second", 1],
    ["minute", 10],
    ["hour", 3550],
    ["day", 43_150],
    ["month", 2_592_000 - (14 * 86_400 + 43_250)],
    ["year", 31_536_000 - (165 * 86_400 + 43_250)],
  ];
  for (const [window, resetSeconds] of windows) {
    it(`resets a ${window} after ${resetSeconds} s`, async () => {
      await using t = await serveWith("rate-limiting", { [window]: 1 }, () => START);
      assert.equal((await t.gateway.call()).headers["ratelimit-reset"], String(resetSeconds));
      assert.equal((await t.gateway.call()).status, 429);
    });
  }

  it("shows the scarcest of several windows and counts no refused request in any of them", async () => {
    let now = START;
    await using t = await serveWith("rate-limiting", { second: 1, hour: 5 }, () => now);
    assert.equal((await t.gateway.call()).headers["ratelimit-limit"], "1");
    const refused = await t.gateway.call();
    assert.equal(refused.status, 429);
    assert.equal(refused.headers["x-ratelimit-remaining-hour"], "4");
    now += 1000;
    assert.equal((await t.gateway.call()).headers["x-ratelimit-remaining-hour"], "3");
  });

  it("refuses with the configured code and message and without headers", async () => {
    const config = { minute: 1, error_code: 503, error_message: "slow down", hide_client_headers: true };
    await using t = await serveWith("rate-limiting", config, () => START);
    await t.gateway.call();
    const refused = await t.gateway.call();
    assert.deepEqual([refused.status, messageOf(refused)], [503, "slow down"]);
    assert.equal(refused.headers["ratelimit-limit"], undefined);
    assert.equal(refused.headers["retry-after"], undefined);
  });

  const separate: [limitBy: string, extra: JsonObject, one: Call, path: string, other: Call, shared: boolean][] = [
    [
      "header",
      { header_name: "x-tenant" },
      { headers: { "X-Tenant": "a" } },
      "/",
      { headers: { "X-Tenant": "b" } },
      false,
    ],
    ["consumer", {}, { headers: { apikey: "k1" } }, "/", { headers: { apikey: "k2" } }, false],
    ["credential", {}, { headers: { apikey: "k1" } }, "/", { headers: { apikey: "k1b" } }, false],
    ["consumer", {}, { headers: { apikey: "k1" } }, "/", { headers: { apikey: "k1b" } }, true],
    ["ip", {}, { headers: { apikey: "k1" } }, "/", { headers: { apikey: "k2" } }, true],
    ["service", {}, { headers: { apikey: "k1" } }, "/other", { headers: { apikey: "k2" } }, true],
    ["path", { path: "/special" }, { headers: { apikey: "k1" } }, "/special", { headers: { apikey: "k2" } }, false],
  ];
  for (const [limitBy, extra, one, path, other, shared] of separate) {
    it(`counts ${JSON.stringify(other)} ${shared ? "together with" : "apart from"} ${JSON.stringify(one)} by ${limitBy}`, async () => {
      await using t = await serveWith("rate-limiting", { minute: 1, limit_by: limitBy, ...extra }, () => START);
      const { store } = t.gateway;
      for (const [id, keys] of [
        ["c1", ["k1", "k1b"]],
        ["c2", ["k2"]],
      ] as const) {
        store.put("consumers", { id, username: id });
        for (const key of keys) store.put("keyauth_credentials", { key, consumer: { id } });
      }
      store.put("consumers", { id: "guest", username: "guest" });
      t.gateway.plugin("key-auth", { key_names: ["apikey"], anonymous: "guest" });
      assert.equal((await t.gateway.call("/", one)).status, 200);
      assert.equal((await t.gateway.call("/", one)).status, 429);
      assert.equal((await t.gateway.call(path, other)).status, shared ? 429 : 200);
    });
  }

  it("takes a consumer's own limit before the general one", async () => {
    await using t = await serveWith("rate-limiting", { minute: 1 }, () => START);
    t.gateway.store.put("consumers", { id: "c1", username: "ann" });
    t.gateway.store.put("keyauth_credentials", { key: "k1", consumer: { id: "c1" } });
    t.gateway.plugin("key-auth", { key_names: ["apikey"] });
    t.gateway.plugin("rate-limiting", { minute: 9 }, { consumer: { id: "c1" } });
    const reply = await t.gateway.call("/", { headers: { apikey: "k1" } });
    assert.equal(reply.headers["x-ratelimit-limit-minute"], "9");
  });
});
