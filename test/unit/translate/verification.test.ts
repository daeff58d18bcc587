import assert from "node:assert/strict";
import { KongRouteSpec } from "../../../src/api/v1alpha1/kong-route.ts";
import { InvalidSpecError, RefNotFoundError } from "../../../src/errors.ts";
import type { TranslationContext } from "../../../src/translate/translation.ts";
import { verificationOf, verificationSecrets } from "../../../src/translate/verification.ts";

const SECRETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  good: { token: "Bearer abc\n" },
  broken: { token: "Bearer abc\r\nX-Admin: yes" },
};
const CONTEXT = {
  owner: { kind: "KongRoute", namespace: "a", name: "users" },
  secret: (name: string) => SECRETS[name] ?? {},
} as unknown as TranslationContext;

function verification(spec: object) {
  return verificationOf(KongRouteSpec.parse(spec), CONTEXT);
}

function withSecret(name: string) {
  return { paths: ["/a"], verify: { headersFrom: [{ name: "Authorization", secretRef: { name, key: "token" } }] } };
}

/** What a route matches, and the request that follows from it. */
const CASES: readonly [what: string, spec: object, request: object][] = [
  ["a path alone", { paths: ["/users"] }, { method: "GET", path: "/users", host: undefined }],
  ["the first path that is no expression", { paths: ["~/u/[0-9]", "/users", "/v2"] }, { path: "/users" }],
  ["no path", { hosts: ["a.example.com"] }, { path: "/", host: "a.example.com" }],
  ["the first host without a wildcard", { hosts: ["*.a.com", "b.a.com:8443"] }, { host: "b.a.com:8443" }],
  ["methods", { paths: ["/a"], methods: ["POST", "OPTIONS"] }, { method: "OPTIONS" }],
  ["headers", { headers: { "X-V": ["~*v[0-9]", "v2"] }, paths: ["/a"] }, { headers: { "x-v": "v2" } }],
  [
    "a server name beside the host",
    { snis: ["*.a.com", "s.a.com"], hosts: ["a.com"] },
    { serverName: "s.a.com", host: "a.com" },
  ],
  ["https only", { paths: ["/a"], protocols: ["https"] }, { schemes: ["https"] }],
  ["no protocols", { paths: ["/a"] }, { schemes: ["http", "https"] }],
];

describe("translate/verification", () => {
  for (const [what, spec, request] of CASES) {
    it(`makes the request of ${what}`, () => {
      const made = verification({ ...spec, verify: {} }) as unknown as Record<string, unknown>;
      for (const [name, value] of Object.entries(request)) assert.deepEqual(made[name], value, name);
    });
  }

  it("takes what verify says before what the route matches", () => {
    const verify = { method: "PUT", path: "/b?c=d", host: "b.com", headers: [{ name: "x-v", value: "v3" }] };
    const made = verification({
      paths: ["/a"],
      hosts: ["a.com"],
      methods: ["GET"],
      headers: { "X-V": ["v2"] },
      verify,
    });
    assert.deepEqual(
      { method: made?.method, path: made?.path, host: made?.host, headers: made?.headers },
      { method: "PUT", path: "/b?c=d", host: "b.com", headers: { "x-v": "v3" } },
    );
  });

  it("is nothing for a route without verify", () => {
    assert.equal(verification({ paths: ["/a"] }), undefined);
    assert.deepEqual(verificationSecrets(KongRouteSpec.parse({ paths: ["/a"] })), []);
  });

  it("takes a header's value from a Secret, without the line break of its file", () => {
    assert.deepEqual(verification(withSecret("good"))?.headers, { authorization: "Bearer abc" });
    const [reference] = verificationSecrets(KongRouteSpec.parse(withSecret("good")));
    assert.deepEqual(reference, { field: "spec.verify.headersFrom[0].secretRef", name: "good" });
  });

  it("refuses a Secret's value that would become another header, and does not show it", () => {
    assert.throws(
      () => verification(withSecret("broken")),
      (error) =>
        error instanceof InvalidSpecError && error.reason === "InvalidSecret" && !error.message.includes("abc"),
    );
  });

  it("names the key that a Secret lacks", () => {
    assert.throws(
      () => verification(withSecret("empty")),
      (error) => error instanceof RefNotFoundError && /Secret a\/empty lacks the key "token"/.test(error.message),
    );
  });

  it("asks for a header of which no value can be made", () => {
    assert.throws(
      () => verification({ paths: ["/a"], headers: { "x-v": ["~*v[0-9]"] }, verify: {} }),
      (error) => error instanceof InvalidSpecError && /spec\.verify\.headers: .* x-v .*set one/.test(error.message),
    );
  });
});
