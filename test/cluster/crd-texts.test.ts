import assert from "node:assert/strict";
import type { KindDefinition } from "../../src/api/kind.ts";
import { API_VERSION } from "../../src/api/names.ts";
import { parseSpec } from "../../src/api/parse.ts";
import { KongConsumer } from "../../src/api/v1alpha1/kong-consumer.ts";
import { KongGateway } from "../../src/api/v1alpha1/kong-gateway.ts";
import { KongPluginBinding } from "../../src/api/v1alpha1/kong-plugin-binding.ts";
import { KongRoute } from "../../src/api/v1alpha1/kong-route.ts";
import { KongService } from "../../src/api/v1alpha1/kong-service.ts";
import { KongUpstream } from "../../src/api/v1alpha1/kong-upstream.ts";
import { InvalidSpecError } from "../../src/errors.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { ApiServer } from "../fixtures/kinds/api-server.ts";

/** A field, as a spec that holds nothing else of interest. */
type TextField = readonly [field: string, definition: KindDefinition, specOf: (text: string) => object];

const TEXT_FIELDS: readonly TextField[] = [
  ["name", KongService, (name) => ({ host: "a", name })],
  ["host", KongService, (host) => ({ host })],
  ["path", KongService, (path) => ({ host: "a", path })],
  ["url", KongService, (url) => ({ url })],
  ["tags", KongService, (tag) => ({ host: "a", tags: [tag] })],
  ["upstreamRef.name", KongService, (name) => ({ upstreamRef: { name } })],
  ["gatewayRef.namespace", KongService, (namespace) => ({ host: "a", gatewayRef: { name: "a", namespace } })],
  ["paths", KongRoute, (path) => ({ paths: [path] })],
  ["hosts", KongRoute, (host) => ({ hosts: [host] })],
  ["snis", KongRoute, (sni) => ({ snis: [sni] })],
  ["methods", KongRoute, (method) => ({ methods: [method] })],
  ["sources[].ip", KongRoute, (ip) => ({ protocols: ["tcp"], sources: [{ ip }] })],
  ["headers", KongRoute, (header) => ({ headers: { [header]: ["a"] } })],
  ["name", KongUpstream, (name) => ({ name })],
  ["targets[].target", KongUpstream, (target) => ({ targets: [{ target }] })],
  ["hash_on_cookie", KongUpstream, (cookie) => ({ hash_on: "cookie", hash_on_cookie: cookie })],
  ["hash_on_header", KongUpstream, (header) => ({ hash_on: "header", hash_on_header: header })],
  ["plugin", KongPluginBinding, (plugin) => ({ plugin, scope: "Global" })],
  [
    "configPatches[].path",
    KongPluginBinding,
    (path) => ({
      plugin: "a",
      scope: "Global",
      configPatches: [{ path, valueFrom: { secretKeyRef: { name: "a", key: "a" } } }],
    }),
  ],
  ["groups", KongConsumer, (group) => ({ groups: [group] })],
  ["adminApi.url", KongGateway, (url) => ({ adminApi: { url } })],
  ["adminApi.workspace", KongGateway, (workspace) => ({ adminApi: { url: "http://a", workspace } })],
  ["instance", KongGateway, (instance) => ({ adminApi: { url: "http://a" }, instance })],
  [
    "allowedNamespaces.selector.matchExpressions[].key",
    KongGateway,
    (key) => ({
      adminApi: { url: "http://a" },
      allowedNamespaces: { from: "Selector", selector: { matchExpressions: [{ key, operator: "Exists" }] } },
    }),
  ],
];

/** Where RE2 and JavaScript, bytes, characters and UTF-16 units, or two people's reading of a form, could part ways. */
const ODD_TEXTS = [
  "",
  "a",
  "A",
  "0",
  "-",
  "-a",
  "a-",
  ".",
  "..",
  "a.",
  ".a",
  "a..b",
  "a.b",
  "a_b",
  "_a",
  "~",
  "a~b",
  "*",
  "*.a",
  "a.*",
  "*a",
  "a*.b",
  "*.*",
  "/",
  "//",
  "/a",
  "/a/",
  "/a//b",
  "~/a",
  "~a",
  "/a b",
  "/a%20b",
  "/a%2",
  "/ä",
  "/a?b",
  "/a#b",
  "/~0",
  "/~1a",
  "/~2",
  "/a/~",
  "/-",
  "a\n",
  "\na",
  "a\nb",
  "a\r",
  "a\u2028",
  "a\tb",
  " a",
  "a ",
  "a\u00a0b",
  "a\u0000",
  "a\u007f",
  "a\u0085",
  "ä",
  "用户",
  "😀",
  "\ufeffa",
  "\\",
  "'",
  '"',
  "a'b",
  "`",
  "a,b",
  "a;b",
  "a=b",
  "a@b",
  "a:80",
  "a:65535",
  "a:65536",
  "a:",
  ":80",
  "a:b",
  "1.2.3.4",
  "1.2.3.4:80",
  "1.2.3",
  "999.9.9.9",
  "1.2.3.4/8",
  "1.2.3.4/",
  "::",
  "::1",
  "[::1]",
  "[::1]:80",
  "::1/64",
  "::ffff:1.2.3.4",
  "[::1",
  "fe80::1%eth0",
  "1:2",
  "http://a",
  "https://a:8444/b",
  "http://",
  "http:///a",
  "http://a b",
  "http://a@b",
  "http://[::1]:8001",
  "tcp://a:1/",
  "tcp://a:1/b",
  "udp://a",
  "tls_passthrough://a:1",
  "HTTP://a",
  "ftp://a",
  "GET",
  "Get",
  "host",
  "Host",
  "HOST",
  "kjo",
  "kjo.a",
  "KJO",
  "a/b",
  "a.b/c",
  "/c",
  "a/",
  "a/b/c",
  "a".repeat(63),
  "a".repeat(64),
  "a".repeat(253),
  "a".repeat(254),
  "ä".repeat(128),
  `${"a".repeat(63)}.${"b".repeat(63)}`,
  `/${"a".repeat(1023)}`,
  `/${"a".repeat(1024)}`,
];

describe("texts in the eyes of parser and API server", () => {
  let server: ApiServer;

  before(async function () {
    server = await ApiServer.open(await controlPlaneOrSkip(this), `texts-${process.pid}`);
  });

  after(async () => server?.close());

  for (const [field, definition, specOf] of TEXT_FIELDS) {
    it(`get the same verdict as ${definition.kind} ${field}`, async () => {
      const verdicts = await Promise.all(
        ODD_TEXTS.map(async (text) => {
          const object = {
            apiVersion: API_VERSION,
            kind: definition.kind,
            metadata: { name: "odd" },
            spec: specOf(text),
          };
          const { status, message } = await server.create(definition, object);
          return { text, parser: isParsed(definition, object), server: status === 201, message };
        }),
      );
      assert.deepEqual(
        verdicts.filter((verdict) => verdict.parser !== verdict.server),
        [],
      );
      assert.ok(verdicts.some((verdict) => verdict.server));
      assert.ok(verdicts.some((verdict) => !verdict.server));
    });
  }
});

function isParsed(definition: KindDefinition, object: { metadata: { name: string }; spec: unknown }): boolean {
  try {
    parseSpec(definition, object);
    return true;
  } catch (error) {
    if (error instanceof InvalidSpecError) return false;
    throw error;
  }
}
