import assert from "node:assert/strict";
import { Balancers } from "../../../src/kong/balancers.ts";
import { RequestGate } from "../../../src/kong/request-gate.ts";
import type { AdminClient } from "../../../src/kong/admin-client.ts";
import type { Json } from "../../../src/model/json.ts";

describe("kong: balancers", () => {
  let nowMs = 0;
  let health: Json = { data: [] };
  let asked = 0;
  const client = {
    request: () => {
      asked += 1;
      return Promise.resolve(health);
    },
  } as unknown as AdminClient;
  const open = (): Balancers =>
    new Balancers({ client: () => client, gate: new RequestGate(4, () => undefined), now: () => nowMs });

  beforeEach(() => {
    nowMs = 1_000_000;
    asked = 0;
  });

  it("of an upstream that was there long before are taken for built, without a question", async () => {
    const balancers = open();
    nowMs += 31_000;
    assert.equal(await balancers.waitMs("u"), 0);
    assert.equal(asked, 0);
  });

  it("of a new upstream are waited for until the gateway shows the health of its targets, and a timer's period more", async () => {
    const balancers = open();
    nowMs += 60_000;
    balancers.noteCreated("u");
    health = { data: [{ target: "a:80" }, { target: "b:80", health: "HEALTHY" }] };
    assert.equal(await balancers.waitMs("u"), 500);
    nowMs += 3_000;
    health = { data: [{ health: "HEALTHCHECKS_OFF" }, { health: "DNS_ERROR" }] };
    assert.equal(await balancers.waitMs("u"), 5_000);
    nowMs += 4_999;
    assert.equal(await balancers.waitMs("u"), 1);
    nowMs += 1;
    assert.equal(await balancers.waitMs("u"), 0);
    assert.equal(asked, 2);
  });

  it("are not waited for forever", async () => {
    const balancers = open();
    balancers.noteCreated("u");
    health = { data: [{ target: "a:80" }] };
    nowMs += 30_000;
    assert.equal(await balancers.waitMs("u"), 500);
    nowMs += 1;
    assert.equal(await balancers.waitMs("u"), 0);
  });

  it("of an upstream without targets are taken for built after a timer's period", async () => {
    const balancers = open();
    balancers.settleMs = 1_000;
    balancers.noteCreated("u");
    health = { data: [] };
    assert.equal(await balancers.waitMs("u"), 500);
    nowMs += 1_000;
    assert.equal(await balancers.waitMs("u"), 1_000);
  });

  it("that a service has left are used for a timer's period more", () => {
    const balancers = open();
    assert.equal(balancers.leavingMs("old"), 0);
    balancers.noteLeft("old");
    assert.equal(balancers.leavingMs("old"), 5_000);
    nowMs += 5_000;
    assert.equal(balancers.leavingMs("old"), 0);
    assert.ok(balancers.wasLeft("old"));
  });
});
