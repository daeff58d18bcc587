import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { formatImageReference, parseImageReference } from "../../../src/images/reference.ts";

const SHA256 = `sha256:${"0123456789abcdef".repeat(4)}`;
const SHA512 = `sha512:${"0123456789abcdef".repeat(8)}`;
const LONGEST = "a".repeat(255);

/** Text, then registry, repository, tag, digest. */
const VALID: [string, string, string, (string | undefined)?, string?][] = [
  ["nginx", "docker.io", "library/nginx"],
  ["nginx:1.29", "docker.io", "library/nginx", "1.29"],
  ["team/app", "docker.io", "team/app"],
  ["docker.io/nginx", "docker.io", "library/nginx"],
  ["docker.io/library/nginx", "docker.io", "library/nginx"],
  ["index.docker.io/nginx", "docker.io", "library/nginx"],
  ["index.docker.io/team/app:1", "docker.io", "team/app", "1"],
  ["registry.example/app", "registry.example", "app"],
  ["registry.example/team/app:v1.2.3-rc.1", "registry.example", "team/app", "v1.2.3-rc.1"],
  ["registry.example:5000/app", "registry.example:5000", "app"],
  ["registry.example:5000/app:1", "registry.example:5000", "app", "1"],
  ["registry:5000/app", "registry:5000", "app"],
  ["localhost/app", "localhost", "app"],
  ["localhost:5000/app:1", "localhost:5000", "app", "1"],
  ["Registry/app", "Registry", "app"],
  ["REGISTRY.Example/app", "REGISTRY.Example", "app"],
  ["192.0.2.10/app", "192.0.2.10", "app"],
  ["192.0.2.10:5000/app:1", "192.0.2.10:5000", "app", "1"],
  ["[2001:db8::1]/app", "[2001:db8::1]", "app"],
  ["[2001:db8::1]:5000/app:1", "[2001:db8::1]:5000", "app", "1"],
  ["xn--n3h.example/app", "xn--n3h.example", "app"],
  ["a-b.c--d.example/app", "a-b.c--d.example", "app"],
  ["foo/foo_bar.com:8080", "docker.io", "foo/foo_bar.com", "8080"],
  ["a/b/c/d", "docker.io", "a/b/c/d"],
  ["my__app", "docker.io", "library/my__app"],
  ["my.app-x_y", "docker.io", "library/my.app-x_y"],
  ["my---app", "docker.io", "library/my---app"],
  ["app:A_b.c-D", "docker.io", "library/app", "A_b.c-D"],
  ["app:_1", "docker.io", "library/app", "_1"],
  [`app:${"t".repeat(128)}`, "docker.io", "library/app", "t".repeat(128)],
  ["app:5000", "docker.io", "library/app", "5000"],
  [`app@${SHA256}`, "docker.io", "library/app", undefined, SHA256],
  [`app:1@${SHA256}`, "docker.io", "library/app", "1", SHA256],
  [`registry.example:5000/app:1@${SHA512}`, "registry.example:5000", "app", "1", SHA512],
  [`team/${LONGEST.slice(5)}`, "docker.io", `team/${LONGEST.slice(5)}`],
  ["0123456789abcdef".repeat(4).slice(1), "docker.io", `library/${"0123456789abcdef".repeat(4).slice(1)}`],
];

const INVALID: [string, RegExp][] = [
  ["", /empty/],
  [":1", /no repository/],
  ["/app", /no repository/],
  ["app/", /no repository/],
  ["a//b", /no repository/],
  ["App", /capital letters/],
  ["team/App:1", /capital letters/],
  ["registry.example/Team/app", /capital letters/],
  ["-app", /no repository/],
  ["app-", /no repository/],
  ["app_-x", /no repository/],
  ["app..x", /no repository/],
  ["app___x", /no repository/],
  ["app x", /no repository/],
  [" app", /no repository/],
  ["app:", /"" is no tag/],
  ["app:-1", /no tag/],
  ["app:.1", /no tag/],
  ["app:a b", /no tag/],
  ["app:a:b", /no tag/],
  [`app:${"t".repeat(129)}`, /no tag/],
  ["app@", /no digest/],
  ["app@sha256", /no digest/],
  ["app@sha256:0123", /no digest/],
  [`app@sha256:${"0".repeat(63)}`, /64 hexadecimal digits, not 63/],
  [`app@sha256:${"A".repeat(64)}`, /no capital letters/],
  [`app@md5:${"0".repeat(32)}`, /"md5" is not known/],
  [`app@${SHA256}@${SHA256}`, /no digest/],
  [`app@${SHA256}:1`, /no digest/],
  ["0123456789abcdef".repeat(4), /an image's id/],
  ["foo_bar.example/app", /no registry/],
  ["-registry.example/app", /no registry/],
  ["registry-.example/app", /no registry/],
  ["registry..example/app", /no registry/],
  ["registry.example:port/app", /no registry/],
  ["registry.example:/app", /no registry/],
  ["[2001:db8::1/app", /no registry/],
  ["[2001:db8::g]/app", /no registry/],
  ["https://registry.example/app", /no registry/],
  [`team/${LONGEST}`, /at most 255/],
];

describe("images/reference", () => {
  for (const [text, registry, repository, tag, digest] of VALID) {
    it(`reads ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`, () => {
      assert.deepEqual(parseImageReference(text), { registry, repository, tag, digest });
    });
  }

  for (const [text, message] of INVALID) {
    it(`refuses ${JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)}`, () => {
      assert.throws(() => parseImageReference(text), { name: "ImageReferenceError", message });
    });
  }

  it("writes a reference that reads the same", () => {
    for (const [text] of VALID) {
      const reference = parseImageReference(text);
      assert.deepEqual(parseImageReference(formatImageReference(reference)), reference);
    }
  });
});
