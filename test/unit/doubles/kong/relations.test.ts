import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { KongDouble } from "../../../doubles/kong/double.ts";
import { startKongDouble } from "../../../doubles/kong/double.ts";
import type { Answer } from "./admin-client.ts";
import { namesOf, send } from "./admin-client.ts";
import { CA_CERTIFICATE, LEAF_CERTIFICATE, LEAF_KEY } from "./pem-fixtures.ts";

const NOWHERE = "0a4f3c1e-5b7d-4c6a-9e2f-112233445566";
const CERT = "2c605e30-7d9f-4e8c-9a41-334455667788";

describe("doubles/kong: relations", () => {
  let kong: KongDouble;
  const call = (method: string, path: string, body?: Parameters<typeof send>[3]): Promise<Answer> =>
    send(kong.adminUrl, method, path, body);
  const put = async (path: string, body: JsonObject): Promise<JsonObject> => {
    const answer = await call("PUT", path, body);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };

  beforeEach(async () => {
    kong = await startKongDouble();
  });

  afterEach(async () => {
    await kong.stop();
  });

  it("resolves a reference by name, and loses it in a PUT without", async () => {
    const service = await put("/services/s", { host: "a.test" });
    const route = await put("/routes/r", { paths: ["/a"], service: { name: "s" } });
    assert.deepEqual(route["service"], { id: service["id"] });
    assert.equal((await put("/routes/r", { paths: ["/a"] }))["service"], null);
  });

  it("tells an unknown name from an unknown id", async () => {
    const byName = await call("PUT", "/routes/r", { paths: ["/a"], service: { name: "ghost" } });
    assert.deepEqual([byName.status, byName.body["code"]], [400, 13]);
    const byId = await call("PUT", "/routes/r", { paths: ["/a"], service: { id: NOWHERE } });
    assert.deepEqual([byId.status, byId.body["code"]], [400, 4]);
    assert.deepEqual(byId.body["fields"], { service: { id: NOWHERE } });
  });

  it("keeps a service that has routes, and takes its plugins along when it goes", async () => {
    await put("/services/s", { host: "a.test" });
    await put("/services/s/routes/r", { paths: ["/a"] });
    const plugin = await call("POST", "/services/s/plugins", { name: "cors" });
    const refused = await call("DELETE", "/services/s");
    assert.deepEqual(
      [refused.status, refused.body["code"], refused.body["fields"]],
      [400, 4, { "@referenced_by": "routes" }],
    );
    await call("DELETE", "/routes/r");
    assert.equal((await call("DELETE", "/services/s")).status, 204);
    assert.equal((await call("GET", `/plugins/${String(plugin.body["id"])}`)).status, 404);
  });

  it("moves what is put under another parent, and does not find it under the first", async () => {
    await put("/services/one", { host: "a.test" });
    const two = await put("/services/two", { host: "b.test" });
    await put("/services/one/routes/r", { paths: ["/a"] });
    assert.deepEqual((await put("/services/two/routes/r", { paths: ["/a"] }))["service"], { id: two["id"] });
    for (const method of ["GET", "PATCH", "DELETE"]) {
      const body = method === "PATCH" ? {} : undefined;
      assert.equal((await call(method, "/services/one/routes/r", body)).status, 404, method);
    }
    assert.equal((await call("GET", "/routes/r/service")).body["name"], "two");
    assert.equal((await call("DELETE", "/routes/r/service")).status, 405);
  });

  it("lets a plugin stand once for each combination of scopes", async () => {
    await put("/services/s", { host: "a.test" });
    assert.equal((await call("POST", "/plugins", { name: "cors" })).status, 201);
    assert.equal((await call("POST", "/services/s/plugins", { name: "cors" })).status, 201);
    const again = await call("POST", "/plugins", { name: "cors", service: { name: "s" } });
    assert.equal(again.status, 409);
    assert.deepEqual(Object.keys(again.body["fields"] as JsonObject).sort(), ["consumer", "name", "route", "service"]);
  });

  it("upserts a plugin by its instance name", async () => {
    const first = await put("/plugins/my-cors", { name: "cors" });
    const second = await put("/plugins/my-cors", { name: "cors", config: { max_age: 5 } });
    assert.deepEqual([first["instance_name"], second["id"]], ["my-cors", first["id"]]);
  });

  it("wants a plugin to share a protocol with the routes of its service", async () => {
    const service = await put("/services/s", { host: "a.test" });
    await put("/services/s/routes/r", { paths: ["/a"], protocols: ["https"] });
    const plugin = { name: "cors", service: { id: String(service["id"]) } };
    assert.equal((await call("POST", "/plugins", { ...plugin, protocols: ["grpc"] })).status, 400);
    assert.equal((await call("POST", "/plugins", { ...plugin, protocols: ["https", "grpc"] })).status, 201);
  });

  it("keeps credentials with their consumer, one kind beside the other", async () => {
    const consumer = await put("/consumers/ann", {});
    assert.match(String((await call("POST", "/consumers/ann/key-auth", {})).body["key"]), /^[A-Za-z0-9]{32}$/);
    assert.equal((await put("/consumers/ann/jwt/issuer", {}))["algorithm"], "HS256");
    const basic = await put("/consumers/ann/basic-auth/ann", { password: "open" });
    const salted = createHash("sha1")
      .update(`open${String(consumer["id"])}`)
      .digest("hex");
    assert.equal(basic["password"], salted);
    assert.equal((await put("/consumers/ann/acls/staff", {}))["group"], "staff");
    assert.equal((await call("GET", "/consumers/ann/acls/staff")).status, 200);
    assert.equal((await call("POST", "/consumers/ann/acls", { group: "staff" })).status, 409);
    assert.equal((await call("GET", "/jwts/issuer/consumer")).body["username"], "ann");
    await call("DELETE", "/consumers/ann");
    for (const path of ["/key-auths", "/jwts", "/basic-auths", "/acls"]) {
      assert.deepEqual((await call("GET", path)).body["data"], [], path);
    }
  });

  it("shows how long a credential lives, and ends it then", async () => {
    await put("/consumers/ann", {});
    const { body } = await call("POST", "/consumers/ann/key-auth", { key: "short", ttl: 1 });
    assert.equal(body["ttl"], 0);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.equal((await call("GET", "/key-auths/short")).status, 404);
  });

  it("makes SNIs of the names that a certificate is put with, and drops the others", async () => {
    const pair = { cert: LEAF_CERTIFICATE, key: LEAF_KEY };
    const first = await put(`/certificates/${CERT}`, { ...pair, snis: ["b.test", "a.test"] });
    assert.deepEqual(first["snis"], ["a.test", "b.test"]);
    const other = await call("POST", "/certificates", { ...pair, snis: ["a.test"] });
    assert.deepEqual(other.body["fields"], { snis: `a.test already associated with existing certificate '${CERT}'` });
    assert.equal((await call("GET", "/certificates/a.test")).body["id"], CERT);
    assert.deepEqual((await put(`/certificates/${CERT}`, pair))["snis"], []);
    assert.deepEqual(namesOf(await call("GET", "/snis")), []);
  });

  it("keeps a CA that a service trusts", async () => {
    const ca = await call("POST", "/ca_certificates", { cert: CA_CERTIFICATE });
    assert.match(String(ca.body["cert_digest"]), /^[0-9a-f]{64}$/);
    await put("/services/s", { url: "https://a.test", ca_certificates: [String(ca.body["id"])] });
    const refused = await call("DELETE", `/ca_certificates/${String(ca.body["id"])}`);
    assert.deepEqual([refused.status, refused.body["code"]], [400, 19]);
  });
});
