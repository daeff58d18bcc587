import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import type { JsonObject } from "../../../../src/model/json.ts";
import { addAnn, messageOf, serveWith } from "./gateway-fixture.ts";
import type { Served } from "./gateway-fixture.ts";

const NOW_MS = Date.UTC(2030, 0, 1);

describe("kong double/hmac-auth", () => {
  const config = {
    algorithms: ["hmac-sha256"],
    clock_skew: 300,
    enforce_headers: ["date"],
    validate_request_body: true,
  };
  const date = new Date(NOW_MS).toUTCString();

  it("accepts a true signature over headers, request line and body", async () => {
    await using t = await setUp("hmac-auth", config);
    const digest = `SHA-256=${createHash("sha256").update("data").digest("base64")}`;
    const text = `date: ${date}\nPOST /a?b=1 HTTP/1.1\ndigest: ${digest}`;
    const headers = { Date: date, Digest: digest, Authorization: signed("date request-line digest", text) };
    assert.equal((await t.gateway.call("/a?b=1", { method: "POST", headers, body: "data" })).status, 200);
    assert.equal(t.backend.last.headers["x-credential-identifier"], "ann");
    const changed = await t.gateway.call("/a?b=1", { method: "POST", headers, body: "dat4" });
    assert.deepEqual([changed.status, messageOf(changed)], [401, "HMAC signature does not match"]);
  });

  const unfresh = new Date(NOW_MS - 301_000).toUTCString();
  const cannot = "HMAC signature cannot be verified";
  const refusals: [name: string, headers: Record<string, string>, message: string][] = [
    ["nobody", {}, "Unauthorized"],
    [
      "an old date",
      { Date: unfresh, Authorization: signed("date", `date: ${unfresh}`) },
      `${cannot}, a valid date or x-date header is required for HMAC Authentication`,
    ],
    ["a signature over other headers", { Date: date, Host: "a", Authorization: signed("host", "host: a") }, cannot],
    [
      "another secret",
      { Date: date, Authorization: signed("date", `date: ${date}`, "other") },
      "HMAC signature does not match",
    ],
    [
      "an algorithm that is not allowed",
      { Date: date, Authorization: signed("date", `date: ${date}`).replace("sha256", "sha1") },
      cannot,
    ],
    ["a stranger", { Date: date, Authorization: signed("date", `date: ${date}`).replace("ann", "bob") }, cannot],
  ];
  for (const [name, headers, message] of refusals) {
    it(`refuses ${name}`, async () => {
      await using t = await setUp("hmac-auth", config);
      const reply = await t.gateway.call("/", { headers });
      assert.deepEqual([reply.status, messageOf(reply)], [401, message]);
    });
  }
});

/** A backend behind a gateway with one plugin, which knows `ann`. */
async function setUp(plugin: string, config: JsonObject): Promise<Served> {
  const served = await serveWith(plugin, config, () => NOW_MS);
  addAnn(served.gateway.store);
  return served;
}

function signed(headers: string, text: string, secret = "hmac"): string {
  const signature = createHmac("sha256", secret).update(text).digest("base64");
  return `hmac username="ann", algorithm="hmac-sha256", headers="${headers}", signature="${signature}"`;
}
