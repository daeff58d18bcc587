import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import { uuidV5 } from "../../../doubles/kong/declarative/ids.ts";
import type { KongDouble } from "../../../doubles/kong/double.ts";
import { startKongDouble } from "../../../doubles/kong/double.ts";
import type { Answer } from "./admin-client.ts";
import { namesOf, send, sendAs } from "./admin-client.ts";

const DOCUMENT: JsonObject = {
  _format_version: "3.0",
  services: [
    {
      name: "shop",
      url: "http://shop.test:8080",
      routes: [{ name: "shop", paths: ["/shop"] }],
      plugins: [{ name: "cors" }],
    },
  ],
  upstreams: [{ name: "shop.pool", targets: [{ target: "127.0.0.1:7", weight: 3 }] }],
  consumers: [{ username: "ann", keyauth_credentials: [{ key: "k" }], acls: [{ group: "staff" }] }],
};

describe("doubles/kong: declarative configuration", () => {
  let kong: KongDouble;
  const call = (method: string, path: string, body?: Parameters<typeof send>[3]): Promise<Answer> =>
    send(kong.adminUrl, method, path, body);
  const load = (more: JsonObject, query = ""): Promise<Answer> =>
    call("POST", `/config${query}`, { _format_version: "3.0", ...more });

  before(async () => {
    kong = await startKongDouble({ dbless: true });
  });

  after(async () => {
    await kong.stop();
  });

  it("answers a load with all entities by id, taken out of their nesting", async () => {
    const { status, body } = await call("POST", "/config", DOCUMENT);
    assert.equal(status, 201);
    const [service] = Object.values(body["services"] as Record<string, JsonObject>);
    const [route] = Object.values(body["routes"] as Record<string, JsonObject>);
    assert.deepEqual(route?.["service"], { id: service?.["id"] });
    assert.equal(service?.["port"], 8080);
    assert.deepEqual(namesOf(await call("GET", "/services/shop/routes")), ["shop"]);
  });

  it("gives the same id to the same name", async () => {
    const first = (await call("POST", "/config", DOCUMENT)).body;
    const second = (await call("POST", "/config", DOCUMENT)).body;
    for (const type of ["services", "routes", "plugins", "upstreams", "targets", "consumers", "acls"]) {
      assert.deepEqual(Object.keys(first[type] as JsonObject), Object.keys(second[type] as JsonObject), type);
    }
  });

  it("derives ids by the rules of RFC 9562", () => {
    assert.equal(
      uuidV5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com"),
      "2ed6657d-e927-568b-95e1-2665a8aea6a2",
    );
  });

  it("has a hash that is all zeros where nothing is configured", async () => {
    await load({});
    assert.equal((await call("GET", "/status")).body["configuration_hash"], "0".repeat(32));
    await call("POST", "/config", DOCUMENT);
    assert.match(String((await call("GET", "/status")).body["configuration_hash"]), /^[0-9a-f]*[1-9a-f][0-9a-f]*$/);
  });

  it("answers 304 to the same document only where it comes as a text", async () => {
    const config = JSON.stringify(DOCUMENT);
    assert.equal((await call("POST", "/config?check_hash=1", { config })).status, 201);
    assert.equal((await call("POST", "/config?check_hash=1", { config })).status, 304);
    assert.equal((await call("POST", "/config?check_hash=1", DOCUMENT)).status, 201);
  });

  it("reads YAML", async () => {
    const text = '_format_version: "3.0"\nservices:\n- name: from-yaml\n  host: a.test\n';
    assert.equal((await sendAs(kong.adminUrl, "POST", "/config", "text/yaml", text)).status, 201);
    assert.deepEqual(namesOf(await call("GET", "/services")), ["from-yaml"]);
    assert.match(String((await call("GET", "/config")).body["config"]), /name: from-yaml/);
  });

  it("finds references by name and by id", async () => {
    const id = "3d715f41-8ea0-4f9d-8b52-445566778899";
    const services = [{ id, name: "s", host: "a.test" }];
    for (const service of ["s", id, { id }]) {
      const { status, body } = await load({ services, routes: [{ name: "r", paths: ["/a"], service }] });
      assert.equal(status, 201);
      assert.deepEqual(Object.values(body["routes"] as Record<string, JsonObject>)[0]?.["service"], { id });
    }
  });

  const REFUSALS: readonly (readonly [sentence: string, document: JsonObject, fields: JsonObject])[] = [
    ["an unknown section", { gadgets: [] }, { gadgets: "unknown field" }],
    ["an unknown version", { _format_version: "7.0" }, { _format_version: "expected one of: 1.1, 2.1, 3.0" }],
    [
      "a bad field",
      { services: [{ name: "a", host: "h" }, { name: "s" }] },
      {
        services: [null, { host: "required field missing" }],
      },
    ],
    [
      "a bad field inside",
      { services: [{ name: "s", host: "h", routes: [{ name: "r" }] }] },
      {
        services: [
          {
            routes: [
              {
                "@entity": [
                  "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'",
                ],
              },
            ],
          },
        ],
      },
    ],
    [
      "a reference to nothing",
      { routes: [{ name: "r", paths: ["/a"], service: "ghost" }] },
      {
        routes: { r: ["invalid reference 'service: ghost' (no such entry in 'services')"] },
      },
    ],
    [
      "a name declared twice",
      { consumers: [{ username: "a" }, { username: "a" }] },
      {
        consumers: [null, "uniqueness violation: 'consumers' entity with username set to 'a' already declared"],
      },
    ],
  ];
  for (const [sentence, document, fields] of REFUSALS) {
    it(`refuses ${sentence} and keeps what it has`, async () => {
      await call("POST", "/config", DOCUMENT);
      const { status, body } = await load(document);
      assert.deepEqual([status, body["code"], body["fields"]], [400, 14, fields]);
      assert.deepEqual(namesOf(await call("GET", "/services")), ["shop"]);
    });
  }

  it("flattens errors to the entities that have them", async () => {
    const services = [{ name: "s", tags: ["mine"], routes: [{ name: "r", paths: ["x"] }] }];
    const { body } = await load({ services }, "?flatten_errors=1");
    const shown = (body["flattened_errors"] as JsonObject[]).map(
      ({ entity_type, entity_name, entity_tags, errors }) => {
        return [entity_type, entity_name, entity_tags, (errors as JsonObject[]).map(({ field }) => field)];
      },
    );
    assert.deepEqual(shown, [
      ["route", "r", undefined, ["paths.1"]],
      ["service", "s", ["mine"], ["host"]],
    ]);
    assert.deepEqual(body["fields"], {});
  });

  it("loses dangling references when it flattens", async () => {
    const routes = [{ name: "r", paths: ["/a"], service: "ghost" }];
    const { status, body } = await load({ routes }, "?flatten_errors=1");
    assert.deepEqual(
      [status, body["flattened_errors"], body["message"]],
      [400, [], "declarative config is invalid: {}"],
    );
  });

  it("refuses writes that are valid, after validation", async () => {
    await call("POST", "/config", DOCUMENT);
    const invalid = await call("PUT", "/services/x", {});
    assert.deepEqual([invalid.status, invalid.body["code"]], [400, 2]);
    const valid = await call("PUT", "/services/x", { host: "a.test" });
    assert.deepEqual(
      [valid.status, valid.body["message"]],
      [405, "cannot create or update 'services' entities by 'name' when not using a database"],
    );
    assert.equal((await call("DELETE", "/services/shop")).status, 405);
    assert.equal((await call("DELETE", "/services/ghost")).status, 204);
    assert.equal((await call("PUT", "/upstreams/shop.pool/targets/127.0.0.1:7/unhealthy")).status, 204);
  });

  it("is not there with a database", async () => {
    const other = await startKongDouble();
    try {
      assert.equal((await send(other.adminUrl, "POST", "/config", DOCUMENT)).status, 400);
      assert.equal("configuration_hash" in (await send(other.adminUrl, "GET", "/status")).body, false);
    } finally {
      await other.stop();
    }
  });

  it("answers 429 while it loads", async () => {
    const slow = await startKongDouble({ dbless: true, pace: "kong" });
    try {
      const services = Array.from({ length: 400 }, (_, n) => ({ name: `s${String(n)}`, host: "a.test" }));
      const answers = await Promise.all(
        [1, 2, 3].map(() => send(slow.adminUrl, "POST", "/config", { _format_version: "3.0", services })),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 429, 429]);
      assert.equal(answers.find(({ status }) => status === 429)?.headers.get("retry-after"), "10");
    } finally {
      await slow.stop();
    }
  });
});
