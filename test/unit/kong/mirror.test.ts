import assert from "node:assert/strict";
import { formatKey } from "../../../src/model/object-key.ts";
import { Mirror } from "../../../src/kong/mirror.ts";
import { readEntity, type ReadEntity } from "../../../src/kong/mirror-entry.ts";
import { ownershipTags } from "../../../src/model/identity.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import type { KongEntityType } from "../../../src/model/kong-entity.ts";
import { CLUSTER, INSTANCE, keyOf } from "./rig.ts";

const OWNER = keyOf("KongService", "users");
const OTHER = keyOf("KongRoute", "users");

function read(type: KongEntityType, id: string, fields: JsonObject = {}, owner = OWNER, part = ""): ReadEntity {
  const tags = ownershipTags({ instance: INSTANCE, cluster: CLUSTER }, owner, part);
  const entity = readEntity(type, { ...fields, id, tags }, new Map());
  assert.ok(entity);
  return entity;
}

function setUp() {
  const told: string[] = [];
  const mirror = new Mirror({
    onEntity: (id, change) => told.push(`${id} ${change}`),
    onReleased: ({ id }) => told.push(`${id} released`),
  });
  return { mirror, told };
}

describe("kong/mirror", () => {
  it("finds an entity by its id, its owner and its part", () => {
    const { mirror } = setUp();
    mirror.noteAnswer(read("targets", "t1", {}, OWNER, "target.[::1]:80"), "h");
    assert.equal(mirror.find(OWNER, "targets", "target.[::1]:80")?.id, "t1");
    assert.equal(mirror.find(OWNER, "targets", "")?.id, undefined);
    assert.deepEqual(
      mirror.ofOwner(OWNER).map(({ id }) => id),
      ["t1"],
    );
    assert.deepEqual(mirror.ofOwner(OTHER), []);
  });

  it("lets the owner put drift right before it tells who waits for what the entity has", () => {
    const { mirror, told } = setUp();
    mirror.noteAnswer(read("services", "s", { name: "wanted" }), "h");
    const owners = mirror.applyList("services", [read("services", "s", { name: "drifted" })], mirror.tick());
    assert.deepEqual(owners, [OWNER]);
    assert.deepEqual(told, ["s appeared"]);
    mirror.noteAnswer(read("services", "s", { name: "wanted" }), "h");
    assert.deepEqual(told, ["s appeared", "s changed"]);
  });

  it("finds who refers to an entity, and an upstream's users by the host of their service", () => {
    const { mirror } = setUp();
    mirror.noteAnswer(read("upstreams", "u", { name: "pool.invalid" }), "h");
    mirror.noteAnswer(read("services", "s", { host: "pool.invalid" }), "h");
    mirror.noteAnswer(read("routes", "r", { service: { id: "s" } }, OTHER), "h");
    const users = (type: KongEntityType, id: string): string[] =>
      mirror.usersOf(mirror.get(type, id) ?? assert.fail()).map((user) => user.id);
    assert.deepEqual(users("services", "s"), ["r"]);
    assert.deepEqual(users("upstreams", "u"), ["s"]);
    assert.deepEqual(users("routes", "r"), []);
  });

  it("keeps what was written while a list was under way", () => {
    const { mirror } = setUp();
    const startedAt = mirror.tick();
    mirror.noteAnswer(read("services", "new", { host: "h" }), "h");
    mirror.noteAnswer(read("services", "changed", { host: "after" }), "h");
    const changed = mirror.applyList("services", [read("services", "changed", { host: "before" })], startedAt);
    assert.deepEqual(changed, []);
    assert.equal(mirror.get("services", "changed")?.fields["host"], "after");
    assert.ok(mirror.get("services", "new"));
  });

  it("does not bring back what was deleted while a list was under way", () => {
    const { mirror } = setUp();
    mirror.noteAnswer(read("services", "s"), "h");
    const startedAt = mirror.tick();
    mirror.noteRemoved({ type: "services", id: "s" });
    assert.deepEqual(mirror.applyList("services", [read("services", "s")], startedAt), []);
    assert.equal(mirror.get("services", "s"), undefined);
    mirror.forgetRemovalsBefore(mirror.tick());
    mirror.applyList("services", [read("services", "s")], mirror.tick());
    assert.ok(mirror.get("services", "s"), "a later list is believed");
  });

  it("leaves an entity alone whose write is under way", () => {
    const { mirror } = setUp();
    mirror.noteAnswer(read("services", "s", { host: "a" }), "h");
    const endWrite = mirror.beginWrite("s");
    assert.deepEqual(mirror.applyList("services", [read("services", "s", { host: "b" })], mirror.tick()), []);
    assert.deepEqual(mirror.applyList("services", [], mirror.tick()), []);
    endWrite();
    assert.deepEqual(mirror.applyList("services", [], mirror.tick()), [OWNER]);
  });

  it("names the owners of what came, changed and went", () => {
    const { mirror } = setUp();
    mirror.applyList("services", [read("services", "a", { host: "1" }), read("services", "b")], mirror.tick());
    const later = [read("services", "a", { host: "2" }), read("services", "c", {}, OTHER)];
    assert.deepEqual(mirror.applyList("services", later, mirror.tick()), [OWNER, OTHER]);
    assert.deepEqual(mirror.applyList("services", later, mirror.tick()), []);
  });

  it("takes the order of keys and an empty list's form for no difference", () => {
    const { mirror } = setUp();
    mirror.applyList("services", [read("services", "a", { x: { p: 1, q: [] }, y: 2 })], mirror.tick());
    assert.deepEqual(
      mirror.applyList("services", [read("services", "a", { y: 2, x: { q: {}, p: 1 } })], mirror.tick()),
      [],
    );
  });

  it("removes with an entity what Kong removes along, and nothing that merely refers to it", () => {
    const { mirror } = setUp();
    mirror.noteAnswer(read("services", "s"), "h");
    mirror.noteAnswer(read("routes", "r", { service: { id: "s" } }), "h");
    mirror.noteAnswer(read("plugins", "p", { service: { id: "s" } }), "h");
    mirror.noteRemoved({ type: "services", id: "s" });
    assert.equal(mirror.get("plugins", "p"), undefined);
    assert.ok(mirror.get("routes", "r"));
  });

  it("believes nothing that refers to what turned out to be gone, and names whose all that is", () => {
    const { mirror } = setUp();
    mirror.noteAnswer(read("services", "s"), "h");
    mirror.noteAnswer(read("services", "other"), "h");
    mirror.noteAnswer(read("routes", "r", { service: { id: "s" } }), "h");
    mirror.noteAnswer(read("plugins", "p", { route: { id: "r" } }, OTHER), "h");
    const owners = mirror.noteVanished(mirror.get("services", "s")!);
    assert.deepEqual(owners.map(formatKey).sort(), [OWNER, OWNER, OTHER].map(formatKey).sort());
    assert.deepEqual(
      [...mirror.all()].map(({ id }) => id),
      ["other"],
    );
  });

  it("tells what appears, changes, goes, and is released", () => {
    const { mirror, told } = setUp();
    mirror.noteAnswer(read("services", "s"), "h");
    mirror.noteAnswer(read("routes", "r", { service: { id: "s" } }), "h");
    mirror.noteAnswer(read("routes", "r", {}), "h");
    mirror.noteRemoved({ type: "routes", id: "r" });
    assert.deepEqual(told, ["s appeared", "r appeared", "s released", "r changed", "r gone"]);
  });

  it("keeps the tags that all entities share as one string each", () => {
    const tags = new Map<string, string>();
    for (let index = 0; index < 100; index++) {
      const marks = ownershipTags({ instance: INSTANCE, cluster: CLUSTER }, keyOf("KongService", `s${index}`));
      readEntity("services", { id: `${index}`, tags: marks }, tags);
    }
    assert.equal(tags.size, 2);
  });

  it("reads an entity without nulls, times and what counts down", () => {
    const marks = ownershipTags({ instance: INSTANCE, cluster: CLUSTER }, OWNER);
    const raw = {
      id: "1",
      created_at: 1,
      updated_at: 2,
      ttl: 59,
      path: null,
      config: { a: null, b: [null, { c: null }] },
      tags: marks,
    };
    assert.deepEqual(readEntity("services", raw, new Map())?.fields, { config: { b: [null, {}] }, tags: marks });
    assert.equal(readEntity("services", { id: "1", tags: ["kjo.instance:x"] }, new Map()), undefined);
    assert.equal(readEntity("services", { id: "1", tags: null }, new Map()), undefined);
  });
});
