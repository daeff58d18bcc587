import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import { KongError } from "../../../doubles/kong/errors.ts";
import type { RouterFlavor } from "../../../doubles/kong/schema/catalog.ts";
import { loadCatalog } from "../../../doubles/kong/schema/catalog.ts";
import { Dao } from "../../../doubles/kong/store/dao.ts";
import { Store } from "../../../doubles/kong/store/store.ts";
import { CA_CERTIFICATE, LEAF_CERTIFICATE, LEAF_KEY, OTHER_KEY } from "./pem-fixtures.ts";

type Case = readonly [sentence: string, type: string, input: JsonObject, expected: JsonObject | "valid"];

const CONDITION = "failed conditional validation given value of field";
const URL_ENDPOINT = { name: "http-log", config: { http_endpoint: "not a url" } };

const CASES: readonly Case[] = [
  ["wants what is required", "services", {}, { host: "required field missing" }],
  ["knows no other fields", "services", { host: "a", colour: 1 }, { colour: "unknown field" }],
  [
    "tells types apart",
    "services",
    { host: 7, port: "80", enabled: "no" },
    {
      host: "expected a string",
      port: "expected an integer",
      enabled: "expected a boolean",
    },
  ],
  [
    "keeps numbers in their range",
    "services",
    { host: "a", retries: 40000 },
    {
      retries: "value should be between 0 and 32767",
    },
  ],
  ["takes no empty texts", "services", { host: "" }, { host: "length must be at least 1" }],
  [
    "lists the choices",
    "upstreams",
    { name: "u", algorithm: "dice" },
    {
      algorithm: "expected one of: consistent-hashing, least-connections, round-robin, latency",
    },
  ],
  [
    "wants names of plain characters",
    "services",
    { host: "a", name: "two words" },
    {
      name: "invalid value 'two words': the only accepted ascii characters are alphanumerics or ., -, _, and ~",
    },
  ],
  ["takes names beyond ASCII", "services", { host: "a", name: "größe" }, "valid"],
  [
    "names the bad tags by their place",
    "services",
    { host: "a", tags: ["fine", "a,b", 3] },
    {
      tags: [
        null,
        "invalid tag 'a,b': expected printable ascii (except `,` and `/`) or valid utf-8 sequences",
        "expected a string",
      ],
    },
  ],
  ["takes tags with colons", "services", { host: "a", tags: ["kjo.object:KongService:ns:name"] }, "valid"],
  ["wants a slash before a path", "services", { host: "a", path: "v1" }, { path: "should start with: /" }],
  ["wants no empty segments", "services", { host: "a", path: "/v1//x" }, { path: "must not have empty segments" }],
  ["has no port in a host", "services", { host: "a:80" }, { host: "must not have a port" }],
  [
    "forbids a path where the protocol has none",
    "services",
    { host: "a", protocol: "grpc", path: "/p" },
    {
      path: "value must be null",
      "@entity": [`${CONDITION} 'protocol'`],
    },
  ],
  [
    "wants a reference to be an object",
    "services",
    { host: "a", protocol: "https", client_certificate: "x" },
    {
      client_certificate: { id: "missing primary key" },
    },
  ],
  [
    "wants something to match by",
    "routes",
    {},
    {
      "@entity": ["must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"],
    },
  ],
  [
    "wants other fields of a stream route",
    "routes",
    { protocols: ["udp"], hosts: ["a.test"] },
    {
      "@entity": ["must set one of 'sources', 'destinations', 'snis' when 'protocols' is 'tcp', 'tls' or 'udp'"],
      hosts: "cannot set 'hosts' when 'protocols' is 'tcp', 'tls', 'tls_passthrough' or 'udp'",
    },
  ],
  [
    "wants SNIs to pass TLS through",
    "routes",
    { protocols: ["tls_passthrough"] },
    {
      "@entity": ["must set snis when 'protocols' is 'tls_passthrough'"],
    },
  ],
  [
    "does not mix families of protocols",
    "routes",
    { protocols: ["https", "grpcs"], paths: ["/a"] },
    {
      protocols: "these sets are mutually exclusive: ('http', 'https'), ('grpc', 'grpcs')",
    },
  ],
  ["never strips the path of gRPC", "routes", { protocols: ["grpcs"], paths: ["/a"] }, "valid"],
  [
    "says so where it is asked to",
    "routes",
    { protocols: ["grpcs"], paths: ["/a"], strip_path: true },
    {
      strip_path: "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'",
    },
  ],
  [
    "wants paths to begin with / or ~/",
    "routes",
    { paths: ["/ok", "a"] },
    {
      paths: [null, "should start with: / (fixed path) or ~/ (regex path)"],
    },
  ],
  [
    "compiles regex paths",
    "routes",
    { paths: ["~/a(b"] },
    {
      paths: ["invalid regex: '/a(b' (PCRE returned: pcre2_compile() failed: missing closing parenthesis in \"/a(b\")"],
    },
  ],
  [
    "takes SNIs with encryption only",
    "routes",
    { protocols: ["http"], paths: ["/a"], snis: ["a.test"] },
    {
      "@entity": ["'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'"],
      snis: "length must be 0",
    },
  ],
  [
    "has wildcards at an end of a host",
    "routes",
    { hosts: ["a.*.test"] },
    {
      hosts: ["invalid wildcard: must be placed at leftmost or rightmost label"],
    },
  ],
  [
    "finds header names by their characters",
    "routes",
    { headers: { "bad name": ["1"] } },
    {
      headers: "bad header name 'bad name', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
    },
  ],
  [
    "has names, not addresses, for upstreams",
    "upstreams",
    { name: "10.0.0.1" },
    {
      name: "Invalid name ('10.0.0.1'); no ip addresses allowed",
    },
  ],
  [
    "wants the header that it hashes",
    "upstreams",
    { name: "u", hash_on: "header" },
    {
      hash_on_header: "required field missing",
      "@entity": [`${CONDITION} 'hash_on'`],
    },
  ],
  [
    "wants one of two names for a consumer",
    "consumers",
    {},
    {
      "@entity": ["at least one of these fields must be non-empty: 'custom_id', 'username'"],
    },
  ],
  [
    "wants a public key for RS algorithms",
    "jwt_secrets",
    { consumer: null, algorithm: "PS512" },
    {
      consumer: "required field missing",
      rsa_public_key: "required field missing",
      "@entity": [`${CONDITION} 'algorithm'`],
    },
  ],
  [
    "looks at the public key only where it is used",
    "jwt_secrets",
    {
      consumer: { id: "0a4f3c1e-5b7d-4c6a-9e2f-112233445566" },
      rsa_public_key: "no key",
    },
    "valid",
  ],
  [
    "knows its plugins",
    "plugins",
    { name: "teapot" },
    {
      name: "plugin 'teapot' not enabled; add it to the 'plugins' configuration property",
    },
  ],
  [
    "wants a limit",
    "plugins",
    { name: "rate-limiting" },
    {
      "@entity": [
        "at least one of these fields must be non-empty: " +
          "'config.second', 'config.minute', 'config.hour', 'config.day', 'config.month', 'config.year'",
      ],
    },
  ],
  [
    "lets longer periods allow more",
    "plugins",
    { name: "rate-limiting", config: { hour: 5, day: 2 } },
    {
      config: "The limit for day(2.0) cannot be lower than the limit for hour(5.0)",
    },
  ],
  [
    "puts errors where the field is",
    "plugins",
    { name: "jwt", config: { claims_to_verify: ["iat"] } },
    {
      config: { claims_to_verify: ["expected one of: exp, nbf"] },
    },
  ],
  [
    "has no consumer for authentication",
    "plugins",
    {
      name: "key-auth",
      consumer: { id: "0a4f3c1e-5b7d-4c6a-9e2f-112233445566" },
    },
    { consumer: "value must be null" },
  ],
  ["reads URLs", "plugins", URL_ENDPOINT, { config: { http_endpoint: "missing host in url" } }],
  [
    "reads addresses and blocks",
    "plugins",
    { name: "ip-restriction", config: { deny: ["10.0.0.0/8", "1.2.3"] } },
    {
      config: { deny: [null, "invalid ip or cidr range: '1.2.3'"] },
    },
  ],
  [
    "expects the old and the new spelling to agree",
    "plugins",
    {
      name: "rate-limiting",
      config: { hour: 1, redis_host: "a.test", redis: { host: "b.test" } },
    },
    {
      redis_host:
        "both deprecated and new field are used but their values mismatch: redis_host = a.test vs redis.host = b.test",
    },
  ],
  [
    "takes references to a vault for what they stand for",
    "plugins",
    {
      name: "rate-limiting",
      config: { hour: 1, policy: "redis", redis: { host: "a.test", password: "{vault://env/redis}" } },
    },
    "valid",
  ],
  [
    "holds a key to its certificate",
    "certificates",
    { cert: LEAF_CERTIFICATE, key: OTHER_KEY },
    {
      "@entity": ["certificate does not match key"],
    },
  ],
  ["takes a pair that belongs together", "certificates", { cert: LEAF_CERTIFICATE, key: LEAF_KEY }, "valid"],
  ["takes CAs", "ca_certificates", { cert: CA_CERTIFICATE }, "valid"],
  [
    "and only CAs",
    "ca_certificates",
    { cert: LEAF_CERTIFICATE },
    {
      "@entity": ['certificate does not appear to be a CA because it is missing the "CA" basic constraint'],
    },
  ],
  ["has names for vaults", "vaults", { name: "env", prefix: "env" }, { prefix: "must not be one of: env" }],
];

describe("doubles/kong: validation", () => {
  const dao = daoFor("traditional_compatible");

  for (const [sentence, type, input, expected] of CASES) {
    it(`${type}: ${sentence}`, () => {
      assert.deepEqual(problems(dao, type, input), expected);
    });
  }

  it("counts violations and sorts them, those of the entity first", () => {
    const message = messageOf(dao, "services", { port: -1, protocol: "http", tls_verify: true });
    assert.equal(
      message,
      "4 schema violations (failed conditional validation given value of field 'protocol'; " +
        "host: required field missing; port: value should be between 0 and 65535; tls_verify: value must be null)",
    );
  });
});

function daoFor(flavor: RouterFlavor): Dao {
  return new Dao(new Store(loadCatalog(flavor)));
}

function problems(dao: Dao, type: string, input: JsonObject): JsonObject | "valid" {
  try {
    dao.validate(type, input);
    return "valid";
  } catch (error) {
    assert.ok(error instanceof KongError);
    assert.deepEqual([error.status, error.code], [400, 2]);
    return error.body["fields"] as JsonObject;
  }
}

function messageOf(dao: Dao, type: string, input: JsonObject): string {
  try {
    dao.validate(type, input);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}
