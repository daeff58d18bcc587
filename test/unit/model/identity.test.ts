import assert from "node:assert/strict";
import { entityId, ownershipTags, parseOwnershipTags } from "../../../src/model/identity.ts";
import { formatKey, parseKey } from "../../../src/model/object-key.ts";

const OWNER = { kind: "KongRoute", namespace: "team-a", name: "users" };
const OWNERSHIP = { instance: "kong.default", cluster: "11111111-2222-4333-8444-555555555555" };
const SCOPE = { instance: "kong.default", workspace: "" };

describe("model/identity", () => {
  it("gives the same entity the same id for ever: another id would be a second entity in every gateway", () => {
    assert.equal(entityId(SCOPE, "routes", OWNER), "658b9fcb-8b85-5d15-b18f-3245eec3b837");
  });

  it("gives another id for anything that differs", () => {
    const ids = [
      entityId(SCOPE, "routes", OWNER),
      entityId({ ...SCOPE, instance: "kong.other" }, "routes", OWNER),
      entityId({ ...SCOPE, workspace: "blue" }, "routes", OWNER),
      entityId(SCOPE, "services", OWNER),
      entityId(SCOPE, "routes", { ...OWNER, kind: "KongService" }),
      entityId(SCOPE, "routes", { ...OWNER, namespace: "team-b" }),
      entityId(SCOPE, "routes", { ...OWNER, name: "orders" }),
      entityId(SCOPE, "routes", OWNER, "part"),
    ];
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  for (const part of ["", "service.users", "target.[2001:db8::1]:8080"]) {
    it(`reads its own tags back, with ${part === "" ? "no part" : `the part ${part}`} and among others`, () => {
      const tags = ["first", ...ownershipTags(OWNERSHIP, OWNER, part), "last"];
      assert.deepEqual(parseOwnershipTags(tags), { ...OWNERSHIP, owner: OWNER, part });
      for (const tag of tags) assert.doesNotMatch(tag, /[,/]/, "Kong refuses it");
    });
  }

  it("takes nothing for ours that lacks a mark or has half of one", () => {
    const tags = ownershipTags(OWNERSHIP, OWNER);
    for (const missing of tags) assert.equal(parseOwnershipTags(tags.filter((tag) => tag !== missing)), undefined);
    const others = tags.filter((tag) => !tag.startsWith("kjo.object:"));
    for (const half of [
      "kjo.object:",
      "kjo.object:KongRoute",
      "kjo.object:KongRoute:team-a",
      "kjo.object:KongRoute::users",
    ])
      assert.equal(parseOwnershipTags([...others, half]), undefined, half);
    assert.equal(parseOwnershipTags([]), undefined);
  });
});

describe("model/object-key", () => {
  it("reads its own text back, also of what has no namespace", () => {
    for (const key of [OWNER, { kind: "Namespace", namespace: "", name: "team-a" }])
      assert.deepEqual(parseKey(formatKey(key)), key);
  });

  for (const text of ["", "KongRoute", "KongRoute/team-a", "KongRoute/team-a/", "/team-a/users", "A/b/c/d"]) {
    it(`does not take ${JSON.stringify(text)} for a key`, () => {
      assert.throws(() => parseKey(text), /not an object key/);
    });
  }
});
