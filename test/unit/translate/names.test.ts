import assert from "node:assert/strict";
import { kongFields } from "../../../src/translate/kong-fields.ts";
import { targetPart } from "../../../src/translate/kong-upstream.ts";
import { defaultKongName } from "../../../src/translate/names.ts";

describe("translate/names", () => {
  const TABLE = [
    { kind: "KongService", naming: "Namespaced", name: "team-a.users" },
    { kind: "KongService", naming: "Plain", name: "users" },
    { kind: "KongConsumer", naming: "Plain", name: "users" },
    { kind: "KongUpstream", naming: "Namespaced", name: "users.team-a.kjo.invalid" },
    { kind: "KongUpstream", naming: "Plain", name: "users.team-a.kjo.invalid" },
  ] as const;
  for (const { kind, naming, name } of TABLE) {
    it(`calls a ${kind} ${name} where the naming is ${naming}`, () => {
      assert.equal(defaultKongName({ kind, namespace: "team-a", name: "users" }, naming), name);
    });
  }
});

describe("translate/kong-fields", () => {
  it("passes on what is Kong's and keeps what is ours", () => {
    const spec = {
      gatewayRef: { name: "edge" },
      deletionPolicy: "Orphan",
      adopt: { mode: "match" },
      tags: ["a"],
      serviceRef: { name: "users" },
      strip_path: false,
      paths: ["/users"],
      name: "mine",
    };
    assert.deepEqual(kongFields(spec, ["serviceRef"]), { strip_path: false, paths: ["/users"], name: "mine" });
  });

  it("leaves out what is undefined, however deep, and keeps null, which Kong knows", () => {
    const spec = { a: undefined, b: null, c: { d: undefined, e: 1 }, f: [{ g: undefined, h: null }] };
    assert.deepEqual(kongFields(spec), { b: null, c: { e: 1 }, f: [{ h: null }] });
  });

  it("gives a copy: the spec is a cache's", () => {
    const spec = { headers: { "x-a": ["1"] } };
    const fields = kongFields(spec);
    assert.notEqual(fields["headers"], spec.headers);
    assert.notEqual((fields["headers"] as { "x-a": string[] })["x-a"], spec.headers["x-a"]);
  });
});

describe("translate/kong-upstream: the part of a target", () => {
  const TABLE = [
    { target: "10.0.0.1:8080", part: "target.10.0.0.1:8080" },
    { target: "10.0.0.1", part: "target.10.0.0.1:8000" },
    { target: "Pods.Example.test", part: "target.pods.example.test:8000" },
    { target: "[2001:DB8::1]:80", part: "target.[2001:db8::1]:80" },
    { target: "[2001:db8::1]", part: "target.[2001:db8::1]:8000" },
  ];
  for (const { target, part } of TABLE) {
    it(`of ${target} is ${part}`, () => {
      assert.equal(targetPart(target), part);
    });
  }
});
